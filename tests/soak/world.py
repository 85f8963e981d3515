"""What the judges know of the time of a request: which faults it met, which time it was where it was judged."""

import json
import sys
from bisect import bisect_right
from pathlib import Path

from ledger import NO_ANSWER, Event, Fault, Ledger

sys.path.append(str(Path(__file__).resolve().parents[1] / "service"))
from shared import code  # noqa: E402, F401

PERIOD = 30
# The service gives up what the state does not answer in 10 s. Where the machine stood still meanwhile, that is a reason.
SLOW = 9.0

# Which kind of fault may have which answers.
EXCUSED = {
    "instance killed": {NO_ANSWER},
    "stream killed": {NO_ANSWER},
    "batch killed": {NO_ANSWER},
    "database stopped": {503},
    "database crashed": {503},
    "disk full": {503, 507},
}


class World:
    """Faults, clocks and certificates, as the ledger has them."""

    def __init__(self, ledger: Ledger):
        # By the place and the answer that they excuse; those of one place and answer come one after the other.
        self.faults: dict[tuple[str, int], list[Fault]] = {}
        for fault in ledger.faults():
            for place in fault.places:
                for status in EXCUSED.get(fault.kind, ()):
                    self.faults.setdefault((place, status), []).append(fault)
        self.pauses = ledger.read("SELECT begin, end FROM pause")
        self.clocks = {}
        for place, begin, end, offset in ledger.read("SELECT * FROM clock ORDER BY begin"):
            self.clocks.setdefault(place, []).append((begin, end, offset))
        self.certificates = {}
        for place, begin, end, serial in ledger.read("SELECT * FROM certificate ORDER BY begin"):
            self.certificates.setdefault(place, []).append((begin, end, serial))

    def excuse(self, event: Event) -> str | None:
        """The fault by which an answer is excused."""
        faults = self.faults.get((event.place, event.status), [])
        before = bisect_right(faults, event.came, key=lambda fault: fault.begin)
        if before and (faults[before - 1].end is None or event.sent <= faults[before - 1].end):
            return faults[before - 1].kind
        is_slow = event.status in (NO_ANSWER, 408, 502, 503) and event.came - event.sent > SLOW
        if is_slow and any(begin <= event.came and event.sent <= end for begin, end in self.pauses):
            return "the machine stood still"
        return None

    def offsets(self, place: str, begin: float, end: float) -> set[int]:
        """By how much the clock of a place may have been off at any time from begin to end."""
        return self.valid(self.clocks.get(place, []), begin, end, 0)

    def serials(self, place: str, begin: float, end: float) -> set[str]:
        """The certificates that a place may have shown."""
        return self.valid(self.certificates.get(place, []), begin, end, None)

    @staticmethod
    def valid(changes: list, begin: float, end: float, first) -> set:
        """The values that were valid at any time from begin to end."""
        values = {first}
        for change_begin, change_end, value in changes:
            if change_end < begin:
                values = {value}
            elif change_begin <= end:
                values.add(value)
        return values

    def steps(self, event: Event) -> set[int]:
        """The time steps that it may have been where a request was answered."""
        return {
            step
            for offset in self.offsets(event.place, event.sent, event.came)
            for step in range(int(event.sent + offset) // PERIOD, int(event.came + offset) // PERIOD + 1)
        }

    def is_stepped(self, events: list[Event]) -> bool:
        """Whether a clock was off while these were answered."""
        return any(self.offsets(event.place, event.sent, event.came) != {0} for event in events)


def load(text: str) -> dict:
    """A JSON object, or nothing."""
    try:
        loaded = json.loads(text)
    except ValueError:
        return {}
    return loaded if isinstance(loaded, dict) else {}
