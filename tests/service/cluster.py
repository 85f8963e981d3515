"""Two instances of the service on one PostgreSQL, with HAProxy in front of them, while instances and the database go and come.

`python3 tests/service/cluster.py PROGRAM` takes a totp-adapter built with the feature serve. Debian's packages postgresql, haproxy
and pgbouncer must be installed, their services need not run. Everything that it starts it ends.
"""

import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import shared
from postgresql import ROLE, Server, free_port, give_away, unprivileged
from shared import CLIENT, CLIENT_SECRET, PATIENCE, ask, authority, basic, code, document, token, until, wrong

# Wrong codes for one destination that are looked at in a day.
GUESSES = 30


def now_step() -> int:
    """The current step, with enough of it left for what is done within it."""
    while time.time() % 30 > 20:
        time.sleep(0.2)
    return int(time.time()) // 30


def verify(port: int, bearer: str, key: bytes, password: str) -> int:
    """The status of a verification."""
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/xml"}
    return ask(port, "POST", "/x4/VerifyPassword", document(key, password), headers)[0]


def mfa(port: int, path: str, parameters: dict, headers: dict = {}) -> tuple:
    """Status and body of an answer about codes."""
    headers = {"Authorization": basic("project", CLIENT_SECRET), "Content-Type": "application/json", **headers}
    return ask(port, "POST", f"/api/relay/rest/mfa/{path}", json.dumps(parameters).encode(), headers)


def verify_code(port: int, request: str, text: str) -> str:
    """What comes of a code: true, false, or the status of another answer."""
    status, body = mfa(port, f"{request}/verify", {"token": text})
    return json.dumps(json.loads(body)["success"]) if status == 200 else str(status)


def at_once(count: int, act, threads: int = 100) -> Counter:
    """What many calls at once come to."""
    with ThreadPoolExecutor(threads) as pool:
        return Counter(pool.map(lambda _: act(), range(count)))


class Instance(shared.Instance):
    """An instance with an inbox, and a command that keeps the codes that leave."""

    def __init__(self, name: str, folder: Path, state: str):
        for box in ("inbox", "outbox"):
            (folder / box).mkdir(exist_ok=True)
        super().__init__(
            PROGRAM, name, folder, state,
            f'[[inbox]]\nname = "verity"\nclients = ["{CLIENT}"]\ndirectory = "inbox"\n'
            # The key of codes is made by whoever starts first.
            '[[delivery]]\nname = "gateway"\nkind = "command"\n'
            'command = ["/bin/sh", "-c", "cat > outbox/$1", "-", "{id}"]\n'
            '[mfa]\nproject = "project"\ntoken_file = "client.secret"\nkey_file = "mfa.key"\nsms = "gateway"\n'
            f"sends = 1000\nguesses = {GUESSES}\n",
        )


class Cluster:
    """Two instances and a proxy in front of them."""

    def __init__(self, folder: Path, server: Server):
        self.folder = folder
        self.server = server
        self.instances = [Instance(name, folder, server.url()) for name in ("one", "other")]
        self.port = free_port()
        self.proxy = None

    def __enter__(self):
        # Both find an empty database.
        for instance in self.instances:
            instance.start()
        for instance in self.instances:
            instance.wait()
        self.start_proxy()
        return self

    def __exit__(self, *_):
        if self.proxy:
            self.proxy.terminate()
            self.proxy.wait()
        for instance in self.instances:
            instance.end()

    def start_proxy(self) -> None:
        """Starts HAProxy, which sends a request to one instance and never again to another."""
        config = self.folder / "haproxy.cfg"
        servers = "".join(
            f"  server {i} 127.0.0.1:{instance.port} check inter 200ms fall 2 rise 1\n"
            for i, instance in enumerate(self.instances)
        )
        config.write_text(
            "global\n  maxconn 2000\n"
            "defaults\n  mode http\n  retries 0\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
            f"frontend all\n  bind 127.0.0.1:{self.port}\n  default_backend instances\n"
            "backend instances\n  balance roundrobin\n  option httpchk\n"
            f"  http-check send meth GET uri /healthz ver HTTP/1.0\n{servers}"
        )
        haproxy = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        if not haproxy:
            raise SystemExit("missing: haproxy; on Debian: apt-get install haproxy")
        with open(self.folder / "haproxy.log", "wb") as log:
            self.proxy = subprocess.Popen([haproxy, "-db", "-f", str(config)], stdout=log, stderr=log)
        until(lambda: ask(self.port, "GET", "/healthz")[0] == 200, "the proxy")


# contract 15.5d: two first starts at once, a token of one instance, a password that one accepts.
def one_state(cluster: Cluster) -> str:
    """What one instance knows, the other one knows."""
    one, other = cluster.instances
    assert cluster.server.sql("SELECT count(*) FROM salt") == "1"
    bearer = token(one.port)
    key, step = secrets.token_bytes(20), now_step()
    assert verify(other.port, bearer, key, code(key, step)) == 200
    assert verify(one.port, bearer, key, code(key, step)) == 403
    assert verify(one.port, bearer, key, code(key, step - 1)) == 403
    assert verify(other.port, "x" * 43, key, code(key, step)) == 401
    return bearer


# contract 15.5e: the same password a thousand times at once.
def accepted_once(cluster: Cluster, bearer: str) -> None:
    """Of a thousand who offer one password at once, one gets in."""
    key, step = secrets.token_bytes(20), now_step()
    answers = at_once(1000, lambda: verify(cluster.port, bearer, key, code(key, step)))
    assert answers == {200: 1, 403: 999}, answers
    print(f"a thousand at once: {dict(answers)}")


# contract 15.5e, 15.5f: the same, while an instance is killed.
def accepted_once_while_one_dies(cluster: Cluster, bearer: str) -> None:
    """Nobody gets in twice, and whoever has no answer has not got in for nothing."""
    for round_ in range(4):
        key, step = secrets.token_bytes(20), now_step()
        victim = cluster.instances[round_ % 2]
        timer = threading.Timer(random.uniform(0.0, 0.6), victim.kill)
        timer.start()
        answers = at_once(1000, lambda: verify(cluster.port, bearer, key, code(key, step)))
        timer.join()
        survivor = cluster.instances[1 - round_ % 2]
        # It was accepted once: by an answer, or by one that was lost with its instance.
        assert verify(survivor.port, bearer, key, code(key, step)) == 403, answers
        assert answers[200] == 1 or (answers[200] == 0 and answers[502] + answers[503] + answers[0] > 0), answers
        assert set(answers) <= {200, 403, 0, 502, 503}, answers
        victim.start().wait()
        print(f"a thousand at once, one instance killed: {dict(answers)}")


# contract 15.3a, 15.5e: two hundred wrong guesses at once.
def guesses_are_bounded(cluster: Cluster, bearer: str) -> None:
    """No more than five are looked at."""
    key = secrets.token_bytes(20)
    answers = at_once(200, lambda: verify(cluster.port, bearer, key, wrong(key)), threads=200)
    assert answers == {403: 5, 429: 195}, answers
    print(f"two hundred wrong guesses at once: {dict(answers)}")


def send_code(cluster: "Cluster", number: str, port: int = 0, **parameters) -> tuple:
    """A request for a code, and the code that arrived."""
    status, body = mfa(port or cluster.port, "sms", {"to": number, **parameters})
    assert status == 200, (status, body)
    request = json.loads(body)["id"]
    return request, (cluster.folder / "outbox" / request).read_text().split(": ")[1]


def another(text: str) -> str:
    """A wrong code."""
    return ("1" if text[0] != "1" else "2") + text[1:]


# contract 14.4b, 14.4c: one instance sends, all verify, one right code matches once.
def one_code_matches_once(cluster: Cluster) -> None:
    """Of a thousand who offer the code at once, one is told that it is right, also while an instance is killed."""
    one, other = cluster.instances
    request, text = send_code(cluster, "+15551234567", one.port)
    assert verify_code(other.port, request, another(text)) == "false"
    answers = at_once(1000, lambda: verify_code(cluster.port, request, text))
    assert answers == {"true": 1, "404": 999}, answers
    print(f"one code a thousand times at once: {dict(answers)}")
    for round_ in range(2):
        request, text = send_code(cluster, f"+1555765432{round_}")
        victim, survivor = cluster.instances[round_ % 2], cluster.instances[1 - round_ % 2]
        timer = threading.Timer(random.uniform(0.0, 0.4), victim.kill)
        timer.start()
        answers = at_once(1000, lambda: verify_code(cluster.port, request, text))
        timer.join()
        assert verify_code(survivor.port, request, text) == "404", answers
        lost = answers["502"] + answers["503"] + answers["0"]
        assert answers["true"] == 1 or (answers["true"] == 0 and lost > 0), answers
        assert set(answers) <= {"true", "404", "0", "502", "503"}, answers
        victim.start().wait()
        until(lambda: ask(cluster.port, "GET", "/healthz")[0] == 200, "the proxy")
        print(f"the same, one instance killed: {dict(answers)}")


# contract 14.3d, 14.4c: many wrong codes at once, for several requests of one destination.
def codes_are_guessed_in_bounds(cluster: Cluster) -> None:
    """No more are looked at than a day allows, and the right one is not looked at then."""
    number = "+15550001111"
    sent = [send_code(cluster, number, max_attempts=20) for _ in range(5)]
    guesses = iter([(request, another(text)) for request, text in sent * 40])
    lock = threading.Lock()

    def guess() -> str:
        with lock:
            request, text = next(guesses)
        return verify_code(cluster.port, request, text)

    answers = at_once(200, guess, threads=200)
    assert answers["false"] == GUESSES and set(answers) <= {"false", "429", "404"}, answers
    assert {verify_code(cluster.port, request, text) for request, text in sent} <= {"429", "404"}
    unlock = [PROGRAM, "unlock", "--config", str(cluster.instances[0].config), "--destination", "-"]
    ran = subprocess.run(unlock, input=number + "\n", capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert ran.stdout == '<Ok description="The destination is unlocked."/>\n', ran
    found = {verify_code(cluster.port, request, text) for request, text in sent}
    assert "true" in found and found <= {"true", "404"}, found
    print(f"two hundred wrong codes at once: {dict(answers)}")


# contract 13.4c, 14.3g: one key at both instances at once.
def one_key_has_one_effect(cluster: Cluster, bearer: str) -> None:
    """A message is written once and a code sent once, whoever asks."""
    key = {"Idempotency-Key": "the-same-one"}
    before = len(list((cluster.folder / "outbox").iterdir()))
    answers = at_once(100, lambda: mfa(cluster.port, "sms", {"to": "+15559998888"}, key))
    assert len(answers) == 1 and next(iter(answers))[0] == 200, answers
    assert len(list((cluster.folder / "outbox").iterdir())) == before + 1
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json", **key}
    answers = at_once(100, lambda: ask(cluster.port, "POST", "/inbox/verity", b"{}", headers)[0])
    assert answers == {202: 100}, answers
    assert len(list((cluster.folder / "inbox").iterdir())) == 1
    print("one Idempotency-Key a hundred times at once: one code, one file")


# contract 15.4a, 15.5f: the database goes and comes back under load.
def database_restarts(cluster: Cluster, bearer: str) -> None:
    """Without it nothing matches; with it again all is well, and nothing is accepted twice."""
    keys = [secrets.token_bytes(20) for _ in range(200)]
    accepted, seen, over = Counter(), Counter(), threading.Event()

    def load() -> None:
        while not over.is_set():
            key = random.choice(keys)
            step = int(time.time()) // 30
            status = verify(cluster.port, bearer, key, code(key, step))
            seen[status] += 1
            if status == 200:
                accepted[key, step] += 1

    threads = [threading.Thread(target=load) for _ in range(16)]
    for thread in threads:
        thread.start()
    try:
        for end in (cluster.server.stop, cluster.server.crash):
            time.sleep(1)
            end()
            until(lambda: all(instance.get("/readyz") == 503 for instance in cluster.instances), "503")
            before = seen[503]
            until(lambda: seen[503] > before + 20, "503 under load")
            assert all(instance.get("/healthz") == 200 for instance in cluster.instances)
            cluster.server.start()
            for instance in cluster.instances:
                instance.wait()
            before = seen[200] + seen[403]
            until(lambda: seen[200] + seen[403] > before + 20, "answers again")
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert set(seen) <= {200, 403, 503}, seen
    assert accepted and max(accepted.values()) == 1, accepted.most_common(3)
    print(f"the database stopped and crashed under load: {dict(seen)}")


# contract 15.5f: a database that is silent, or a row that somebody keeps, does not hang the service.
def database_hangs(cluster: Cluster, bearer: str) -> None:
    """Whoever asks is answered in time, and all is well when it goes on."""
    key = secrets.token_bytes(20)
    cluster.server.pause()
    begin = time.monotonic()
    answers = at_once(20, lambda: verify(cluster.port, bearer, key, wrong(key)), threads=20)
    took = time.monotonic() - begin
    cluster.server.resume()
    assert answers == {503: 20} and took < 25, (answers, took)
    for instance in cluster.instances:
        instance.wait()
    step = now_step()
    fresh = secrets.token_bytes(20)
    assert verify(cluster.port, bearer, fresh, code(fresh, step)) == 200
    print(f"the database stood still: {dict(answers)} after {took:.1f} s")


# contract 15.5j: a pool that gives each transaction another session.
def behind_a_pool(server: Server, folder: Path) -> None:
    """PgBouncer with two sessions for all."""
    pgbouncer = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if not pgbouncer:
        raise SystemExit("missing: pgbouncer; on Debian: apt-get install pgbouncer")
    port = free_port()
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n{ROLE} = host=127.0.0.1 port={server.port} dbname={ROLE}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        "pool_mode = transaction\ndefault_pool_size = 2\n"
    )
    config.write_text(config.read_text().replace(f"dbname={ROLE}", f"dbname={ROLE} user={ROLE}"))
    give_away(config)
    with open(folder / "pgbouncer.log", "wb") as log:
        pool = subprocess.Popen([pgbouncer, str(config)], stdout=log, stderr=log, cwd="/", **unprivileged())
    instance = Instance("pooled", folder, f"postgres://{ROLE}@127.0.0.1:{port}/{ROLE}")
    try:
        until(lambda: b"process up" in (folder / "pgbouncer.log").read_bytes(), "pgbouncer")
        instance.start().wait()
        bearer = token(instance.port)
        key, step = secrets.token_bytes(20), now_step()
        answers = at_once(200, lambda: verify(instance.port, bearer, key, code(key, step)), threads=50)
        assert answers == {200: 1, 403: 199}, answers
        print(f"behind PgBouncer: {dict(answers)}")
    finally:
        instance.end()
        pool.terminate()
        pool.wait()


# contract 15.5g, 15.1g: certificates, and a password from a file.
def over_tls(folder: Path) -> None:
    """Who is not the host of the certificate gets no password."""
    certificates = folder / "certificates"
    certificates.mkdir()
    authority(certificates)
    (folder / "password").write_text("a password of the database\n")
    (folder / "password").chmod(0o600)
    give_away(certificates / "server.key")
    settings = [f"ssl_cert_file={certificates}/server.pem", f"ssl_key_file={certificates}/server.key", "ssl=on"]
    with Server(*settings) as server:
        server.sql("CREATE ROLE asked LOGIN SUPERUSER PASSWORD 'a password of the database'")
        rules = server.data() / "pg_hba.conf"
        rules.write_text(f"local all all trust\nhost all {ROLE} all trust\nhostssl all asked all scram-sha-256\n")
        server.sql("SELECT pg_reload_conf()")
        here = f"postgres://asked@localhost:{server.port}/{ROLE}?sslrootcert={certificates}/ca.pem"
        for more, password, said in [
            ("", "password", "is unlocked"),
            ("&sslmode=verify-ca", "password", "is unlocked"),
            ("&sslmode=require", "password", "is unlocked"),
            ("", "other", "denies access"),
            ("", None, "agree on TLS or on how to log in"),
            ("&sslmode=disable", "password", "denies access"),
        ]:
            check_unlock(folder, here + more, password, said)
        # The certificate is for localhost.
        elsewhere = here.replace("@localhost", "@127.0.0.1")
        check_unlock(folder, elsewhere, "password", "certificate cannot be trusted")
        check_unlock(folder, elsewhere + "&sslmode=verify-ca", "password", "is unlocked")
        # The system does not know the authority.
        for mode in ("verify-full", "verify-ca"):
            unknown = here.split("?")[0] + f"?sslmode={mode}"
            check_unlock(folder, unknown, "password", "certificate cannot be trusted")
        for mode in ("require", "prefer"):
            check_unlock(folder, here.split("?")[0] + f"?sslmode={mode}", "password", "is unlocked")
    print("over TLS: as sslmode says")


def check_unlock(folder: Path, state: str, password: str | None, said: str) -> None:
    """What `unlock` says with this state and the password in a file."""
    (folder / "other").write_text("another password\n")
    command = [PROGRAM, "unlock", "--state", state]
    if password:
        command += ["--state-password-file", str(folder / password)]
    ran = subprocess.run(
        command, input="<Secret>GEZDGNBVGY3TQOJQ</Secret>", capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert said in ran.stdout, (state, password, ran.stdout)


def main() -> None:
    """Runs everything, and shows what the servers said where something fails."""
    # What is started is ended, whatever ends this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    folder.chmod(0o755)
    try:
        with Server() as server:
            with Cluster(folder, server) as cluster:
                bearer = one_state(cluster)
                accepted_once(cluster, bearer)
                guesses_are_bounded(cluster, bearer)
                accepted_once_while_one_dies(cluster, bearer)
                one_code_matches_once(cluster)
                codes_are_guessed_in_bounds(cluster)
                one_key_has_one_effect(cluster, bearer)
                database_restarts(cluster, bearer)
                database_hangs(cluster, bearer)
            behind_a_pool(server, folder)
        over_tls(folder)
    except BaseException:
        for log in sorted(folder.glob("*.log")):
            print(f"{log.name}:\n{log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
        raise
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python3 tests/service/cluster.py PROGRAM")
    PROGRAM = str(Path(sys.argv[1]).resolve())
    main()
