"""Generators of load: codes by SignalWire's API, Skyvern's questions, messages to inboxes."""

import base64
import hashlib
import hmac
import heapq
import json
import secrets
import time
from itertools import count

from client import BASIC
from ledger import NO_ANSWER
from load import PLACES, Load
from servers import API_KEY
from world import load

# Longer than a key stays reserved for a request that nobody heard of again.
RESERVED_SECONDS = 65


class Codes(Load):
    """A code that is sent to a number that nobody else has, and verified: wrong, right, used."""

    PAUSE = 0.25
    numbers = count(15550000000)

    def turn(self) -> None:
        state = self.state()
        number, key = f"+{next(self.numbers)}", secrets.token_hex(8)
        sent = self.send(state, number, key, "new")
        if self.random.random() < 0.3:
            sent = self.send(state, number, key, "again") or sent
        if not sent:
            return
        # It has left before the answer (contract 14.3b); where it has not, the judge of sends finds it missing.
        left = self.servers.folder / "outbox" / f"{number}_{sent}"
        if not left.exists():
            return
        text = left.read_text().rsplit(" ", 1)[1]
        if self.random.random() < 0.4:
            self.guess(state, sent, ("1" if text[0] != "1" else "2") + text[1:], "wrong")
        self.guess(state, sent, text, "right")
        self.guess(state, sent, text, "used")

    def send(self, state: str, number: str, key: str, claim: str) -> str | None:
        """Asks for a code and returns the id of the request."""
        headers = {"Authorization": BASIC, "Content-Type": "application/json", "Idempotency-Key": key}
        answer = self.client.ask(
            "send", self.place(state), "/api/relay/rest/mfa/sms", json.dumps({"to": number}).encode(), headers,
            claim=claim, state=state, subject=number, read=lambda body: {"id": load(body.decode()).get("id")},
        )
        return answer[1]["id"] if answer and answer[0] == 200 else None

    def guess(self, state: str, request: str, text: str, claim: str) -> None:
        """Offers a code."""
        headers = {"Authorization": BASIC, "Content-Type": "application/json"}
        self.client.ask(
            "code", self.place(state), f"/api/relay/rest/mfa/{request}/verify", json.dumps({"token": text}).encode(), headers,
            claim=claim, state=state, subject=request, read=lambda body: {"success": load(body.decode()).get("success")},
        )


class Skyvern(Load):
    """Codes that Skyvern asks for, now and then with a wrong signature."""

    PAUSE = 0.2

    def turn(self) -> None:
        body = json.dumps({"task_id": "tsk_1"}).encode()
        is_wrong = self.random.random() < 0.2
        key = ("x" if is_wrong else "") + API_KEY
        signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
        place = self.place(self.state())
        secret = base64.b32decode(next(iter(self.servers.accounts.values())))
        self.client.ask(
            "skyvern", place, "/skyvern/billing", body, {"Content-Type": "application/json", "x-skyvern-signature": signature},
            claim="wrong signature" if is_wrong else "right", subject=place, key=secret.hex(),
            read=lambda answer: {"password": load(answer.decode()).get("verification_code")},
        )


class Messages(Load):
    """Messages, each with a key, some of them again; what had no answer comes again when its key is free."""

    PAUSE = 0.15

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.again: list[tuple] = []

    def turn(self) -> None:
        if self.again and self.again[0][0] <= time.time():
            _, state, subject = heapq.heappop(self.again)
            self.post(state, subject, "again")
            return
        state, subject = self.state(), secrets.token_hex(8)
        if self.random.random() < 0.2:
            self.post(state, subject, "without a key")
            return
        status = self.post(state, subject, "new")
        if status == 202:
            if self.random.random() < 0.3:
                self.post(state, subject, "again")
            if self.random.random() < 0.1:
                self.post(state, subject, "other")
        elif status is not None:
            wait = RESERVED_SECONDS if status in (NO_ANSWER, 503) else 1
            heapq.heappush(self.again, (time.time() + wait, state, subject))

    def post(self, state: str, subject: str, claim: str) -> int | None:
        """Sends a message and returns the status."""
        place = self.place(state)
        if not (bearer := self.bearer(state, place)):
            return None
        key = {} if claim == "without a key" else {"Idempotency-Key": subject}
        headers = {**bearer, "Content-Type": "application/json", **key}
        body = json.dumps({"message": subject, "is": "another" if claim == "other" else "the same"}).encode()
        answer = self.client.ask("message", place, "/inbox/verity", body, headers, claim=claim, state=state, subject=subject)
        return answer and answer[0]

    def finish(self) -> None:
        """Sends again what has come due by now."""
        while self.again and self.again[0][0] <= time.time():
            self.turn()


def keep_effects(servers, ledger) -> None:
    """Writes down which messages and codes are there at the end; each file is whole."""
    for state, places in PLACES.items():
        inbox = servers.folder / ("disk/inbox" if state == "sqlite" else "inbox")
        for file in inbox.iterdir():
            message = load(file.read_text())
            ledger.keep(message.get("message", f"not whole: {file.name}"), f"inbox {state}", places[0])
    for file in (servers.folder / "outbox").iterdir():
        ledger.keep(file.name.split("_")[0], "outbox", "")
