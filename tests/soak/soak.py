"""A long run of mixed load over service, stream and batch, while instances, the database, a disk, a clock and certificates fail on
a schedule; then every request is judged.

`python3 tests/soak/soak.py PROGRAM --seconds N [--keep FOLDER]` takes a totp-adapter built with the feature serve, and needs root for
a disk of its own. Debian's packages postgresql, libfaketime and openssl must be installed. Everything that it starts it ends.
"""

import argparse
import base64
import secrets
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import report
from client import Tokens
from faults import Faults, plan
from gauge import Gauge, Heart
from ledger import Ledger
from load import Passwords, Races, Small
from load_codes import Codes, Messages, Skyvern, keep_effects
from load_processes import Batch, Stream
from servers import ACCOUNTS, Servers

SHORTEST = 60


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--keep", type=Path, help="a new folder for the ledger and the logs")
    parser.add_argument("--check", action="store_true", help="only look at these options")
    given = parser.parse_args()
    if given.seconds < SHORTEST:
        parser.error(f"--seconds must be at least {SHORTEST}: all faults need their time")
    if given.keep and given.keep.exists():
        parser.error("the folder of --keep must not exist")
    return given


def run(program: str, folder: Path, ledger: Ledger, seconds: int) -> list[str]:
    """Load and faults for so long; what went wrong with the soak itself."""
    accounts = {f"account-{number:02}": base64.b32encode(secrets.token_bytes(20)).decode() for number in range(ACCOUNTS)}
    with Servers(program, folder, ledger, accounts) as servers:
        tokens = Tokens()
        common = servers, ledger, tokens
        stream = Stream(*common, 0)
        loads = [*(Passwords(*common, number) for number in range(4)), Races(*common, 0), Small(*common, 0), Codes(*common, 0),
                 Skyvern(*common, 0), Messages(*common, 0), stream, Batch(*common, 0)]
        gauge = Gauge(ledger, lambda: processes(servers, stream), every=max(0.25, seconds / 1200))
        heart = Heart(ledger, folder)
        for thread in [gauge, heart, *loads]:
            thread.start()
        faults = Faults(servers, ledger, stream)
        begin = time.monotonic()
        faults.run(plan(seconds))
        while not faults.error and time.monotonic() < begin + seconds:
            time.sleep(0.5)
        for load in loads:
            load.is_over.set()
        for load in loads:
            load.join(timeout=300)
        for thread in (gauge, heart):
            thread.is_over.set()
            thread.join()
        keep_effects(servers, ledger)
        errors = [f"{load.name}:\n{load.error}" for load in loads if load.error]
        errors += [f"{load.name} did not end" for load in loads if load.is_alive()]
        return errors + ([faults.error] if faults.error else [])


def processes(servers: Servers, stream: Stream) -> dict[str, int]:
    """The processes that live now, by what they are."""
    found = {name: instance.process.pid for name, instance in servers.instances.items() if instance.process}
    if stream.process:
        found["stream"] = stream.process.pid
    return found


def panics(folder: Path) -> list[str]:
    """The logs of the program that report a panic or an internal error."""
    logs = ((log.name, log.read_text(errors="replace")) for log in sorted(folder.glob("*.log")))
    return [f"{name} reports an internal error" for name, text in logs if '"panic"' in text or "internal error" in text]


def main() -> int:
    """Runs it, judges it, and keeps what it was asked to keep."""
    given = arguments()
    if given.check:
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    folder.chmod(0o755)
    try:
        ledger = Ledger(folder / "ledger.db")
        errors = run(str(given.program.resolve()), folder, ledger, given.seconds)
        is_sound = report.show(ledger, panics(folder))
        ledger.commit()
        for error in errors:
            print(f"the soak itself failed:\n{error}")
        return 0 if is_sound and not errors else 1
    finally:
        if given.keep:
            shutil.copytree(folder, given.keep, ignore=shutil.ignore_patterns("disk", "*.key", "*.secret", "accounts"))
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
