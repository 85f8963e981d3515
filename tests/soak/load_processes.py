"""Generators of load on processes: a stream that stays open and is killed, batches that are killed and run again. Both use the
state in a file that an instance has open, too."""

import base64
import re
import secrets
import select
import shutil
import signal
import subprocess
import time
from itertools import count

from ledger import NO_ANSWER
from load import FAR, Load, groups
from shared import PATIENCE, code, document, wrong


def status_of(line: str, status: str) -> tuple[int, dict]:
    """The status of HTTP that says the same as one of the process."""
    if "state not available" in line:
        return 503, {}
    if "too many attempts" in line:
        return 429, {}
    return {"1": 200, "403": 403}.get(status, 500), {}


class Stream(Load):
    """One process, to which records go one by one; whoever kills it finds its number in `process`."""

    PAUSE = 0.05

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.process = None
        self.starts = 0
        self.ids = count()

    def start_process(self) -> None:
        """Starts it anew."""
        command = [self.servers.program, "stream", "--columns", "id,operation,document", "--state", "disk/state.db"]
        with open(self.servers.folder / "stream.log", "ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.servers.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        self.starts += 1

    def turn(self) -> None:
        if not self.process or self.process.poll() is not None:
            self.start_process()
        key = secrets.token_bytes(20)
        if self.random.random() < 0.2:
            secret = f"<Secret>{base64.b32encode(key).decode()}</Secret>"
            self.record("generate", "GeneratePassword", secret, subject="stream", key=key.hex())
            return
        step = self.step("stream")
        passwords = [(code(key, step), "right"), (code(key, step), "used"), (code(key, step - 1), "earlier")]
        if self.random.random() < 0.3:
            passwords.insert(0, (wrong(key, FAR), "wrong"))
        for password, claim in passwords:
            self.record(
                "verify", "VerifyPassword", document(key, password).decode(), claim=claim, state="sqlite", subject=key.hex(),
                key=key.hex(), password=password,
            )

    def record(self, kind: str, operation: str, document_: str, **said) -> None:
        """A record and the line that answers it."""
        id_ = str(next(self.ids))
        request = self.ledger.ask(kind, "stream", **said)
        line = self.exchange(f"{id_}\t{operation}\t{document_}\n")
        if not line.endswith("\n"):
            self.ledger.answer(request, NO_ANSWER)
            return
        found_id, status, body = line.rstrip("\n").split("\t")
        http, found = status_of(body, status)
        if password := re.fullmatch("<Password>([0-9]{6})</Password>", body):
            found["password"] = password[1]
        # The answer to another record is none to this one.
        self.ledger.answer(request, http if found_id == id_ else 500, **found)

    def exchange(self, record: str) -> str:
        """What is answered; less than a line where the process is gone or silent."""
        try:
            self.process.stdin.write(record.encode())
            self.process.stdin.flush()
        except OSError:
            return ""
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        return self.process.stdout.readline().decode() if ready else ""

    def finish(self) -> None:
        """Its end in order."""
        if self.process and self.process.poll() is None:
            request = self.ledger.ask("run", "stream", claim="end of the stream", subject="stream", status=0)
            self.process.stdin.close()
            rest = self.process.stdout.read()
            self.ledger.answer(request, self.process.wait(timeout=PATIENCE), sound=rest == b"")


class Batch(Load):
    """Folders of passwords to verify: a run is killed, runs again and is killed again, and then runs to its end."""

    PAUSE = 2.0
    SECRETS = 12

    def turn(self) -> None:
        folder = self.servers.folder / "batch"
        documents = self.make(folder / "in")
        outputs = folder / "out"
        for number in range(6):
            is_killed = number < 2
            # One run to the end in any case: it removes what a killed one has left.
            if number > 2 and all((outputs / name).exists() for name in documents):
                break
            self.run_once(folder, documents, self.random.uniform(0.002, 0.05) if is_killed else None)
        self.check(folder, documents)
        shutil.rmtree(folder)

    def make(self, folder) -> dict[str, tuple]:
        """The documents: of each secret a right password twice, and perhaps a wrong one."""
        folder.mkdir(parents=True)
        documents = {}
        for number in range(self.SECRETS):
            key = secrets.token_bytes(20)
            passwords = [(code(key, self.step("batch")), "at once")] * 2
            if number % 3 == 0:
                passwords.append((wrong(key, FAR), "wrong"))
            for index, (password, claim) in enumerate(passwords):
                name = f"{number}-{index}.xml"
                (folder / name).write_bytes(document(key, password))
                documents[name] = key, password, claim
        return documents

    def run_once(self, folder, documents: dict, killed_after: float | None) -> None:
        """A run, of which each document without an output is a request."""
        outputs = folder / "out"
        asked = {}
        group_of = {}
        for name, (key, password, claim) in documents.items():
            if not (outputs / name).exists():
                (outputs / name.replace(".xml", ".error.xml")).unlink(missing_ok=True)
                group = group_of.setdefault(key, next(groups))
                asked[name] = self.ledger.ask(
                    "verify", "batch", claim=claim, state="sqlite", subject=key.hex(), at_once=group, key=key.hex(),
                    password=password,
                )
        command = [
            self.servers.program, "batch", "--operation", "VerifyPassword", "--state", "disk/state.db", "--skip-existing",
            "--quiet", "--output-dir", "batch/out", "batch/in",
        ]
        if killed_after is None:
            self.carry_out(command)
        else:
            with self.ledger.fault("batch killed", "batch") as felt:
                felt.how.append(f"exit code {self.carry_out(command, killed_after)}")
                self.answers(outputs, asked)
            return
        self.answers(outputs, asked)

    def carry_out(self, command: list[str], killed_after: float | None = None) -> int:
        """Runs it, and kills it after a while."""
        with open(self.servers.folder / "batch.log", "ab") as log:
            process = subprocess.Popen(command, cwd=self.servers.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if killed_after is not None:
            time.sleep(killed_after)
            process.send_signal(signal.SIGKILL)
        return process.wait(timeout=PATIENCE * 5)

    def answers(self, outputs, asked: dict[str, int]) -> None:
        """What the run has left for each document."""
        for name, request in asked.items():
            output, error = outputs / name, outputs / name.replace(".xml", ".error.xml")
            if output.exists():
                text = output.read_text()
                status = "1" if text.startswith("<Ok ") else "403"
                is_whole = text.endswith("/>\n")
                self.ledger.answer(request, status_of(text, status)[0] if is_whole else 500)
            elif error.exists():
                self.ledger.answer(request, status_of(error.read_text(), "-1")[0])
            else:
                self.ledger.answer(request, NO_ANSWER)

    def check(self, folder, documents: dict) -> None:
        """After the last run nothing is there but an output for each document; a state that is away leaves errors instead."""
        request = self.ledger.ask("run", "batch", claim="all outputs", subject="batch")
        outputs = folder / "out"
        missing = [name for name in documents if not (outputs / name).exists()]
        errors = [name for name in missing if (outputs / name.replace(".xml", ".error.xml")).exists()]
        strangers = len(list(outputs.iterdir())) - len(documents) + len(missing) - len(errors)
        # Its cause is judged with each document.
        sound = strangers == 0 and len(errors) == len(missing)
        self.ledger.answer(request, 200, sound=sound, missing=len(missing), strangers=strangers)
