"""Holds that the judges of the soak find what they are for: a true history has no fault, and each false one has the one fault that was
put into it.

`python3 tests/soak/selftest.py` needs nothing.
"""

from itertools import count

import gauge
import report
from ledger import NO_ANSWER, Ledger
from world import code

KEY = bytes(range(20))
# The middle of a step.
BEGIN = 1_800_000_015.0
STEP = int(BEGIN) // 30
RETRY = {"retry_after": "1"}


class History:
    """A ledger, and the time in it."""

    def __init__(self):
        self.ledger = Ledger()
        self.now = BEGIN
        self.groups = count(1)
        self.ledger.certificate("one", 0, 0, "AA")
        # Processes that are flat.
        for number in range(gauge.SAMPLES):
            self.ledger.sample("one", 1, BEGIN + number, 10 << 20, 20)

    def ask(self, kind: str, status: int | None, *, place: str = "one", found: dict = {}, took: float = 0.01, **said) -> int:
        """A request, and its answer unless the status is None."""
        said.setdefault("subject", "subject")
        request = self.ledger.ask(kind, place, sent=self.now, **said)
        if status is not None:
            self.ledger.answer(request, status, came=self.now + took, **found)
        self.now += 0.1
        return request

    def verify(self, status: int | None, step: int | None = STEP, *, state: str = "postgresql", **more) -> int:
        """A password of a step, or a wrong one."""
        password = "000000" if step is None else code(KEY, step)
        return self.ask("verify", status, state=state, key=KEY.hex(), password=password, **more)

    def fault(self, kind: str, *places: str, felt: str = "felt", act=lambda: None) -> None:
        """A fault, during which something is asked."""
        with self.ledger.fault(kind, *places) as seen:
            seen.how.extend([felt] if felt else [])
        row = self.ledger.read("SELECT max(id) FROM fault")[0][0]
        self.ledger.write("UPDATE fault SET begin = ? WHERE id = ?", self.now, row)
        act()
        self.ledger.write("UPDATE fault SET end = ? WHERE id = ?", self.now, row)
        self.now += 0.1

    def step_clock(self, offset: int, place: str = "other") -> None:
        """The clock of a place is set off."""
        self.ledger.clock(place, self.now, self.now + 0.01, offset)
        self.now += 0.1


def whys(history: History) -> list[str]:
    """What the judges find wrong."""
    faults, found = report.judge(history.ledger)
    return [fault[4] for fault in faults] + found


def true_history(history: History) -> None:
    """A bit of everything, all as the contract has it."""
    history.verify(403, None)
    history.verify(200, STEP)
    history.verify(403, STEP, place="other")
    history.verify(403, STEP - 1)
    history.verify(403, STEP + 4)
    history.verify(200, STEP + 1, place="other")
    history.verify(200, STEP, state="sqlite", place="single")
    group = next(history.groups)
    for status in (403, 403, 200):
        history.verify(status, at_once=group, subject="race")
    for status in (403, 403, 403, 403, 403, 429):
        history.verify(status, None, subject="locked", found=RETRY)
    history.verify(429, STEP, subject="locked", found=RETRY)
    for kind, status, found in true_answers():
        history.ask(kind, status, found=found, key=KEY.hex())
    history.fault("instance killed", "one", act=lambda: history.verify(NO_ANSWER, STEP, subject="lost"))
    history.verify(403, STEP, subject="lost")
    history.fault("database stopped", "one", "other", act=lambda: history.verify(503, STEP, subject="perhaps", found=RETRY))
    history.verify(200, STEP, subject="perhaps")
    history.verify(403, STEP, subject="perhaps")
    history.step_clock(120)
    history.verify(200, STEP + 4, place="other", subject="stepped")
    history.verify(403, STEP, subject="stepped")
    history.step_clock(0)
    history.ledger.pause(history.now, history.now + 12)
    history.verify(503, STEP, subject="paused", found=RETRY, took=12)
    message(history, 202)
    code_(history, "wrong", False)
    code_(history, "right", True)
    code_(history, "used", None)


def true_answers() -> list[tuple]:
    """Requests of which each stands alone."""
    return [
        ("generate", 200, {"password": code(KEY, STEP)}), ("skyvern", 200, {"password": ""}),
        ("secret", 200, {"secret": "A" * 32}),
        ("token", 200, {"sound": True}), ("picture", 200, {"sound": True}), ("connect", 200, {"serial": "AA"}), ("health", 200, {}),
    ]


def message(history: History, status: int, claim: str = "new", files: int = 1, subject: str = "message") -> None:
    """A message to an inbox, and the files that are there in the end."""
    history.ask("message", status, state="postgresql", subject=subject, claim=claim)
    for _ in range(files):
        history.ledger.keep(subject, "inbox postgresql", "one")


def send(history: History, id_: str, files: int = 1) -> None:
    """A code that was asked for with a key, and the messages that left."""
    history.ask("send", 200, state="postgresql", subject="+1", found={"id": id_})
    for _ in range(files):
        history.ledger.keep("+1", "outbox", "")


def code_(history: History, claim: str, success: bool | None, **more) -> None:
    """A guess for a request; None stands for 404."""
    found = {} if success is None else {"success": success}
    history.ask("code", 404 if success is None else 200, state="postgresql", subject="request", claim=claim, found=found, **more)


def killed_between(history: History) -> None:
    history.fault("instance killed", "one", act=lambda: history.verify(NO_ANSWER))
    history.verify(403)
    history.verify(200)


def between_two_faults(history: History) -> None:
    history.fault("database stopped", "one")
    history.now += 1
    history.verify(503, found=RETRY)
    history.now += 1
    history.fault("database stopped", "one")


def too_slow(history: History) -> None:
    history.verify(503, found=RETRY, took=12)


def after_the_fault(history: History) -> None:
    history.fault("database stopped", "one", act=lambda: None)
    history.now += 1
    history.verify(503, found=RETRY)


def another_place(history: History) -> None:
    history.fault("instance killed", "other", act=lambda: history.verify(NO_ANSWER))


def clock_that_went_back(history: History) -> None:
    history.step_clock(-120)
    history.verify(200, STEP, place="other")


def at_once_twice(history: History) -> None:
    group = next(history.groups)
    for place in ("one", "other"):
        history.verify(200, at_once=group, place=place)


def at_once_by_none(history: History) -> None:
    group = next(history.groups)
    for place in ("one", "other"):
        history.verify(403, at_once=group, place=place)


def too_many_looked_at(history: History) -> None:
    for _ in range(6):
        history.verify(403, None)


def growing(column: str, by: int):
    """A process whose samples rise."""

    def make(history: History) -> None:
        history.ask("health", 200)
        history.ledger.write(f"UPDATE sample SET {column} = {column} + (at - ?) * ?", BEGIN, by)

    return make


def sequence(*acts):
    """One act after the other."""
    return lambda history: [act(history) for act in acts] and None


def asks(kind: str, status: int | None, **more):
    """A request that stands alone."""
    return lambda history: history.ask(kind, status, **more) and None


def verifies(*answers: tuple):
    """Passwords, each with its answer."""
    return lambda history: [history.verify(*answer) for answer in answers] and None


FALSE = {
    "a password was accepted twice, or after a later one": [
        verifies((200, STEP), (200, STEP)), verifies((200, STEP), (200, STEP - 1)), at_once_twice, killed_between],
    "a wrong password was accepted": [verifies((200, None)), verifies((200, STEP + 3)), clock_that_went_back],
    "a right, unused password was refused": [verifies((403, STEP)), verifies((200, STEP), (403, STEP + 1)), at_once_by_none],
    "not looked at before there were too many wrong ones": [lambda history: history.verify(429, found=RETRY)],
    "looked at while the secret is locked": [too_many_looked_at],
    "its answer is not accounted for": [verifies((None, STEP)), asks("health", None)],
    "503 without Retry-After": [asks("token", 503)],
    "status 503, and no fault that excuses it": [
        after_the_fault, between_two_faults, too_slow, asks("token", 503, found=RETRY)],
    "no answer, and no fault that excuses it": [another_place, asks("health", NO_ANSWER), asks("connect", NO_ANSWER)],
    "status 500, and no fault that excuses it": [asks("verify", 500, key=KEY.hex(), password="000000", state="sqlite")],
    "not the password of its time": [asks("generate", 200, key=KEY.hex(), found={"password": code(KEY, STEP + 1)})],
    "not the code of its time": [asks("skyvern", 200, key=KEY.hex(), found={"password": "000000"})],
    "a secret that was made before": [sequence(*[asks("secret", 200, found={"secret": "A" * 32})] * 2)],
    "not 32 characters of Base32": [asks("secret", 200, found={"secret": "A" * 31})],
    "not the certificate of its time": [asks("connect", 200, found={"serial": "BB"})],
    "the answer is not sound: {'sound': False}": [asks("run", 200, found={"sound": False})],
    "no judge knows this kind": [asks("something else", 200)],
    "a message that was refused is there": [
        lambda history: history.fault("disk full", "one", act=lambda: message(history, 507))],
    "a message that was accepted is not there": [lambda history: message(history, 202, files=0)],
    "one message, several files": [lambda history: message(history, 202, files=2)],
    "another message under a key that was used": [
        sequence(lambda history: message(history, 202), lambda history: message(history, 202, "other", files=0))],
    "an effect of no message: stranger": [
        sequence(asks("health", 200), lambda history: history.ledger.keep("stranger", "inbox sqlite", "single"))],
    "a code that was said to have left did not leave": [lambda history: send(history, "a", files=0)],
    "one Idempotency-Key, several messages": [lambda history: send(history, "a", files=2)],
    "one Idempotency-Key, several codes": [sequence(lambda history: send(history, "a"), lambda history: send(history, "b", 0))],
    "a code was accepted twice": [sequence(*[lambda history: code_(history, "right", True)] * 2)],
    "a wrong code was accepted": [lambda history: code_(history, "wrong", True)],
    "a right, unused code was refused": [lambda history: code_(history, "right", False)],
    "an open request is not known": [lambda history: code_(history, "right", None)],
    "disk full (single): nobody felt it": [
        sequence(asks("health", 200), lambda history: history.fault("disk full", "single", felt=""))],
    "nothing was asked": [lambda history: None],
}
GROWING = {"memory of one": growing("memory", 2 << 20), "descriptors of one": growing("descriptors", 3)}


def main() -> None:
    """Judges them all."""
    history = History()
    true_history(history)
    assert whys(history) == [], whys_again(history)
    # Each request has one verdict, and the reasons of those that were excused stand in the table.
    excused = history.ledger.read("SELECT why FROM verdict WHERE verdict = 'excused' ORDER BY why")
    assert [why for (why,) in excused] == ["database stopped", "instance killed", "the machine stood still"], excused
    for why, makers in FALSE.items():
        for number, make in enumerate(makers):
            history = History()
            make(history)
            found = whys(history)
            assert found == [why], (why, number, found)
    for what, make in GROWING.items():
        history = History()
        make(history)
        found = whys(history)
        assert len(found) == 1 and found[0].startswith(what), (what, found)
    print(f"ok: {sum(map(len, FALSE.values())) + len(GROWING)} false histories are found, and a true one is not")


def whys_again(history: History) -> list:
    """The faults of a history that was judged."""
    return history.ledger.read("SELECT kind, claim, why FROM verdict JOIN request USING (id) WHERE verdict = 'fault'")


if __name__ == "__main__":
    main()
