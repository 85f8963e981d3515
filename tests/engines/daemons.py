"""Servers of our own for a test: in the foreground, on the loopback, with all their state in one folder."""

import socket
import subprocess
import time
from pathlib import Path

import readme


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemons:
    """Servers that end with the block that started them, the last one first."""

    def __init__(self, folder: Path, environment: dict):
        self.folder = folder
        self.environment = environment
        self.started = []

    def __enter__(self):
        readme.end_in_time()
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, *command: str) -> None:
        """Starts a server; what it says goes into a file of the folder."""
        with open(self.log(command[0]), "wb") as log:
            self.started.append(
                subprocess.Popen(
                    command,
                    cwd=self.folder,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )

    def wait_until(self, ready, what: str, seconds: int = 60) -> None:
        """Waits for a condition; fails with what the servers have said when one ends or the time is up."""
        end = time.monotonic() + seconds
        while not ready():
            ended = [process.args[0] for process in self.started if process.poll() is not None]
            if ended or time.monotonic() > end:
                raise SystemExit(f"{what}: {' '.join(ended) or 'not'} after {seconds} s\n{self.said()}")
            time.sleep(0.2)

    def said(self) -> str:
        """The last words of every server."""
        logs = [self.log(process.args[0]) for process in self.started]
        return "\n".join(f"{log.name}:\n{log.read_text(errors='replace')[-2000:]}" for log in logs)

    def log(self, command: str) -> Path:
        """The file for what a server says."""
        return self.folder / f"{Path(command).name}.log"
