"""What is done to the servers, and when: the plan, and the acts. Each act is in the ledger from just before it until all are well again,
with how it was seen to work; an act that nobody felt proves nothing."""

import os
import signal
import time
import traceback
from dataclasses import dataclass

from ledger import Ledger
from load_processes import Stream
from servers import Servers
from shared import certificate, until

# How many seconds of a run have all acts once.
CYCLE_SECONDS = 600
# How far a clock is set off: several steps, and less than the life of a token.
STEPPED_SECONDS = 120
# The longest time that something is left broken, in seconds. (A message whose answer could not be kept counts for 45 s.)
LONGEST = 10.0


@dataclass(frozen=True)
class Act:
    """What is done how many seconds after the beginning, and how long it is left so."""

    at: float
    name: str
    hold: float


def plan(seconds: float) -> list[Act]:
    """All acts, evenly over a run, each at least once. The single instance is killed in the first half only: what is left of its
    life shows whether it grows."""
    cycles = max(1, round(seconds / CYCLE_SECONDS))
    names = ["kill one", "renew certificate", "stop database", "clock forward", "kill stream", "fill disk", "kill other",
             "clock back", "crash database"]
    all_names = []
    for cycle in range(cycles):
        all_names += [*names[:1], "kill single", *names[1:]] if cycle < max(1, cycles // 2) else names
    # Nothing is done at the very beginning, nor at the very end: all go on for a while then.
    slot = seconds / (len(all_names) + 1)
    return [Act(slot * (number + 0.5), name, min(LONGEST, slot / 4)) for number, name in enumerate(all_names)]


class Faults:
    """Carries the plan out."""

    def __init__(self, servers: Servers, ledger: Ledger, stream: Stream):
        self.servers, self.ledger, self.stream = servers, ledger, stream
        self.error = None

    def run(self, acts: list[Act]) -> None:
        """Carries all acts out, each at its time or when the one before is over."""
        begin = time.monotonic()
        try:
            for act in acts:
                time.sleep(max(0.0, begin + act.at - time.monotonic()))
                print(f"{time.monotonic() - begin:7.1f} s  {act.name}", flush=True)
                verb, _, what = act.name.partition(" ")
                getattr(self, verb)(what, act.hold)
        except BaseException:
            self.error = traceback.format_exc()

    def kill(self, what: str, hold: float) -> None:
        """An instance, or the stream, ends at once and comes back."""
        if what == "stream":
            with self.ledger.fault("stream killed", "stream") as felt:
                starts = self.stream.starts
                os.kill(self.stream.process.pid, signal.SIGKILL)
                until(lambda: self.stream.starts > starts, "the stream to be started again")
                felt.how.append("started again")
            return
        with self.ledger.fault("instance killed", what) as felt:
            self.servers.instances[what].kill()
            if self.servers.instances[what].get("/healthz") == 0:
                felt.how.append("nobody answered")
            time.sleep(hold / 2)
            self.servers.start(what)

    def stop(self, _: str, hold: float) -> None:
        """The database ends as an administrator ends it, and comes back."""
        self.without_database("database stopped", self.servers.database.stop, hold)

    def crash(self, _: str, hold: float) -> None:
        """The database ends without any care, and comes back."""
        self.without_database("database crashed", self.servers.database.crash, hold)

    def without_database(self, kind: str, end, hold: float) -> None:
        names = ("one", "other")
        with self.ledger.fault(kind, *names) as felt:
            end()
            until(lambda: all(self.servers.instances[name].get("/readyz") == 503 for name in names), "503 of both")
            felt.how.append("both were not ready")
            time.sleep(hold)
            self.servers.database.start()
            self.servers.are_ready(*names)

    def clock(self, direction: str, hold: float) -> None:
        """The clock of one instance is stepped, and later set right again."""
        offset = STEPPED_SECONDS if direction == "forward" else -STEPPED_SECONDS
        with self.ledger.fault(f"clock stepped {direction}", "other") as felt:
            try:
                self.servers.set_clock(offset)
                until(lambda: abs(self.servers.logged_time("other") - time.time() - offset) < 30, "the clock to be off")
                felt.how.append("the log had the other time")
                time.sleep(hold)
            finally:
                self.servers.set_clock(0)

    def renew(self, _: str, hold: float) -> None:
        """All instances get another certificate and are told; whoever connects from then on sees it."""
        old = self.servers.serial()
        names = tuple(self.servers.instances)
        with self.ledger.fault("certificate renewed", *names) as felt:
            certificate(self.servers.folder)
            new = self.servers.serial()
            assert new != old
            for name in names:
                begin = time.time()
                self.servers.instances[name].reload()
                until(lambda: self.servers.shown(name) == new, f"{name} to show the new certificate")
                self.ledger.certificate(name, begin, time.time(), new)
            felt.how.append("all showed the new one")
            time.sleep(hold)

    def fill(self, _: str, hold: float) -> None:
        """The disk of the single instance is full, and has room again."""
        file = self.servers.folder / "disk" / "fill"
        single = self.servers.instances["single"]
        with self.ledger.fault("disk full", "single", "stream", "batch") as felt:
            try:
                fill(file)
                # SQLite writes into the room that its files have, and only then finds that there is no more.
                until(lambda: single.get("/readyz") == 503, "the full disk to be felt")
                felt.how.append("it was not ready")
                time.sleep(hold)
            finally:
                file.unlink(missing_ok=True)
            self.servers.are_ready("single")


def fill(file) -> None:
    """Takes all the room that there is."""
    with open(file, "wb", buffering=0) as out:
        for size in (1 << 20, 4096):
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                continue

