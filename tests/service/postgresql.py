"""A PostgreSQL of our own for tests, in the foreground, with all its files in one folder; that of the system is not touched.

`python3 tests/service/postgresql.py COMMAND …` starts one, runs the command with its address in POSTGRES_URL, and ends it.
Debian's package postgresql must be installed, its service need not run.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROLE = "totp"


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name: str) -> str:
    """A program of the newest PostgreSQL that Debian has installed, else the one on the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4].split(".")[0]))
    path = str(found[-1]) if found else shutil.which(name)
    if not path:
        raise SystemExit(f"missing: {name}; on Debian: apt-get install postgresql")
    return path


def unprivileged() -> dict:
    """Who starts servers that refuse to run as root: somebody without rights."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def give_away(path: Path) -> None:
    """Makes a file or folder that of whoever starts the servers."""
    if who := unprivileged():
        os.chown(path, who["user"], who["group"])


class Server:
    """A server that ends with the block that started it."""

    def __init__(self, *settings: str):
        self.folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
        self.settings = settings
        self.port = free_port()
        self.process = None

    def __enter__(self):
        give_away(self.folder)
        self.run("initdb", "-D", str(self.data()), "-U", ROLE, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()
        self.sql(f"CREATE DATABASE {ROLE}", database="postgres")
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder)

    def data(self) -> Path:
        """Where the databases are."""
        return self.folder / "data"

    def url(self, more: str = "") -> str:
        """The address of the database."""
        return f"postgres://{ROLE}@127.0.0.1:{self.port}/{ROLE}{more}"

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        options = ["port=%d" % self.port, "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}"]
        command = [program("postgres"), "-D", str(self.data())]
        for option in [*options, "max_connections=200", *self.settings]:
            command += ["-c", option]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **unprivileged()
            )
        end = time.monotonic() + 60
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"PostgreSQL does not start\n{(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether it takes connections."""
        command = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def stop(self) -> None:
        """Ends it and all its connections, as an administrator does."""
        if self.process and self.process.poll() is None:
            self.resume()
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)

    def crash(self) -> None:
        """Ends it without any care: what it has confirmed it must find again."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=60)

    def pause(self) -> None:
        """Stands still, as a machine that is gone does: nobody hears of it."""
        self.signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Goes on where it stood still."""
        self.signal_all(signal.SIGCONT)

    def signal_all(self, number: int) -> None:
        """Sends a signal to the server and to what it has started."""
        os.kill(self.process.pid, number)
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(status.read_text().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid:
                    os.kill(int(status.parent.name), number)
            except (OSError, ProcessLookupError):
                continue

    def sql(self, statement: str, database: str = ROLE) -> str:
        """What a statement answers."""
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", ROLE]
        return self.run(*command, "-d", database, "-c", statement)

    def run(self, name: str, *arguments: str) -> str:
        """Runs a program of PostgreSQL to its end."""
        ran = subprocess.run(
            [program(name), *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **unprivileged(),
        )
        if ran.returncode != 0:
            raise SystemExit(f"{name}: {ran.stderr}")
        return ran.stdout.strip()


def main() -> int:
    """Runs a command beside a server."""
    if not sys.argv[1:]:
        raise SystemExit(re.sub(r"\n\n.*?`(.*?)`.*", r"\n\nusage: \1", __doc__, flags=re.DOTALL))
    with Server() as server:
        return subprocess.run(sys.argv[1:], env={**os.environ, "POSTGRES_URL": server.url()}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
