"""Generators of load over HTTPS, each a thread: passwords that are made and verified, tokens, health."""

import base64
import random
import re
import secrets
import threading
import time
import traceback
from itertools import count

from client import Client, Tokens
from ledger import Ledger
from servers import Servers
from shared import code, document, wrong
from world import PERIOD

PLACES = {"postgresql": ("one", "other"), "sqlite": ("single",)}
# Further from a step than any clock is stepped.
FAR = 12
groups = count(1)


class Load(threading.Thread):
    """A thread that does the same over and over until it is stopped; what goes wrong in it is a fault of the load."""

    PAUSE = 0.04

    def __init__(self, servers: Servers, ledger: Ledger, tokens: Tokens, number: int):
        super().__init__(name=f"{type(self).__name__} {number}", daemon=True)
        self.servers, self.ledger, self.tokens, self.number = servers, ledger, tokens, number
        self.random = random.Random(f"{self.name}")
        self.client = Client(servers, ledger, self.random)
        self.is_over = threading.Event()
        self.error = None

    def run(self) -> None:
        try:
            while not self.is_over.is_set():
                self.turn()
                time.sleep(self.random.uniform(0, 2 * self.PAUSE))
            self.finish()
        except BaseException:
            self.error = traceback.format_exc()

    def turn(self) -> None:
        """One turn."""
        raise NotImplementedError

    def finish(self) -> None:
        """What remains to be done at the end."""

    def state(self) -> str:
        """A state to ask."""
        return self.random.choice(("postgresql", "postgresql", "sqlite"))

    def place(self, state: str) -> str:
        """An instance on it."""
        return self.random.choice(PLACES[state])

    def step(self, place: str) -> int:
        """The current step there."""
        return int(self.servers.clock(place)) // PERIOD

    def bearer(self, state: str, place: str, client: Client | None = None) -> dict | None:
        """The header with a token."""
        return self.tokens.bearer(client or self.client, state, place)

    def verify(self, state: str, place: str, key: bytes, password: str, claim: str, *, account: str = "",
               at_once: int | None = None, client: Client | None = None) -> int | None:
        """Verifies a password, and returns the status."""
        client = client or self.client
        bearer = self.bearer(state, place, client)
        if not bearer:
            return None
        path = f"/accounts/{account}/VerifyPassword" if account else "/x4/VerifyPassword"
        body = f"<Password>{password}</Password>".encode() if account else document(key, password)
        answer = client.ask(
            "verify", place, path, body, {**bearer, "Content-Type": "application/xml"}, claim=claim, state=state,
            subject=key.hex(), at_once=at_once, key=key.hex(), password=password,
        )
        return answer and answer[0]


class Passwords(Load):
    """A new secret each time, or one of the accounts of this thread: a right password, then others of which each is refused."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        names = list(self.servers.accounts)
        self.mine = names[self.number::4]

    def turn(self) -> None:
        act = self.random.choices((self.life, self.account, self.locked), (30, 30, 1))[0]
        act(self.state())

    def life(self, state: str) -> None:
        """A secret from its first password on."""
        key, place = secrets.token_bytes(20), self.place(state)
        if self.random.random() < 0.3:
            self.verify(state, place, key, wrong(key, FAR), "wrong")
        step = self.step(place) + self.random.choice((-1, 0, 0, 1))
        self.verify(state, place, key, code(key, step), "right")
        self.verify(state, self.place(state), key, code(key, step), "used")
        later, claim = self.random.choice(((step - 1, "earlier"), (step + 4, "outside"), (step + 1, "next")))
        self.verify(state, self.place(state), key, code(key, later), claim)

    def account(self, state: str) -> None:
        """The current password of an account, as often as its turn comes: once in a step it is new."""
        name = self.random.choice(self.mine)
        key, place = base64.b32decode(self.servers.accounts[name]), self.place(state)
        step = self.step(place)
        self.verify(state, place, key, code(key, step), "of an account", account=name)

    def locked(self, state: str) -> None:
        """Too many wrong ones, and a right one that is not looked at."""
        key, place = secrets.token_bytes(20), self.place(state)
        for _ in range(6):
            self.verify(state, place, key, wrong(key, FAR), "wrong")
        self.verify(state, place, key, code(key, self.step(place)), "right, locked")


class Races(Load):
    """One password many times at once, at all instances of its state: it is accepted once."""

    PAUSE = 0.3
    MANY = 4

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.clients = [Client(self.servers, self.ledger, random.Random(f"race {number}")) for number in range(self.MANY)]

    def turn(self) -> None:
        state = self.state()
        key, place = secrets.token_bytes(20), self.place(state)
        password, group = code(key, self.step(place)), next(groups)
        places = [PLACES[state][number % len(PLACES[state])] for number in range(self.MANY)]
        threads = [
            threading.Thread(
                target=self.verify, args=(state, at, key, password, "at once"), kwargs={"at_once": group, "client": client}
            )
            for at, client in zip(places, self.clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.verify(state, place, key, password, "used")


class Small(Load):
    """What needs no memory of its own: passwords, secrets and pictures that are made, tokens, health."""

    PAUSE = 0.1

    def turn(self) -> None:
        state = self.state()
        place = self.place(state)
        acts = (self.generate, self.secret, self.health, self.metrics, self.token, self.picture)
        self.random.choices(acts, (10, 5, 5, 2, 1, 1))[0](state, place)

    def operation(self, kind: str, state: str, place: str, path: str, body: bytes, **more) -> None:
        """Asks an operation with a token."""
        if bearer := self.bearer(state, place):
            self.client.ask(kind, place, path, body, {**bearer, "Content-Type": "application/xml"}, subject=place, **more)

    def generate(self, state: str, place: str) -> None:
        key = secrets.token_bytes(20)
        name = self.random.choice(list(self.servers.accounts))
        if self.random.random() < 0.5:
            path, body, key = f"/accounts/{name}/GeneratePassword", b"", base64.b32decode(self.servers.accounts[name])
        else:
            path, body = "/x4/GeneratePassword", f"<Secret>{base64.b32encode(key).decode()}</Secret>".encode()
        self.operation("generate", state, place, path, body, key=key.hex(), read=lambda answer: element("Password", answer))

    def secret(self, state: str, place: str) -> None:
        self.operation("secret", state, place, "/x4/GenerateSecret", b"", read=lambda answer: element("Secret", answer))

    def picture(self, state: str, place: str) -> None:
        body = f"<Secret>{base64.b32encode(secrets.token_bytes(20)).decode()}</Secret>".encode()
        path = "/x4/GenerateAuthenticatorQRCode?issuer=Soak&account=soak"
        self.operation("picture", state, place, path, body, read=lambda answer: {"sound": is_picture(answer)})

    def health(self, _: str, place: str) -> None:
        self.client.ask("health", place, "/healthz", method="GET", subject=place)

    def metrics(self, _: str, place: str) -> None:
        self.client.ask("health", place, "/metrics", method="GET", subject=place, claim="metrics", read=sound_metrics)

    def token(self, state: str, place: str) -> None:
        self.tokens.renew(self.client, state, place)


def element(name: str, answer: bytes) -> dict:
    """The text of the one element of an answer."""
    found = re.fullmatch(f"<{name}>([A-Z0-9]+)</{name}>\n", answer.decode())
    return {name.lower(): found[1] if found else None}


def is_picture(answer: bytes) -> bool:
    """Whether it is a PNG of 512x512 pixels, to its end."""
    size = (512).to_bytes(4, "big")
    return answer[:8] == b"\x89PNG\r\n\x1a\n" and answer[16:24] == size + size and answer[-8:-4] == b"IEND"


def sound_metrics(answer: bytes) -> dict:
    """No panic was counted."""
    found = re.search(rb"^totp_adapter_panics_total (\d+)$", answer, re.MULTILINE)
    return {"sound": bool(found) and found[1] == b"0"}
