"""Two judges of well-formedness that no one here wrote: expat and libxml2.

A line of Base64 on standard input is a document. A line on standard output is the verdict: what expat says, what
libxml2 says (`-` where it is well-formed, `fault-…` where it is not, else why it does not count), and the text of the
root element as libxml2 reads it, in Base64. Both judges check namespaces. Needs lxml.
"""

import base64
import sys
from xml.parsers import expat

from lxml import etree

# No document can have this character, so it is in no namespace name.
SEPARATOR = "\x01"
# What expat does not read at all says nothing about the document.
UNKNOWN_ENCODING = expat.errors.codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING]


def expat_says(document):
    parser = expat.ParserCreate(namespace_separator=SEPARATOR)
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        return "unknown-encoding" if error.code == UNKNOWN_ENCODING else "fault-%d" % error.code
    except (ValueError, LookupError):
        return "unknown-encoding"
    return "-"


def libxml2_says(document):
    parser = etree.XMLParser(no_network=True, resolve_entities=False, recover=False, huge_tree=False)
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    faults = {entry.type for entry in parser.error_log if entry.level >= etree.ErrorLevels.ERROR}
    if faults == {etree.ErrorTypes.WAR_NS_URI}:
        # A namespace name that is no URI reference: none of the constraints of Namespaces in XML 1.0, nor expat's.
        return "no-uri", ""
    if faults or root is None:
        return "fault-%d" % min(faults, default=0), ""
    skipped = (etree._Comment, etree._ProcessingInstruction)
    pieces = [root.text or ""] + [child.tail or "" for child in root if isinstance(child, skipped)]
    return "-", "".join(pieces)


for line in sys.stdin.buffer:
    document = base64.b64decode(line)
    verdict, text = libxml2_says(document)
    print(expat_says(document), verdict, base64.b64encode(text.encode()).decode(), sep=" ")
