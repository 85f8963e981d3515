"""Names the inputs that reach most of what the first folder of a merge does not, as long as there is room.

    python3 fuzz/choose.py CONTROL_FILE MAX_INPUTS MAX_BYTES

CONTROL_FILE is that of libFuzzer's `-set_cover_merge=1`: how many inputs there are, how many of them the first folder has, their
names, and what each reaches.
"""

import sys
from pathlib import Path


def read(control_file):
    """The inputs with what they reach, and how many of them stand in the first folder."""
    lines = Path(control_file).read_text().splitlines()
    count, first = int(lines[0]), int(lines[1])
    reached = {}
    for line in lines[2 + count :]:
        kind, index, *features = line.split()
        if kind == "FT":
            reached[int(index)] = set(features)
    return [(lines[2 + index], features) for index, features in sorted(reached.items())], first


def choose(inputs, first, max_inputs, max_bytes):
    sizes = {name: Path(name).stat().st_size for name, _ in inputs}
    there, found = inputs[:first], inputs[first:]
    covered = set().union(*(features for _, features in there))
    inputs_left = max_inputs - len(there)
    bytes_left = max_bytes - sum(sizes[name] for name, _ in there)
    while inputs_left > 0:
        fitting = [(len(features - covered), -sizes[name], name, features) for name, features in found if sizes[name] <= bytes_left]
        gain, negative_size, name, features = max(fitting, default=(0, 0, "", set()), key=lambda fit: fit[:3])
        if gain == 0:
            return
        yield name
        covered |= features
        inputs_left -= 1
        bytes_left += negative_size


if __name__ == "__main__":
    control_file, max_inputs, max_bytes = sys.argv[1:]
    for name in choose(*read(control_file), int(max_inputs), int(max_bytes)):
        print(name)
