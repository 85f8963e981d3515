"""What the soak comes to: a table of the verdicts, what was done to the servers, and every fault of the program."""

from collections import Counter

import gauge
from judges import Judges
from ledger import Ledger

SHOWN = 20


def findings(ledger: Ledger) -> list[str]:
    """What is wrong beside single requests: effects that nobody asked for, acts that nobody felt, what grows."""
    found = []
    for kind, state in (("message", "inbox %"), ("send", "outbox")):
        rows = ledger.read(
            "SELECT subject FROM kept WHERE state LIKE ? AND subject NOT IN (SELECT subject FROM request WHERE kind = ?)",
            state, kind,
        )
        found.extend(f"an effect of no {kind}: {subject}" for (subject,) in rows)
    for fault in ledger.faults():
        if fault.end is None:
            found.append(f"{fault.kind} ({', '.join(fault.places)}): not well again")
        elif not fault.felt:
            found.append(f"{fault.kind} ({', '.join(fault.places)}): nobody felt it")
    return found + gauge.findings(ledger)


def judge(ledger: Ledger) -> tuple[list[tuple], list[str]]:
    """Judges everything; the faults of single requests, and what is wrong beside them."""
    Judges(ledger).judge()
    faults = ledger.read(
        "SELECT id, kind, claim, place, why, sent, status FROM verdict JOIN request USING (id) LEFT JOIN answer USING (id) "
        "WHERE verdict = 'fault' ORDER BY id"
    )
    found = findings(ledger)
    requests, verdicts = (ledger.read(f"SELECT count(*) FROM {table}")[0][0] for table in ("request", "verdict"))
    if requests != verdicts:
        found.append(f"{requests} requests, but {verdicts} verdicts")
    if not requests:
        found.append("nothing was asked")
    return faults, found


def table(ledger: Ledger) -> str:
    """The number of requests by kind and verdict."""
    rows = ledger.read(
        "SELECT kind, claim, verdict, CASE verdict WHEN 'excused' THEN why ELSE '' END, count(*) "
        "FROM verdict JOIN request USING (id) GROUP BY 1, 2, 3, 4"
    )
    kinds, reasons = {}, Counter()
    for kind, claim, verdict, why, number in rows:
        kinds.setdefault((kind, claim), Counter())[verdict] += number
        if why:
            reasons[why] += number
    lines = [f"{'request':<28}{'expected':>10}{'excused':>10}{'fault':>10}"]
    total = Counter()
    for (kind, claim), counts in sorted(kinds.items()):
        name = f"{kind}: {claim}" if claim else kind
        lines.append(f"{name:<28}{counts['expected']:>10}{counts['excused']:>10}{counts['fault']:>10}")
        total.update(counts)
    lines.append(f"{'all':<28}{total['expected']:>10}{total['excused']:>10}{total['fault']:>10}")
    lines += ["", "excused by"] + [f"  {why:<44}{number:>8}" for why, number in sorted(reasons.items())]
    return "\n".join(lines)


def acts(ledger: Ledger) -> str:
    """What was done to the servers, and how long it lasted until all were well."""
    kinds = {}
    for fault in ledger.faults():
        kinds.setdefault((fault.kind, ", ".join(fault.places)), []).append((fault.end or fault.begin) - fault.begin)
    lines = [f"{'done to the servers':<48}{'times':>6}{'longest':>10}"]
    lines += [f"{f'{kind} ({places})':<48}{len(took):>6}{max(took):>8.1f} s" for (kind, places), took in sorted(kinds.items())]
    pauses = [end - begin for begin, end in ledger.read("SELECT begin, end FROM pause")]
    if pauses:
        lines.append(f"{'the machine or its disk stood still by itself':<48}{len(pauses):>6}{max(pauses):>8.1f} s")
    return "\n".join(lines)


def sizes(ledger: Ledger) -> str:
    """The longest life of each kind of process, and what it took."""
    longest = {}
    for place, _, life in gauge.lives(ledger):
        if len(life) >= gauge.SAMPLES and len(life) > len(longest.get(place, ())):
            longest[place] = life
    lines = [f"{'process':<12}{'samples':>8}{'memory':>12}{'grows':>12}{'descriptors':>14}{'grow':>8}"]
    for place, life in sorted(longest.items()):
        memory, descriptors = (gauge.growth([(row[2], row[column]) for row in life]) for column in (3, 4))
        lines.append(
            f"{place:<12}{len(life):>8}{max(row[3] for row in life) / 1e6:>9.1f} MB{memory / 1e6:>9.2f} MB"
            f"{max(row[4] for row in life):>14}{descriptors:>8.1f}"
        )
    return "\n".join(lines)


def show(ledger: Ledger, more: list[str]) -> bool:
    """Prints all of it, with what else was found; whether there is nothing wrong."""
    faults, found = judge(ledger)
    found += more
    print("", table(ledger), acts(ledger), sizes(ledger), sep="\n\n")
    for request, kind, claim, place, why, sent, status in faults[:SHOWN]:
        print(f"FAULT: request {request} at {sent:.3f}, {kind} ({claim}) at {place}, status {status}: {why}")
    if len(faults) > SHOWN:
        print(f"… and {len(faults) - SHOWN} more faults of single requests")
    for finding in found:
        print(f"FAULT: {finding}")
    print(f"\n{len(faults) + len(found)} faults")
    return not faults and not found
