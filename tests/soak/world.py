"""What the judges know of the time of a request: which faults it met, which time it was where it was judged."""

import json
import sys
from pathlib import Path

from ledger import NO_ANSWER, Event, Ledger

sys.path.append(str(Path(__file__).resolve().parents[1] / "service"))
from shared import code  # noqa: E402, F401

PERIOD = 30
# The service gives up what takes longer than this, and so does the state; a machine that is as slow is a reason.
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
        self.faults = ledger.faults()
        self.clocks = {}
        for place, begin, end, offset in ledger.read("SELECT * FROM clock ORDER BY begin"):
            self.clocks.setdefault(place, []).append((begin, end, offset))
        self.certificates = {}
        for place, begin, end, serial in ledger.read("SELECT * FROM certificate ORDER BY begin"):
            self.certificates.setdefault(place, []).append((begin, end, serial))

    def excuse(self, event: Event) -> str | None:
        """The fault by which an answer is excused."""
        for fault in self.faults:
            met = fault.begin <= event.came and (fault.end is None or event.sent <= fault.end)
            if met and event.place in fault.places and event.status in EXCUSED.get(fault.kind, ()):
                return fault.kind
        if event.status in (502, 503) and event.came - event.sent > SLOW:
            return "slow machine"
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
