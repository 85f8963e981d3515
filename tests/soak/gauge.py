"""How much memory and how many descriptors the processes take, and whether that is flat."""

import os
import threading
import time
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from ledger import Ledger

PAGE = os.sysconf("SC_PAGE_SIZE")
# What a process may take more at the end of the second half of its life than at its beginning, by a line through the samples.
MEMORY_BYTES = 4 << 20
MEMORY_SHARE = 0.10
DESCRIPTORS = 8
# A life of fewer samples says nothing.
SAMPLES = 12


class Gauge(threading.Thread):
    """Looks at the processes now and then, by what names them; it also keeps the ledger on the disk."""

    def __init__(self, ledger: Ledger, processes, every: float):
        super().__init__(daemon=True)
        self.ledger, self.processes, self.every = ledger, processes, every
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(self.every):
            for place, process in self.processes().items():
                if sizes := sizes_of(process):
                    self.ledger.sample(place, process, time.time(), *sizes)
            self.ledger.commit()


class Heart(threading.Thread):
    """Writes a byte to the disk every second, and notes when that took long: then the machine stood still, not the program."""

    EVERY = 1.0
    PAUSE = 3.0

    def __init__(self, ledger: Ledger, folder: Path):
        super().__init__(daemon=True)
        self.ledger, self.file = ledger, folder / "heart"
        self.is_over = threading.Event()

    def run(self) -> None:
        last = time.time()
        with open(self.file, "wb", buffering=0) as out:
            while not self.is_over.wait(self.EVERY):
                out.write(b".")
                os.fsync(out.fileno())
                if (now := time.time()) - last > self.PAUSE:
                    self.ledger.pause(last, now)
                last = now


def sizes_of(process: int) -> tuple[int, int] | None:
    """Resident bytes and open descriptors; none where it is gone."""
    folder = Path(f"/proc/{process}")
    try:
        return int((folder / "statm").read_text().split()[1]) * PAGE, len(os.listdir(folder / "fd"))
    except (OSError, IndexError):
        return None


def growth(samples: list[tuple[float, float]]) -> float:
    """By how much a line through the second half of the samples rises from its beginning to its end."""
    half = samples[len(samples) // 2:]
    times, values = [at for at, _ in half], [value for _, value in half]
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    width = sum((at - middle) ** 2 for at in times)
    slope = sum((at - middle) * (value - mean) for at, value in half) / width if width else 0.0
    return slope * (times[-1] - times[0])


def lives(ledger: Ledger):
    """Each process, with its samples."""
    rows = ledger.read("SELECT place, process, at, memory, descriptors FROM sample ORDER BY place, process, at")
    for (place, process), life in groupby(rows, key=itemgetter(0, 1)):
        yield place, process, list(life)


def findings(ledger: Ledger) -> list[str]:
    """Which processes grow; and of which kind of process none lived long enough to tell."""
    found, told, seen = [], set(), set()
    for place, process, life in lives(ledger):
        seen.add(place)
        if len(life) < SAMPLES:
            continue
        told.add(place)
        memory = growth([(row[2], row[3]) for row in life])
        bound = max(MEMORY_BYTES, MEMORY_SHARE * life[len(life) // 2][3])
        if memory > bound:
            sizes = f"{memory / 1e6:.1f} MB in the second half, bound {bound / 1e6:.1f} MB"
            found.append(f"memory of {place} (process {process}) grows: {sizes}")
        descriptors = growth([(row[2], row[4]) for row in life])
        if descriptors > DESCRIPTORS:
            sizes = f"{descriptors:.1f} in the second half, bound {DESCRIPTORS}"
            found.append(f"descriptors of {place} (process {process}) grow: {sizes}")
    found.extend(f"no process of {place} lived long enough to tell whether it grows" for place in sorted(seen - told))
    if not seen:
        found.append("no process was looked at")
    return found
