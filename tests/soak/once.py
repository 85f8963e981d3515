"""What a state may know of one request for a code (contract 14.4), as the answers show it."""

from ledger import Event


class Code:
    """It takes the answers in the order of their requests, and says what is wrong with one."""

    def __init__(self):
        self.has_ended = False
        # It has, if a guess without an answer was right.
        self.perhaps = False

    def answered(self, event: Event) -> str | None:
        """What is wrong with an answer."""
        is_right = event.claim != "wrong"
        if event.status == 404:
            wrong = None if self.has_ended or self.perhaps else "an open request is not known"
            self.has_ended = True
            return wrong
        if self.has_ended:
            return "a code was accepted twice" if event.found["success"] else "a guess was looked at after the request had ended"
        if event.found["success"] != is_right:
            return "a right, unused code was refused" if is_right else "a wrong code was accepted"
        self.has_ended = is_right
        return None

    def lost(self, event: Event) -> None:
        """A guess without an answer: it may have counted."""
        self.perhaps = self.perhaps or event.claim != "wrong"
