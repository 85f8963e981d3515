"""What was asked, before it was sent; what came back; what was done to the servers meanwhile. It judges nothing."""

import json
import sqlite3
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TABLES = """
CREATE TABLE request (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, claim TEXT NOT NULL, place TEXT NOT NULL, state TEXT NOT NULL,
    subject TEXT NOT NULL, at_once INTEGER, said TEXT NOT NULL, sent REAL NOT NULL);
CREATE TABLE answer (id INTEGER PRIMARY KEY, status INTEGER NOT NULL, found TEXT NOT NULL, came REAL NOT NULL);
CREATE TABLE fault (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, places TEXT NOT NULL, begin REAL NOT NULL, end REAL, felt TEXT);
CREATE TABLE clock (place TEXT NOT NULL, begin REAL NOT NULL, end REAL NOT NULL, offset INTEGER NOT NULL);
CREATE TABLE certificate (place TEXT NOT NULL, begin REAL NOT NULL, end REAL NOT NULL, serial TEXT NOT NULL);
CREATE TABLE sample (place TEXT NOT NULL, process INTEGER NOT NULL, at REAL NOT NULL, memory INTEGER NOT NULL,
    descriptors INTEGER NOT NULL);
CREATE TABLE pause (begin REAL NOT NULL, end REAL NOT NULL);
CREATE TABLE kept (subject TEXT NOT NULL, state TEXT NOT NULL, place TEXT NOT NULL);
CREATE INDEX kept_of ON kept (subject, state);
CREATE TABLE verdict (id INTEGER PRIMARY KEY, verdict TEXT NOT NULL, why TEXT NOT NULL);
"""

# In place of a status: nobody answered.
NO_ANSWER = 0


@dataclass
class Event:
    """A request and its answer; without one `status` is None."""

    id: int
    kind: str
    claim: str
    place: str
    state: str
    subject: str
    at_once: int | None
    said: dict
    sent: float
    status: int | None
    found: dict
    came: float


@dataclass
class Fault:
    """What was done to the servers, from just before it to when all were seen to be well again."""

    kind: str
    places: list
    begin: float
    end: float | None
    felt: str | None


@dataclass
class Felt:
    """How a fault was seen to work."""

    how: list = field(default_factory=list)


class Ledger:
    """A file of SQLite, or one in memory. Each method may be called from any thread."""

    def __init__(self, file: Path | None = None):
        self.lock = threading.Lock()
        self.database = sqlite3.connect(file or ":memory:", check_same_thread=False)
        self.database.execute("PRAGMA synchronous = OFF")
        self.database.executescript(TABLES)

    def write(self, statement: str, *values) -> int:
        """Changes a row, and returns its number."""
        with self.lock:
            return self.database.execute(statement, values).lastrowid

    def read(self, statement: str, *values) -> list:
        """All rows of a question."""
        with self.lock:
            return self.database.execute(statement, values).fetchall()

    def commit(self) -> None:
        """Makes the file complete so far."""
        with self.lock:
            self.database.commit()

    def ask(self, kind: str, place: str, *, claim: str = "", state: str = "", subject: str = "", at_once: int | None = None,
            sent: float | None = None, **said) -> int:
        """Writes what is about to be sent, what it claims to be, and all that the judges need to know what may come back."""
        return self.write(
            "INSERT INTO request (kind, claim, place, state, subject, at_once, said, sent) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            kind, claim, place, state, subject, at_once, json.dumps(said), time.time() if sent is None else sent,
        )

    def answer(self, request: int, status: int, *, came: float | None = None, **found) -> None:
        """Writes what came back."""
        came = time.time() if came is None else came
        self.write("INSERT INTO answer VALUES (?, ?, ?, ?)", request, status, json.dumps(found), came)

    @contextmanager
    def fault(self, kind: str, *places: str):
        """Writes what is done to the servers in the block, which ends when they are well again."""
        row = self.write("INSERT INTO fault (kind, places, begin) VALUES (?, ?, ?)", kind, json.dumps(places), time.time())
        felt = Felt()
        yield felt
        self.write("UPDATE fault SET end = ?, felt = ? WHERE id = ?", time.time(), "; ".join(felt.how) or None, row)

    def clock(self, place: str, begin: float, end: float, offset: int) -> None:
        """Writes that the clock of a place was set off by these seconds at some time between begin and end."""
        self.write("INSERT INTO clock VALUES (?, ?, ?, ?)", place, begin, end, offset)

    def certificate(self, place: str, begin: float, end: float, serial: str) -> None:
        """Writes that a place showed this certificate for the first time between begin and end."""
        self.write("INSERT INTO certificate VALUES (?, ?, ?, ?)", place, begin, end, serial)

    def sample(self, place: str, process: int, at: float, memory: int, descriptors: int) -> None:
        """Writes how much a process takes."""
        self.write("INSERT INTO sample VALUES (?, ?, ?, ?, ?)", place, process, at, memory, descriptors)

    def pause(self, begin: float, end: float) -> None:
        """Writes that the machine or its disk stood still."""
        self.write("INSERT INTO pause VALUES (?, ?)", begin, end)

    def keep(self, subject: str, state: str, place: str) -> None:
        """Writes an effect that was found: a file of an inbox, a code that left."""
        self.write("INSERT INTO kept VALUES (?, ?, ?)", subject, state, place)

    def faults(self) -> list[Fault]:
        """All that was done, in order."""
        rows = self.read("SELECT kind, places, begin, end, felt FROM fault ORDER BY begin")
        return [Fault(kind, json.loads(places), begin, end, felt) for kind, places, begin, end, felt in rows]

    def histories(self, kind: str):
        """The requests of a kind, each subject of each state in a list, in the order in which they were sent. Nobody writes
        requests any more."""
        # Row by row: an hour has more than fit into memory well.
        rows = self.database.execute(
            "SELECT request.id, kind, claim, place, state, subject, at_once, said, sent, status, found, came "
            "FROM request LEFT JOIN answer USING (id) WHERE kind = ? ORDER BY state, subject, sent, request.id", (kind,)
        )
        history = []
        for row in rows:
            event = Event(*row[:7], json.loads(row[7]), *row[8:10], json.loads(row[10] or "{}"), row[11] or row[8])
            if history and (event.state, event.subject) != (history[0].state, history[0].subject):
                yield history
                history = []
            history.append(event)
        if history:
            yield history

    def verdict(self, request: int, verdict: str, why: str) -> None:
        """Writes what a judge says: a second verdict on one request is an error of the judges."""
        self.write("INSERT INTO verdict VALUES (?, ?, ?)", request, verdict, why)
