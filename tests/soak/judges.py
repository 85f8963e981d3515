"""The judges: each request gets one verdict, `expected`, `excused` by a fault that it met, or `fault`, one of the program.

They know the contract and the ledger, and nothing of the program: passwords are computed here anew.
"""

from collections.abc import Callable

from ledger import NO_ANSWER, Event, Ledger
from once import Code
from secret import Secret
from world import World, code

# A minute, and as long as somebody waits for its end.
RESERVED_SECONDS = 90
EXPECTED, EXCUSED, FAULT = "expected", "excused", "fault"


class Judges:
    """All judges over one ledger."""

    def __init__(self, ledger: Ledger):
        self.ledger = ledger
        self.world = World(ledger)
        self.seen = set()

    def judge(self) -> None:
        """Gives every request its verdict."""
        for kind, (judge, status) in self.judges().items():
            for history in self.ledger.histories(kind):
                answered = [event for event in history if self.is_answered(event)]
                judge(answered, status)
        for (request,) in self.ledger.read("SELECT id FROM request WHERE id NOT IN (SELECT id FROM verdict)"):
            self.say(request, FAULT, "no judge knows this kind")

    def judges(self) -> dict[str, tuple[Callable, int]]:
        """By the kind of request: who judges its histories, and with which status all goes well."""
        return {
            "verify": (self.verifications, 200),
            "code": (self.codes, 200),
            "send": (self.sends, 200),
            "message": (self.messages, 202),
            "generate": (self.passwords, 200),
            "secret": (self.secrets, 200),
            "picture": (self.as_claimed, 200),
            "token": (self.as_claimed, 200),
            "skyvern": (self.skyvern, 200),
            "health": (self.as_claimed, 200),
            "connect": (self.connections, 200),
            "run": (self.as_claimed, 200),
        }

    def say(self, request: int, verdict: str, why: str) -> None:
        """Writes a verdict."""
        self.ledger.verdict(request, verdict, why)

    def is_answered(self, event: Event) -> bool:
        """Every request has an answer, even if it is that none came."""
        if event.status is None:
            self.say(event.id, FAULT, "its answer is not accounted for")
        return event.status is not None

    def unusable(self, event: Event) -> None:
        """Gives the verdict where there was no usable answer: a fault excuses it, or nothing does."""
        if event.status == 503 and not event.found.get("retry_after") and event.place not in ("stream", "batch"):
            self.say(event.id, FAULT, "503 without Retry-After")
        elif reason := self.world.excuse(event):
            self.say(event.id, EXCUSED, reason)
        else:
            what = "no answer" if event.status == NO_ANSWER else f"status {event.status}"
            self.say(event.id, FAULT, f"{what}, and no fault that excuses it")

    def conclude(self, event: Event, wrong: str | None, why: str = "") -> None:
        """Expected, unless something is wrong."""
        self.say(event.id, FAULT if wrong else EXPECTED, wrong or why)

    def verifications(self, history: list[Event], _: int) -> None:
        """The passwords of one secret, in one state."""
        secret = Secret(self.world)
        for event in in_groups(history, lambda event: event.status == 200):
            if event.status in (200, 403, 429):
                self.conclude(event, secret.answered(event), event.claim)
            else:
                secret.lost(event)
                self.unusable(event)

    def codes(self, history: list[Event], _: int) -> None:
        """The codes that were offered for one request of SignalWire's API."""
        request = Code()
        for event in in_groups(history, lambda event: event.found.get("success") is True):
            if event.status in (200, 404):
                self.conclude(event, request.answered(event), event.claim)
            else:
                request.lost(event)
                self.unusable(event)

    def sends(self, history: list[Event], status: int) -> None:
        """The requests for codes with one Idempotency-Key: one code, however often it is asked for."""
        if not history:
            return
        left = self.effects(history[0].subject, "outbox")
        ids, lost = set(), 0
        for event in history:
            if event.status == status:
                ids.add(event.found.get("id"))
                more = len(ids) > 1 + lost
                self.conclude(event, "one Idempotency-Key, several codes" if more else None, event.claim)
            else:
                lost += 1
                if not self.late(event, history):
                    self.unusable(event)
        if ids and not left:
            self.replace(history[0], "a code that was said to have left did not leave")
        if left > 1 + lost:
            self.replace(history[0], "one Idempotency-Key, several messages")

    def messages(self, history: list[Event], status: int) -> None:
        """The messages with one Idempotency-Key: one file."""
        if not history:
            return
        first = history[0]
        files = self.effects(first.subject, f"inbox {first.state}")
        taken = ended = 0
        for event in history:
            if event.claim == "other" and event.status == 422:
                self.conclude(event, None if taken or ended else "a key that was free is another one's", event.claim)
            elif event.status == status:
                taken += 1
                wrong = "another message under a key that was used" if event.claim == "other" else None
                self.conclude(event, wrong, event.claim)
            else:
                ended += event.status == NO_ANSWER
                if not self.late(event, history):
                    self.unusable(event)
        if taken and not files:
            self.replace(first, "a message that was accepted is not there")
        if files > min(1, taken) + ended:
            self.replace(first, "one message, several files" if taken else "a message that was refused is there")

    def effects(self, subject: str, where: str) -> int:
        """How many files a message has become, or how many times a code has left."""
        return self.ledger.read("SELECT count(*) FROM kept WHERE subject = ? AND state = ?", subject, where)[0][0]

    def late(self, event: Event, history: list[Event]) -> bool:
        """A key stays reserved for a minute where whoever reserved it was not heard of again (contract 13.4c, 14.3g)."""
        before = [other for other in history if other.id < event.id and other.status in (NO_ANSWER, 503, 507)]
        is_reserved = any(event.sent <= other.came + RESERVED_SECONDS for other in before)
        if event.status != 503 or not is_reserved or not event.found.get("retry_after"):
            return False
        self.say(event.id, EXCUSED, "key reserved by a request without an answer")
        return True

    def replace(self, event: Event, why: str) -> None:
        """What was found at the end, of all requests together, counts against the first one."""
        self.ledger.write("UPDATE verdict SET verdict = ?, why = ? WHERE id = ?", FAULT, why, event.id)

    def passwords(self, history: list[Event], status: int) -> None:
        """Passwords that were made: those of the time that it is at the place."""
        for event in history:
            if event.status != status:
                self.unusable(event)
                continue
            key = bytes.fromhex(event.said["key"])
            right = {code(key, step) for step in self.world.steps(event)}
            self.conclude(event, None if event.found.get("password") in right else "not the password of its time")

    def skyvern(self, history: list[Event], status: int) -> None:
        """Codes that Skyvern asked for: empty towards the end of a step."""
        for event in history:
            if event.claim == "wrong signature" and event.status == 401:
                self.conclude(event, None, event.claim)
            elif event.status != status or event.claim == "wrong signature":
                self.unusable(event)
            else:
                key = bytes.fromhex(event.said["key"])
                right = {code(key, step) for step in self.world.steps(event)} | {""}
                is_right = event.found.get("password") in right
                self.conclude(event, None if is_right else "not the code of its time", event.claim)

    def secrets(self, history: list[Event], status: int) -> None:
        """Secrets that were made: no two are the same."""
        for event in history:
            if event.status != status:
                self.unusable(event)
                continue
            found = event.found.get("secret", "")
            is_base32 = len(found) == 32 and set(found) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
            wrong = None if is_base32 else "not 32 characters of Base32"
            wrong = "a secret that was made before" if found in self.seen else wrong
            self.seen.add(found)
            self.conclude(event, wrong)

    def as_claimed(self, history: list[Event], status: int) -> None:
        """What has one right answer, which was written down with the request."""
        for event in history:
            if event.status == event.said.get("status", status) and event.found.get("sound", True):
                self.conclude(event, None, event.claim)
            elif event.status == event.said.get("status", status):
                self.say(event.id, FAULT, f"the answer is not sound: {event.found}")
            else:
                self.unusable(event)

    def connections(self, history: list[Event], status: int) -> None:
        """Handshakes: each shows the certificate of its time."""
        for event in history:
            if event.status != status:
                self.unusable(event)
                continue
            right = self.world.serials(event.place, event.sent, event.came)
            self.conclude(event, None if event.found["serial"] in right else "not the certificate of its time")


def in_groups(history: list[Event], matched: Callable[[Event], bool]):
    """In the order of sending; of those that were sent at once the match first, then those without an answer."""
    groups = {}
    for event in history:
        groups.setdefault(event.at_once or -event.id, []).append(event)
    for group in groups.values():
        yield from sorted(group, key=lambda event: (not matched(event), event.status in (200, 403, 404, 429)))
