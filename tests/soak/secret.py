"""What a state may know of one secret, as the answers show it: the steps that it accepted, the failures that it counted."""

from ledger import Event
from world import World, code

# Contract 15.3a, 3.2a: the defaults, which the instances have.
ATTEMPTS = 5
LOCKED_SECONDS = 30
SKEW = 1


class Secret:
    """It takes the answers in the order of their requests, and says what is wrong with one."""

    def __init__(self, world: World):
        self.world = world
        # The highest step that certainly was accepted.
        self.accepted = -1
        # The steps of guesses without an answer, which may have been accepted.
        self.perhaps = set()
        # How many failures in a row are counted, at least and at most.
        self.least = self.most = 0
        # When the last of them was sent, and when it was answered.
        self.failed_from = self.failed_until = 0.0
        self.was_stepped = False

    def matches(self, event: Event) -> set[int | None]:
        """The steps that a password may have been taken for; None where it may have been wrong."""
        key, password = bytes.fromhex(event.said["key"]), event.said["password"]
        return {
            max((step for step in range(now - SKEW, now + SKEW + 1) if code(key, step) == password), default=None)
            for now in self.world.steps(event)
        }

    def answered(self, event: Event) -> str | None:
        """What is wrong with an answer."""
        self.was_stepped = self.was_stepped or self.world.is_stepped([event])
        matches = self.matches(event)
        if event.status == 429:
            return self.refused(event)
        if self.is_certainly_locked(event):
            return "looked at while the secret is locked"
        return self.accepted_one(matches) if event.status == 200 else self.mismatch(event, matches)

    def accepted_one(self, matches: set[int | None]) -> str | None:
        """A password that was accepted."""
        right = {step for step in matches if step is not None}
        fresh = {step for step in right if step > self.accepted}
        if not right:
            return "a wrong password was accepted"
        if not fresh:
            return "a password was accepted twice, or after a later one"
        self.accepted = min(fresh)
        self.least = self.most = 0
        return None

    def mismatch(self, event: Event, matches: set[int | None]) -> str | None:
        """A password that was refused as wrong or used."""
        if None in matches:
            self.most += 1
            if matches == {None}:
                self.least += 1
            self.failed_from, self.failed_until = event.sent, event.came
            return None
        step = min(matches)
        if step <= self.accepted:
            return None
        # It was used up by whoever got no answer.
        later = {other for other in self.perhaps if other >= step}
        self.accepted = min(later, default=step)
        return None if later else "a right, unused password was refused"

    def refused(self, event: Event) -> str | None:
        """A password that was not looked at after too many wrong ones."""
        if not event.found.get("retry_after") and event.place not in ("stream", "batch"):
            return "429 without Retry-After"
        if self.most < ATTEMPTS:
            return "not looked at before there were too many wrong ones"
        ends = self.failed_until + LOCKED_SECONDS * 2 ** (self.most - ATTEMPTS) + 1
        return "not looked at after the lock has ended" if event.sent > ends and not self.was_stepped else None

    def is_certainly_locked(self, event: Event) -> bool:
        """Whether no password may be looked at."""
        return self.least >= ATTEMPTS and not self.was_stepped and event.came < self.failed_from + LOCKED_SECONDS - 1

    def lost(self, event: Event) -> None:
        """A guess without an answer: it may have counted."""
        matches = self.matches(event)
        steps = matches - {None}
        self.perhaps.update(steps)
        if steps:
            # It may have been accepted, and then the failures are forgotten.
            self.least = 0
        if None in matches:
            self.most += 1
            self.failed_until = event.came
