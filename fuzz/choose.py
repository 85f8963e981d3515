"""Names the inputs that reach most of what the first folder of a merge does not, as long as there is room.

    python3 fuzz/choose.py CONTROL_FILE MAX_INPUTS MAX_BYTES

CONTROL_FILE is that of libFuzzer's `-set_cover_merge=1`: how many inputs there are, how many of them the first folder has, their
names, and what each reaches.
"""

import sys
from pathlib import Path


def read(lines):
    """The names in the first folder, those in the other ones, and what each input reaches.

    One on which the program crashed reaches nothing that is known, and yet takes its room in the first folder:

    >>> lines = ["4", "2", "crash", "seed", "old", "new", "STARTED 0 3", "STARTED 1 3", "FT 1 7", "FT 2 7", "FT 3 7 8"]
    >>> read(lines) == (["crash", "seed"], ["old", "new"], {"seed": {"7"}, "old": {"7"}, "new": {"7", "8"}})
    True
    """
    count, first = int(lines[0]), int(lines[1])
    names = lines[2 : 2 + count]
    reached = {}
    for line in lines[2 + count :]:
        kind, index, *features = line.split()
        if kind == "FT":
            reached[names[int(index)]] = set(features)
    return names[:first], names[first:], reached


def choose(there, found, reached, max_inputs, max_bytes):
    sizes = {name: Path(name).stat().st_size for name in [*there, *found]}
    covered = set().union(*(reached.get(name, set()) for name in there))
    inputs_left = max_inputs - len(there)
    bytes_left = max_bytes - sum(sizes[name] for name in there)
    while inputs_left > 0:
        fitting = [name for name in found if name in reached and sizes[name] <= bytes_left]
        gain, negative_size, name = max(((len(reached[name] - covered), -sizes[name], name) for name in fitting), default=(0, 0, ""))
        if gain == 0:
            return
        yield name
        covered |= reached[name]
        inputs_left -= 1
        bytes_left += negative_size


def main():
    control_file, max_inputs, max_bytes = sys.argv[1:]
    lines = Path(control_file).read_text().splitlines()
    if len(lines) < 2:
        sys.exit(f"choose.py: {control_file} is empty: the merge has not begun")
    for name in choose(*read(lines), int(max_inputs), int(max_bytes)):
        print(name)


if __name__ == "__main__":
    main()
