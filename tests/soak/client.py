"""How the generators ask over HTTPS, on connections that stay open and on new ones: each request is in the ledger before it leaves."""

import http.client
import random
import ssl
import time

from ledger import NO_ANSWER, Ledger
from servers import Servers
from shared import CLIENT_SECRET, PATIENCE, basic, token_form
from world import load

# Well before the service closes a connection that nobody uses.
IDLE_SECONDS = 20
# How often a new connection is made though one is open.
ANEW = 0.1


class Client:
    """The connections of one thread."""

    def __init__(self, servers: Servers, ledger: Ledger, random_: random.Random):
        self.servers, self.ledger, self.random = servers, ledger, random_
        self.context = ssl.create_default_context(cafile=str(servers.folder / "ca.pem"))
        self.open: dict[str, tuple] = {}

    def connection(self, place: str) -> http.client.HTTPSConnection | None:
        """A connection to a place; none where it takes none."""
        connection, start, used = self.open.get(place, (None, -1, 0.0))
        is_old = start != self.servers.starts[place] or time.time() - used > IDLE_SECONDS
        if connection and (is_old or self.random.random() < ANEW):
            connection.close()
            connection = None
        if not connection:
            start = self.servers.starts[place]
            connection = self.connect(place)
        if connection:
            self.open[place] = (connection, start, time.time())
        else:
            self.open.pop(place, None)
        return connection

    def connect(self, place: str) -> http.client.HTTPSConnection | None:
        """A new connection, and the certificate that was shown."""
        request = self.ledger.ask("connect", place, subject=place)
        port = self.servers.instances[place].port
        connection = http.client.HTTPSConnection("localhost", port, timeout=PATIENCE, context=self.context)
        try:
            connection.connect()
        except OSError as error:
            self.ledger.answer(request, NO_ANSWER, error=type(error).__name__)
            return None
        self.ledger.answer(request, 200, serial=connection.sock.getpeercert()["serialNumber"])
        return connection

    def ask(self, kind: str, place: str, path: str, body: bytes = b"", headers: dict = {}, *, method: str = "POST",
            read=lambda _: {}, **said) -> tuple[int, dict] | None:
        """Status and what was found in the answer; None where there was no connection, and so no request."""
        connection = self.connection(place)
        if not connection:
            return None
        request = self.ledger.ask(kind, place, **said)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.drop(place)
            self.ledger.answer(request, NO_ANSWER, error=type(error).__name__)
            return NO_ANSWER, {}
        found = read(content) if answer.status < 300 else {}
        if retry_after := answer.headers.get("Retry-After"):
            found["retry_after"] = retry_after
        self.ledger.answer(request, answer.status, **found)
        if answer.will_close:
            self.drop(place)
        return answer.status, found

    def drop(self, place: str) -> None:
        """Closes the connection to a place."""
        if place in self.open:
            self.open.pop(place)[0].close()


class Tokens:
    """A token for each state, renewed now and then, which all threads use."""

    RENEWED_SECONDS = 30

    def __init__(self):
        self.tokens: dict[str, tuple[str, float]] = {}

    def bearer(self, client: Client, state: str, place: str) -> dict | None:
        """The header with the token; None where there is none yet."""
        token, since = self.tokens.get(state, ("", 0.0))
        if time.time() - since > self.RENEWED_SECONDS:
            self.renew(client, state, place)
            token, _ = self.tokens.get(state, ("", 0.0))
        return {"Authorization": f"Bearer {token}"} if token else None

    def renew(self, client: Client, state: str, place: str) -> None:
        """Asks for another one; the old one stays where there is none."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = client.ask("token", place, "/oauth2/token", token_form(), headers, subject=place, read=sound_token)
        if answer and answer[0] == 200:
            self.tokens[state] = (answer[1]["token"], time.time())


def sound_token(body: bytes) -> dict:
    """The token of an answer."""
    found = load(body.decode())
    is_sound = found.get("token_type") == "Bearer" and found.get("expires_in") == 3600
    return {"token": found.get("access_token"), "sound": is_sound}


BASIC = basic("project", CLIENT_SECRET)
