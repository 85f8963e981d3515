"""Apache Spark pipes a million documents through `totp-adapter stream`, also while an executor is killed.

    SPARK_PYTHON=spark/bin/python python3 tests/engines/spark.py

It needs Java 17 or later, and in SPARK_PYTHON the python of a virtual environment with pyspark 4. Everything listens on
127.0.0.1 and lives below one temporary folder.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Iterator, NamedTuple

import documents
import readme

COUNT, TO_VERIFY = 1_000_000, 200_000
JOB = readme.PROJECT / "schemas/spark/passwords.py"
PASSWORDS = ["--operation", "GeneratePassword"]
VERIFICATION = ["--operation", "VerifyPassword"]
# Seconds for a part of Spark to start, for processes to end, and for a whole job.
START, END, JOB_TIMEOUT = 60, 20, 200


# contract 8.2a
def main() -> None:
    """Runs the page's commands on one machine, then a million documents on a cluster."""
    virtual_environment = installed()
    with tempfile.TemporaryDirectory(prefix="engine-") as name, contextlib.ExitStack() as running:
        folder = Path(name)
        environment = settings(folder, virtual_environment)
        readme.run("spark", environment, prepare=lambda place: (place / "spark").symlink_to(virtual_environment))

        secrets = documents.secrets_file(folder / "secrets", COUNT)
        passwords = documents.answers(secrets, *PASSWORDS)
        documents.must_have(passwords, {"1": COUNT})
        to_verify = documents.to_verify_file(folder / "to-verify", passwords, TO_VERIFY)
        verified = documents.answers(to_verify, *VERIFICATION)
        documents.must_have(verified, documents.to_verify_statuses(TO_VERIFY))

        cluster = Cluster(folder, {**os.environ, **environment})
        running.callback(cluster.stop)
        cluster.start()
        undisturbed(cluster, secrets, passwords)
        with_an_executor_killed(cluster, secrets, passwords)
        documents_that_fail_do_not_fail_the_job(cluster, to_verify, verified)
        a_process_that_fails_fails_the_job(cluster, to_verify)


def installed() -> Path:
    """The virtual environment with pyspark."""
    python = os.environ.get("SPARK_PYTHON")
    if not python:
        raise SystemExit("SPARK_PYTHON is missing: the python of a virtual environment with pyspark 4")
    command = [python, "-c", "import pyspark; print(pyspark.__version__)"]
    version = subprocess.run(command, capture_output=True, text=True, check=False)
    if not version.stdout.startswith("4."):
        raise SystemExit(f"{python}: expected pyspark 4: {version.stdout}{version.stderr}")
    # Not resolved: the python of a virtual environment is a link out of it.
    bin_folder = Path(python).absolute().parent
    if not (bin_folder / "activate").exists():
        raise SystemExit(f"{python} is not the python of a virtual environment")
    if not shutil.which("java"):
        raise SystemExit("java is missing: Spark 4 needs 17 or later")
    print(f"Spark {version.stdout.strip()}")
    return bin_folder.parent


def settings(folder: Path, virtual_environment: Path) -> dict:
    """An environment in which Spark stays small, on 127.0.0.1 and below the folder."""
    configuration, local, events = folder / "configuration", folder / "local", folder / "events"
    for path in (configuration, local, events):
        path.mkdir()
    defaults = {
        "spark.ui.enabled": "false",
        "spark.driver.memory": "1g",
        "spark.executor.memory": "700m",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": events.as_uri(),
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
    }
    text = "".join(f"{name} {value}\n" for name, value in defaults.items())
    (configuration / "spark-defaults.conf").write_text(text, encoding="utf-8")
    path = [str(virtual_environment / "bin"), str(readme.PROGRAM.parent.resolve()), os.environ["PATH"]]
    return {
        "PATH": os.pathsep.join(path),
        "SPARK_CONF_DIR": str(configuration),
        "SPARK_LOCAL_DIRS": str(local),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": "-Dspark.master.rest.enabled=false",
    }


class Process(NamedTuple):
    """A process, named so that another with the same number later is not taken for it."""

    number: int
    started: str

    def lives(self) -> bool:
        """Whether it has not ended yet."""
        return processes().get(self.number, ("", ""))[1] == self.started


class Cluster:
    """A master and two workers of one core each, on free ports."""

    def __init__(self, folder: Path, environment: dict):
        self.folder = folder
        self.environment = environment
        self.daemons = []
        self.workers = []
        self.url = ""

    def start(self) -> None:
        """Starts the master, then the workers, and waits until they have found each other."""
        _, log = self.daemon("master", "org.apache.spark.deploy.master.Master")
        self.url = wait_for(log, r"Starting Spark master at (spark://127\.0\.0\.1:[1-9]\d*)")
        for name in ("worker-1", "worker-2"):
            options = ["--cores", "1", "--memory", "1g", "--work-dir", str(self.folder / name), self.url]
            worker, log = self.daemon(name, "org.apache.spark.deploy.worker.Worker", *options)
            wait_for(log, r"(Successfully registered with master)")
            self.workers.append(worker)

    def daemon(self, name: str, kind: str, *options: str) -> tuple:
        """A process of the cluster and the file of its log."""
        log = self.folder / f"{name}.log"
        with open(log, "wb") as file:
            process = subprocess.Popen(
                ["spark-class", kind, "--host", "127.0.0.1", "--port", "0", "--webui-port", "0", *options],
                env=self.environment,
                executable=shutil.which("spark-class", path=self.environment["PATH"]),
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self.daemons.append(process)
        return process, log

    def stop(self) -> None:
        """Ends the workers, with their executors, and the master."""
        for process in reversed(self.daemons):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self.daemons):
            try:
                process.wait(END)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def executors(self) -> list:
        """The processes of Spark's executors, which are children of the workers."""
        workers = {worker.pid for worker in self.workers}
        return [Process(number, started) for number, (parent, started) in processes().items() if parent in workers]

    @contextlib.contextmanager
    def job(self, source: Path, *options: str) -> Iterator["Job"]:
        """A job that runs; it is ended if it has not by itself."""
        job = Job(self, source, options)
        try:
            yield job
        finally:
            if job.process.poll() is None:
                os.killpg(job.process.pid, signal.SIGKILL)
                job.process.wait()
            shutil.rmtree(job.results, ignore_errors=True)


class Job:
    """The job of the page on a cluster."""

    def __init__(self, cluster: Cluster, source: Path, options: tuple):
        self.folder = cluster.folder
        self.results = cluster.folder / "results"
        self.log = cluster.folder / "job.log"
        self.events = cluster.folder / "events"
        for old in self.events.iterdir():
            old.unlink()
        self.started = time.monotonic()
        command = ["spark-submit", "--master", cluster.url, JOB, source, self.results, *options]
        with open(self.log, "wb") as file:
            self.process = subprocess.Popen(
                [*command, "--now", documents.NOW],
                env=cluster.environment,
                executable=shutil.which("spark-submit", path=cluster.environment["PATH"]),
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def wait(self) -> int:
        """Its exit code."""
        try:
            return self.process.wait(JOB_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise SystemExit(f"the job has not ended after {JOB_TIMEOUT} s\n{tail(self.log)}") from None

    def parts_done(self) -> int:
        """How many partitions are committed."""
        return len(list(self.results.glob("_temporary/0/task_*")))

    def must_equal(self, expected: Path, title: str) -> None:
        """The results are those of the plain stream, in the same order, their owner's only, and in no log."""
        code = self.wait()
        if code != 0:
            raise SystemExit(f"{title}: exit code {code}\n{tail(self.log)}")
        parts = sorted(self.results.glob("part-*"))
        found = b"".join(part.read_bytes() for part in parts)
        if found != expected.read_bytes():
            raise SystemExit(f"{title}: the results differ from the plain stream's")
        for path in (self.results, *parts):
            if path.stat().st_mode & 0o077:
                raise SystemExit(f"{title}: {path.name} can be read by others")
        for log in [self.log, *self.events.iterdir(), *self.folder.glob("worker-*/*/*/std*")]:
            if re.search(rb"<Secret>|<Password>", log.read_bytes()):
                raise SystemExit(f"{title}: a document is in a log of Spark, {log.name}")
        seconds = time.monotonic() - self.started
        print(f"{title}: {len(parts)} parts, equal to the plain stream, {seconds:.0f} s", flush=True)

    def event(self, name: str) -> list:
        """What Spark's own log says about events of a kind."""
        (log,) = self.events.iterdir()
        lines = log.read_text(encoding="utf-8").splitlines()
        return [event for event in map(json.loads, lines) if event["Event"] == f"SparkListener{name}"]


def undisturbed(cluster: Cluster, secrets: Path, passwords: Path) -> None:
    """Nothing happens on the way."""
    with cluster.job(secrets, *PASSWORDS) as job:
        job.must_equal(passwords, f"{COUNT:,} secrets on a cluster")
        used = {event["Task Info"]["Executor ID"] for event in job.event("TaskEnd")}
        if len(used) != 2:
            raise SystemExit(f"expected both workers to have worked, found executors {used}")


def with_an_executor_killed(cluster: Cluster, secrets: Path, passwords: Path) -> None:
    """An executor is killed once a part of the results is there, and what it was at is done again."""
    with cluster.job(secrets, *PASSWORDS) as job:
        deadline = time.monotonic() + START
        while job.parts_done() == 0:
            if job.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the job committed no part\n{tail(job.log)}")
            time.sleep(0.02)
        victim = cluster.executors()[0]
        family = descendants(victim)
        os.kill(victim.number, signal.SIGKILL)
        done = job.parts_done()
        title = f"{COUNT:,} secrets, an executor killed after {done} parts"
        job.must_equal(passwords, title)

        removed = [event["Executor ID"] for event in job.event("ExecutorRemoved")]
        ends = job.event("TaskEnd")
        lost = [event for event in ends if event["Task End Reason"]["Reason"] == "ExecutorLostFailure"]
        again = [event for event in ends if event["Task Info"]["Attempt"] > 0]
        if not removed or not lost or not again:
            raise SystemExit(f"{title}: expected lost tasks that were done again, found {removed}, {lost}, {again}")
        print(f"  executor {removed[0]} removed, {len(lost)} tasks lost, {len(again)} done again", flush=True)
        must_end(family, title)


def must_end(family: list, title: str) -> None:
    """Neither Spark's own helpers nor our process outlive their executor."""
    if len(family) < 2:
        raise SystemExit(f"{title}: expected the executor to have processes of its own, found {family}")
    deadline = time.monotonic() + END
    while any(process.lives() for process in family):
        if time.monotonic() > deadline:
            raise SystemExit(f"{title}: processes of the executor are still there")
        time.sleep(0.1)


def documents_that_fail_do_not_fail_the_job(cluster: Cluster, to_verify: Path, verified: Path) -> None:
    """Wrong passwords, broken documents, empty lines and carriage returns are answered, each in its place."""
    with cluster.job(to_verify, *VERIFICATION) as job:
        job.must_equal(verified, f"{TO_VERIFY:,} documents to verify, one in twenty of them with a failure")


def a_process_that_fails_fails_the_job(cluster: Cluster, to_verify: Path) -> None:
    """A wrong command line is no result."""
    with cluster.job(to_verify, "--operation", "VerifyPasword") as job:
        if job.wait() == 0 or (job.results / "_SUCCESS").exists():
            raise SystemExit("the job succeeded although its processes failed")
        if "PIPE_FUNCTION_EXITED" not in job.log.read_text(encoding="utf-8"):
            raise SystemExit(f"expected Spark to say that the process failed\n{tail(job.log)}")
        print("a process that fails, fails the job", flush=True)


def wait_for(log: Path, pattern: str) -> str:
    """What the first group of a pattern matches as soon as a log has it."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        match = re.search(pattern, log.read_text(encoding="utf-8", errors="replace"))
        if match:
            return match[1]
        time.sleep(0.1)
    raise SystemExit(f"{log.name}: not found within {START} s: {pattern}\n{tail(log)}")


def tail(log: Path) -> str:
    """The end of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-40:])


def processes() -> dict:
    """The processes of the machine: the parent of each, and when it started."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            # A zombie has ended.
            if fields[0] != "Z":
                found[int(path.parent.name)] = (int(fields[1]), fields[19])
    return found


def descendants(ancestor: Process) -> list:
    """A process with its children and theirs."""
    table = processes()
    family = [ancestor.number]
    for member in family:
        family.extend(number for number, (parent, _) in table.items() if parent == member)
    return [Process(number, table[number][1]) for number in family if number in table]


if __name__ == "__main__":
    main()
