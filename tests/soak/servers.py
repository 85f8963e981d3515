"""What is under load: two instances on one PostgreSQL, one on a file of SQLite with a small disk to itself, and what they share."""

import os
import socket
import ssl
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "service"))
from postgresql import Server  # noqa: E402
from shared import CLIENT, PATIENCE, Instance, authority, until  # noqa: E402

from ledger import Ledger  # noqa: E402
from world import load  # noqa: E402

API_KEY = "a key of Skyvern's API with many characters"
DISK_BYTES = 256 << 20
ACCOUNTS = 48


class Servers:
    """All of them, in one folder, by name."""

    def __init__(self, program: str, folder: Path, ledger: Ledger, accounts: dict[str, str]):
        self.program, self.folder, self.ledger, self.accounts = program, folder, ledger, accounts
        self.database = Server()
        self.instances: dict[str, Instance] = {}
        # How often an instance has been started: connections to an older one are of no use.
        self.starts: dict[str, int] = {}
        self.offset = 0

    def __enter__(self) -> "Servers":
        try:
            self.begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def begin(self) -> None:
        """Starts all of them."""
        self.make_files()
        self.mount()
        self.database.__enter__()
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        for name in ("one", "other", "single"):
            state = "disk/state.db" if name == "single" else self.database.url()
            inbox = "disk/inbox" if name == "single" else "inbox"
            instance = Instance(self.program, name, self.folder, state, self.sections(inbox), context)
            self.instances[name] = instance
            self.starts[name] = 0
            self.ledger.certificate(name, 0, 0, self.serial())
            self.start(name)

    def __exit__(self, *_) -> None:
        for instance in self.instances.values():
            instance.end()
        self.database.__exit__()
        if (self.folder / "disk").is_mount():
            subprocess.run(["umount", str(self.folder / "disk")], check=True)

    def make_files(self) -> None:
        """Certificates, keys, accounts and folders."""
        authority(self.folder)
        for name in ("accounts", "inbox", "outbox", "disk"):
            (self.folder / name).mkdir(mode=0o700)
        (self.folder / "skyvern.key").write_text(API_KEY)
        (self.folder / "skyvern.key").chmod(0o600)
        for name, secret in self.accounts.items():
            file = self.folder / "accounts" / f"{name}.xml"
            file.write_text(f"<Secret>{secret}</Secret>\n")
            file.chmod(0o600)
        self.set_clock(0)

    def mount(self) -> None:
        """A disk that is soon full."""
        disk = self.folder / "disk"
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", str(disk)], check=True)
        (disk / "inbox").mkdir(mode=0o700)

    def sections(self, inbox: str) -> str:
        """What the configuration has beside addresses, state and client."""
        return (
            'accounts = "accounts"\nhost_names = ["localhost"]\n'
            '[tls]\ncertificate_file = "server.pem"\nkey_file = "server.key"\n'
            f'[[skyvern]]\npath = "billing"\naccount = "{next(iter(self.accounts))}"\napi_key_file = "skyvern.key"\n'
            f'[[inbox]]\nname = "verity"\nclients = ["{CLIENT}"]\ndirectory = "{inbox}"\n'
            '[[delivery]]\nname = "gateway"\nkind = "command"\n'
            'command = ["/bin/sh", "-c", "cat > outbox/$1_$2", "-", "{to}", "{id}"]\n'
            '[mfa]\nproject = "project"\ntoken_file = "client.secret"\nkey_file = "mfa.key"\nsms = "gateway"\n'
        )

    def start(self, name: str) -> None:
        """Starts an instance, the one with a clock of its own with that, and waits until it is ready."""
        environment = {}
        if name == "other":
            environment = {
                "LD_PRELOAD": faketime(),
                "FAKETIME_TIMESTAMP_FILE": str(self.folder / "clock"),
                "FAKETIME_NO_CACHE": "1",
                # As on a machine whose clock is set: how long something takes does not change.
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1",
            }
        self.instances[name].start(**environment).wait()
        self.starts[name] += 1

    def set_clock(self, offset: int) -> None:
        """Sets the clock of the instance that has one off by these seconds."""
        begin = time.time()
        new = self.folder / "clock.new"
        new.write_text(f"{offset:+d}\n")
        new.rename(self.folder / "clock")
        self.offset = offset
        self.ledger.clock("other", begin, time.time(), offset)

    def clock(self, place: str) -> float:
        """The time at a place, in seconds since 1970."""
        return time.time() + (self.offset if place == "other" else 0)

    def serial(self) -> str:
        """The certificate that is on the disk."""
        command = ["openssl", "x509", "-in", str(self.folder / "server.pem"), "-noout", "-serial"]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        return ran.stdout.strip().removeprefix("serial=")

    def shown(self, name: str) -> str | None:
        """The certificate that an instance shows; none where nobody answers."""
        instance = self.instances[name]
        try:
            with socket.create_connection(("127.0.0.1", instance.port), PATIENCE) as plain:
                with instance.context.wrap_socket(plain, server_hostname="localhost") as secure:
                    return secure.getpeercert()["serialNumber"]
        except OSError:
            return None

    def logged_time(self, name: str) -> float:
        """The time that an instance has, by the last line of its log."""
        self.instances[name].get("/healthz")
        with open(self.instances[name].log, "rb") as log:
            log.seek(-min(4096, log.seek(0, os.SEEK_END)), os.SEEK_END)
            line = log.read().splitlines()[-1]
        return datetime.fromisoformat(load(line.decode()).get("timestamp", "1970-01-01T00:00:00Z")).timestamp()

    def are_ready(self, *names: str) -> None:
        """Waits until these are well again."""
        for name in names:
            until(lambda: self.instances[name].get("/readyz") == 200, f"{name} to be ready", PATIENCE * 2)


def faketime() -> str:
    """The library that sets a clock off."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        raise SystemExit("missing: libfaketime; on Debian: apt-get install libfaketime")
    return str(found[0])
