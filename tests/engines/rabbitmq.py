"""RabbitMQ: the page's commands, and what becomes of a message by the exit code of the command that answers it.

`python3 tests/engines/rabbitmq.py` starts a broker of its own; Debian's packages rabbitmq-server and amqp-tools must be
installed, their service need not run.
"""

import base64
import functools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import readme
from daemons import Daemons, free_port

# Debian's own start script changes to the service's user and its folders.
SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
REPLY = str(readme.PROJECT / "schemas/rabbitmq/reply.sh")
SECRET = "<Secret>GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ</Secret>"
REFUSED = f"<TOTP><Password>00000</Password>{SECRET}</TOTP>"
NO_DOCUMENT = "<TOTP/>"
MISMATCH = '<Error description="The password provided is incorrect."/>\n'
# RFC 6238, appendix B: six digits of the password at second 59.
ACCEPTED = f"<TOTP><Password>287082</Password>{SECRET}</TOTP>"
MATCH = '<Ok description="The password matches."/>\n'
VERIFY = ["totp-adapter", "--operation", "VerifyPassword", "--now", "59"]


# contract 8.2b
def main() -> None:
    """Runs the page's commands and the checks beside a broker that ends with them."""
    require("amqp-consume", "amqp-publish", "epmd", SERVER)
    with tempfile.TemporaryDirectory(prefix="rabbitmq-") as folder:
        port = free_port()
        broker = f"amqp://127.0.0.1:{port}"
        with Daemons(Path(folder), settings(Path(folder), port)) as daemons:
            daemons.start("epmd", "-port", daemons.environment["ERL_EPMD_PORT"], "-address", "127.0.0.1")
            daemons.start(SERVER, "-noinput")
            daemons.wait_until(lambda: tool(broker, "amqp-declare-queue", "--queue", "probe").returncode == 0, SERVER)
            readme.run("rabbitmq", {"BROKER": broker}, check=functools.partial(check, broker))


def require(*programs: str) -> None:
    """Fails where a program is missing."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        raise SystemExit(f"missing: {', '.join(missing)}; on Debian: apt-get install rabbitmq-server amqp-tools")


def settings(folder: Path, port: int) -> dict:
    """The environment of a broker that keeps everything in a folder and listens on the loopback only."""
    (folder / "environment").touch()
    (folder / "plugins").write_text("[].\n")
    (folder / "rabbitmq.conf").touch()
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        # Erlang leaves its cookie here.
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(free_port()),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"totp-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        # No shell and no script around the server: its process is the one that we end.
        "RABBITMQ_ALLOW_INPUT": "1",
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "environment"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES": str(folder / "conf.d"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_PLUGINS_EXPAND_DIR": str(folder / "expanded"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
        "RABBITMQ_FEATURE_FLAGS_FILE": str(folder / "features"),
    }


def check(broker: str, folder: Path, _shell) -> None:
    """What the page says of acknowledgements, of long messages, of replies that cannot be sent, of passwords."""
    refusals_block_a_queue(broker, folder)
    refusals_are_answered(broker, folder)
    long_messages_are_answered(broker, folder)
    a_reply_that_cannot_be_sent_keeps_the_message(broker, folder)
    a_symbol_comes_in_base64(broker, folder)
    an_authfile_is_enough(broker, folder)


def refusals_block_a_queue(broker: str, folder: Path) -> None:
    """With the default exit codes a refused message is kept, comes back, and lets nothing past."""
    publish(broker, "blocked", REFUSED, ACCEPTED)
    for attempt in ("first", "second"):
        with Consumer(broker, folder, "blocked", VERIFY) as consumer:
            consumer.wait_for(MISMATCH)
            time.sleep(2)
            expect(f"the {attempt} consumer of a refused message", consumer.output(), MISMATCH)
    with Consumer(broker, folder, "blocked", [*VERIFY, "--exit-code", "zero"]) as consumer:
        consumer.wait_for(MISMATCH + MATCH)
    expect("the queue after --exit-code zero", get(broker, "blocked"), None)


def refusals_are_answered(broker: str, folder: Path) -> None:
    """With `--exit-code zero` every message has its reply, in order, and is gone."""
    publish(broker, "answered", REFUSED, ACCEPTED, NO_DOCUMENT, ACCEPTED)
    declare(broker, "answers")
    with Consumer(broker, folder, "answered", [REPLY, "answers", *VERIFY, "--exit-code", "zero"]):
        for number, reply in enumerate([MISMATCH, MATCH, MISMATCH, MATCH], start=1):
            expect(f"reply {number}", next_of(broker, "answers"), reply)
    expect("the queue", get(broker, "answered"), None)


def long_messages_are_answered(broker: str, folder: Path) -> None:
    """A message that is longer than a document and a pipe ends amqp-consume, but not beside reply.sh."""
    publish(broker, "long", " " * 1_000_000)
    declare(broker, "answers")
    command = [*VERIFY, "--exit-code", "zero"]
    with Consumer(broker, folder, "long", command) as consumer:
        expect("the end of amqp-consume", consumer.process.wait(timeout=30), -signal.SIGPIPE)
    with Consumer(broker, folder, "long", [REPLY, "answers", *command]) as consumer:
        expect("the reply to a long message", next_of(broker, "answers"), MISMATCH)
        publish(broker, "long", ACCEPTED)
        expect("the reply after it", next_of(broker, "answers"), MATCH)
    expect("the queue", get(broker, "long"), None)


def a_reply_that_cannot_be_sent_keeps_the_message(broker: str, folder: Path) -> None:
    """No message is acknowledged before its reply is with the broker."""
    publish(broker, "kept", ACCEPTED)
    command = ["env", f"BROKER=amqp://127.0.0.1:{free_port()}", REPLY, "answers", *VERIFY, "--exit-code", "zero"]
    with Consumer(broker, folder, "kept", command) as consumer:
        consumer.wait_for("opening socket to")
    expect("the queue", next_of(broker, "kept"), ACCEPTED)


def a_symbol_comes_in_base64(broker: str, folder: Path) -> None:
    """A QR code is a reply like the others."""
    publish(broker, "drawn", SECRET)
    draw = ["totp-adapter", "--operation", "GenerateAuthenticatorQRCode", "--account", "john.doe@example.org"]
    with Consumer(broker, folder, "drawn", [REPLY, "answers", *draw, "--base64", "--exit-code", "zero"]):
        picture = base64.b64decode(next_of(broker, "answers"))
    expect("the start of a PNG", picture[:8], b"\x89PNG\r\n\x1a\n")
    expect("the end of a PNG", picture[-8:-4], b"IEND")


def an_authfile_is_enough(broker: str, folder: Path) -> None:
    """The broker's password comes from a file, in the form that the page gives."""
    publish(broker, "locked", ACCEPTED)
    port = broker.rpartition(":")[2]
    for password, code in (("wrong", 1), ("guest", 0)):
        (folder / "authfile").write_text(f"username:guest\npassword:{password}\n")
        command = ["amqp-get", "--server", "127.0.0.1", "--port", port, "--authfile", "authfile", "--queue", "locked"]
        expect(f"amqp-get as {password}", subprocess.run(command, cwd=folder, capture_output=True).returncode, code)


class Consumer:
    """An amqp-consume that takes one message at a time until the block ends."""

    def __init__(self, broker: str, folder: Path, queue: str, command: list):
        self.log = folder / "consumer.log"
        path = os.pathsep.join([str(readme.PROGRAM.parent), os.environ["PATH"]])
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["amqp-consume", "--url", broker, "--queue", queue, "--prefetch-count", "1", "--", *command],
                env={**os.environ, "PATH": path, "BROKER": broker},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def output(self) -> str:
        """What the commands wrote, without the lines about their status."""
        lines = self.log.read_text().splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("totp-adapter: status "))

    def wait_for(self, text: str) -> None:
        """Waits until the commands have written a text first."""
        wait(lambda: self.output().startswith(text), lambda: f"expected {text!r}, found {self.output()!r}")


def declare(broker: str, queue: str) -> None:
    """Makes sure that there is a queue."""
    expect(f"declare {queue}", tool(broker, "amqp-declare-queue", "--queue", queue).returncode, 0)


def publish(broker: str, queue: str, *documents: str) -> None:
    """Puts messages into a queue, which is made if need be."""
    declare(broker, queue)
    for document in documents:
        done = tool(broker, "amqp-publish", "--routing-key", queue, stdin=document)
        expect(f"publish to {queue}", done.returncode, 0)


def get(broker: str, queue: str):
    """The next message of a queue, or None."""
    done = tool(broker, "amqp-get", "--queue", queue)
    if done.returncode not in (0, 2):
        raise SystemExit(f"amqp-get: {done.stderr}")
    return done.stdout if done.returncode == 0 else None


def next_of(broker: str, queue: str) -> str:
    """The next message of a queue, as soon as there is one."""
    found = []
    wait(lambda: (message := get(broker, queue)) is not None and not found.append(message), lambda: f"{queue} is empty")
    return found[0]


def tool(broker: str, name: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess:
    """Runs one of the amqp tools."""
    command = [name, "--url", broker, *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=30)


def wait(ready, complaint) -> None:
    """Waits for a condition, 30 seconds at most."""
    end = time.monotonic() + 30
    while not ready():
        if time.monotonic() > end:
            raise SystemExit(complaint())
        time.sleep(0.1)


def expect(what: str, found, expected) -> None:
    """Fails where something is not as expected."""
    if found != expected:
        raise SystemExit(f"rabbitmq: {what}: expected {expected!r:.300}, found {found!r:.300}")


if __name__ == "__main__":
    main()
