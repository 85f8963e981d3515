#!/usr/bin/env python3
"""What `totp-adapter stream` costs inside a Spark job: the job of schemas/spark beside the same job piped through cat.

    spark/bin/python benches/spark.py                   # builds and measures, a million documents, 7 pairs a row
    spark/bin/python benches/spark.py --records 10000000 --pairs 5

It needs Java 17, and pyspark 4 in the Python that runs it. Spark has two cores (`local[2]`). A job goes from the file
of documents to the folder of results: within a driver that runs already and is warm, and whole, with a driver of its
own, as spark-submit runs it. Each pair is one job of this program and one of cat, in turn the one or the other first; a
ratio is the median of the ratios of the pairs.
"""

import argparse
import functools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import processes

sys.path += [str(processes.PROJECT / "schemas/spark"), str(processes.PROJECT / "tests/engines")]

import documents  # noqa: E402
import passwords  # noqa: E402
import pyspark  # noqa: E402
from pyspark import SparkContext  # noqa: E402

MASTER = "local[2]"
WARM_UP = 2


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000, help="documents a job (default: 1000000)")
    parser.add_argument("--pairs", type=int, default=7, help="pairs of jobs a row (default: 7)")
    parser.add_argument("--program", help="a program instead of our build")
    parser.add_argument("--whole", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.whole:
        folder, source, *command = arguments.whole
        with session(Path(folder)) as context:
            within(context, Path(source), command)
        return
    program = str(Path(arguments.program or processes.build()["default"]).resolve())

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        secrets = documents.secrets_file(folder / "secrets", arguments.records)
        known = documents.answers(secrets, "--operation", "GeneratePassword", program=program)
        to_verify = documents.to_verify_file(folder / "to-verify", known, arguments.records)
        print(f"{processes.processor()}, Spark {pyspark.__version__}, {MASTER}, {arguments.records:,} documents\n")
        print("Medians; times in seconds.\n")
        print("| operation | job | ratio to cat | time | cat's |")
        print("|---|---|--:|--:|--:|")
        for operation, source in {"GeneratePassword": secrets, "VerifyPassword": to_verify}.items():
            # The command that the job of schemas/spark has.
            command = [program, "stream", "--jobs", "1", "--operation", operation, "--now", documents.NOW]
            with session(folder) as context:
                measure([operation, "within"], functools.partial(within, context, source), command, arguments.pairs)
            measure([operation, "whole"], functools.partial(whole, folder, source), command, arguments.pairs)


def session(folder: Path) -> SparkContext:
    """A driver with two cores that keeps to 127.0.0.1 and to a folder."""
    os.environ.update(SPARK_LOCAL_IP="127.0.0.1", SPARK_LOCAL_DIRS=str(folder), PYSPARK_PYTHON=sys.executable)
    settings = {"spark.ui.enabled": "false", "spark.driver.memory": "1g", "spark.ui.showConsoleProgress": "false"}
    context = SparkContext(master=MASTER, conf=passwords.settings().setAll(settings.items()))
    context.setLogLevel("ERROR")
    return context


def measure(title: list, job, command: list, pairs: int) -> None:
    """Prints a row."""
    ours, theirs = [], []
    for pair in range(-WARM_UP, pairs):
        sides = [(ours, command), (theirs, ["cat"])]
        for times, side in reversed(sides) if pair % 2 else sides:
            start = time.perf_counter()
            results = job(side)
            if pair >= 0:
                times.append(time.perf_counter() - start)
            shutil.rmtree(results)
    ratio = statistics.median(our / their for our, their in zip(ours, theirs))
    row = [*title, f"{ratio:.2f}", *(f"{statistics.median(times):.2f}" for times in (ours, theirs))]
    print(f"| {' | '.join(row)} |", flush=True)


def within(context: SparkContext, source: Path, command: list) -> Path:
    """One job in a driver that runs already."""
    results = source.with_suffix(".results")
    passwords.piped(context, str(source), command).saveAsTextFile(str(results))
    return results


def whole(folder: Path, source: Path, command: list) -> Path:
    """One job with a driver of its own."""
    run = [sys.executable, __file__, "--whole", str(folder), str(source), *command]
    subprocess.run(run, check=True, stderr=subprocess.DEVNULL)
    return source.with_suffix(".results")


if __name__ == "__main__":
    main()
