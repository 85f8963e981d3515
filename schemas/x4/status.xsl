<?xml version="1.0" encoding="UTF-8"?>
<!--
  Turns the result document of X4's adapter "Commandline" into the status of the operation that totp-adapter executed under
  "exit-code x4" (contract 5.5): the processing instruction ConditionState with 1, 403 or -1, which X4's next Condition reads,
  and beside it the root element Result.

  Input: a root element of any name with the children StdOut and StdErr (Base64) and one with the exit code. The documentation of
  X4 does not name the latter: look at one result, and if it is not ExitCode, set the parameter "exit-code" (in xsltproc by its
  option stringparam). Leave the adapter's parameter CollectStdOut on and MergeStdErrIntoStdOut off.
  Output: Result with StdOut and StdErr as they came in. StdOut is the answer of totp-adapter, an XML document or a PNG image;
  X4 decodes it with its own Base64 decoder, XSLT 1.0 has none.

  Exit codes: 1 is 1; 403, on POSIX its low byte 147, is 403; everything else is -1: -1 itself, 255 on POSIX, 4294967295 (-1 read
  as unsigned), 0, the codes of a shell that did not find the program, and no exit code, an empty one or more than one. A success
  always has a document on stdout (contract 1.3), and many programs and shells fail with 1, so 1 with an empty StdOut is -1 too.
  So is 1 with an Error document on stdout, which a wrong password gives where the command has no "exit-code x4".
-->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="UTF-8"/>

  <xsl:param name="exit-code" select="'ExitCode'"/>

  <!-- How the Base64 of <Error begins. -->
  <xsl:variable name="error" select="'PEVycm9y'"/>

  <xsl:template match="/">
    <xsl:processing-instruction name="ConditionState">
      <xsl:call-template name="status">
        <xsl:with-param name="codes" select="/*/*[local-name() = $exit-code]"/>
      </xsl:call-template>
    </xsl:processing-instruction>
    <Result>
      <StdOut><xsl:value-of select="/*/*[local-name() = 'StdOut']"/></StdOut>
      <StdErr><xsl:value-of select="/*/*[local-name() = 'StdErr']"/></StdErr>
    </Result>
  </xsl:template>

  <xsl:template name="status">
    <xsl:param name="codes"/>
    <xsl:variable name="code" select="normalize-space($codes)"/>
    <xsl:variable name="stdout" select="normalize-space(/*/*[local-name() = 'StdOut'])"/>
    <xsl:choose>
      <xsl:when test="count($codes) != 1">-1</xsl:when>
      <xsl:when test="$code = '1' and $stdout and not(starts-with($stdout, $error))">1</xsl:when>
      <xsl:when test="$code = '403' or $code = '147'">403</xsl:when>
      <xsl:otherwise>-1</xsl:otherwise>
    </xsl:choose>
  </xsl:template>
</xsl:stylesheet>
