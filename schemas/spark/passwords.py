"""Answers a file of documents, one a line, on every core that Spark has: one `totp-adapter stream` per partition.

    spark-submit passwords.py DOCUMENTS RESULTS [OPTION ...]

The options are those of `totp-adapter stream`; without any, the documents are secrets, and their passwords are the
results. RESULTS is a folder that does not exist yet. Its files part-00000, part-00001, ... hold a line per document,
in the order of DOCUMENTS.

The program must lie in the same place on every worker, and that place on the PATH here. On a cluster both names must
mean the same everywhere (hdfs://..., s3a://..., a file system that all mount).
"""

import argparse
import shlex
import shutil

from pyspark import RDD, SparkConf, SparkContext

SETTINGS = {
    # Else Hadoop also ends a line at a carriage return, which is white space inside a document.
    "spark.hadoop.textinputformat.record.delimiter": "\n",
    # What goes to RESULTS is for its owner only.
    "spark.hadoop.fs.permissions.umask-mode": "077",
}


def main() -> None:
    """Runs the job."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", metavar="DOCUMENTS")
    parser.add_argument("results", metavar="RESULTS")
    parser.add_argument("options", metavar="OPTION", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    program = shutil.which("totp-adapter") or parser.error("totp-adapter is not on the PATH")
    options = arguments.options or ["--operation", "GeneratePassword"]
    with SparkContext(conf=settings()) as context:
        # One thread per process: Spark runs one process per core.
        answers = piped(context, arguments.documents, [program, "stream", "--jobs", "1", *options])
        answers.saveAsTextFile(arguments.results)


def settings() -> SparkConf:
    """What the job needs, beside what spark-submit was given."""
    return SparkConf().setAppName("totp-adapter").setAll(SETTINGS.items())


def piped(context: SparkContext, documents: str, command: list) -> RDD:
    """What a command answers to the lines of a file, in their order."""
    # Several partitions a core: a worker that is lost loses little.
    lines = context.textFile(documents, minPartitions=4 * context.defaultParallelism)
    # Without checkCode Spark takes the output of a process that was killed half-way for the whole.
    return lines.pipe(shlex.join(command), checkCode=True)


if __name__ == "__main__":
    main()
