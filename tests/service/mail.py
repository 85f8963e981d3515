"""A real Postfix and a real fetchmail hand mails to `push skyvern --mail`, by the lines of the page (contract 12.3).

    python mail.py target/debug/totp-adapter

It needs Debian's postfix and fetchmail, openssl, and root, without which Postfix starts nothing. This Postfix has its own configuration,
queue and port, and sends nothing to other machines; the one of the system stays as it is. Skyvern and the server with the mailbox are
stand-ins. The last line says that all went well.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import smtplib
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "schemas/skyvern/README.md"
KEY = "key-of_the-test"
# Long: nothing here measures the machine.
DEADLINE = 60
PASSWORD = "password of the mailbox"
# Postfix starts no program as root or as its own user.
USER = "nobody"

MAIN = """
compatibility_level = 3.6
queue_directory = FOLDER/queue
data_directory = FOLDER/data
maillog_file = FOLDER/log
maillog_file_prefixes = FOLDER
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
enable_long_queue_ids = yes
myhostname = mail.test
mydestination =
mynetworks = 127.0.0.1
smtpd_peername_lookup = no
transport_maps = texthash:FOLDER/transport
default_transport = error:nothing leaves this test
relay_transport = error:nothing leaves this test
skyvern_destination_recipient_limit = 1
"""

MASTER = """
127.0.0.1:PORT inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
mailbox unix - n n - 1 pipe flags=R user=USER argv=/usr/bin/tee FOLDER/mailbox/bounce
"""


class Skyvern(BaseHTTPRequestHandler):
    """Keeps what comes, and answers with these statuses, then with 200."""

    requests = []
    statuses = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.statuses.pop(0) if self.statuses else 200
        self.requests.append((status, self.path, self.headers["x-api-key"], json.loads(body)))
        answer = b'{"totp_code_id":"otp_1","code":"123456"}' if status == 200 else b'{"detail":"no"}'
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        if status == 503:
            # Longer than the program itself goes on trying: it gives up at once.
            self.send_header("Retry-After", "3600")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Tells nobody."""


def arrived(status, identifier, code):
    """The one request that came since the last call: its status, and what was in it."""
    assert len(Skyvern.requests) == 1, Skyvern.requests
    found = Skyvern.requests.pop()
    content = {"totp_identifier": identifier, "source": "email", "content": f"Your code is {code}."}
    assert found == (status, "/v1/credentials/totp", KEY, content), found


def mail(code):
    """A mail as shops send them."""
    return f"From: no-reply@shop.example\nTo: Me <me@example.org>\nSubject: Your code\n\nYour code is {code}.\n"


def until(what, look):
    """What is found, once it is."""
    end = time.monotonic() + DEADLINE
    while not (found := look()):
        assert time.monotonic() < end, f"not within {DEADLINE} s: {what}"
        time.sleep(0.05)
    return found


def lines(kind, replaced):
    """The lines of the page for a mail system, with other names in place of those that it shows."""
    text = re.search(f"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    for shown, real in replaced.items():
        assert text.count(shown) == 1, (shown, text)
        text = text.replace(shown, str(real))
    return text


class Postfix:
    """A Postfix below a folder."""

    def __init__(self, folder, program, base, key_file):
        self.folder, self.log = folder, folder / "log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        for name, owner in [("queue", "root"), ("data", "postfix"), ("mailbox", USER), ("etc", "root")]:
            (folder / name).mkdir(mode=0o755)
            shutil.chown(folder / name, owner)
        service = lines("postfix", {"/usr/local/bin/totp-adapter": program, "https://api.skyvern.com": base,
                                    "/etc/skyvern-codes/skyvern.key": key_file, "user=skyvern": f"user={USER}"})
        (folder / "transport").write_text("codes@example.org skyvern:\nshop.example mailbox:\n", encoding="utf-8")
        for name, text in [("main.cf", MAIN), ("master.cf", MASTER + service)]:
            for shown, real in [("FOLDER", folder), ("PORT", self.port), ("=USER", f"={USER}")]:
                text = text.replace(shown, str(real))
            (folder / "etc" / name).write_text(text, encoding="utf-8")

    def run(self, program, *arguments):
        """Runs a program of Postfix for this one, and returns its output."""
        with tempfile.TemporaryFile("w+") as output:  # A pipe would stay open in what goes on in the background.
            command = [program, "-c", str(self.folder / "etc"), *arguments]
            ran = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False, timeout=DEADLINE)
            output.seek(0)
            text = output.read()
            assert ran.returncode == 0, (command, text)
            return text

    def __enter__(self):
        self.run("postfix", "start")
        return self

    def __exit__(self, *_):
        master = int((self.folder / "queue/pid/master.pid").read_text(encoding="utf-8"))
        try:
            self.run("postfix", "stop")
            until("the end of Postfix", lambda: not Path(f"/proc/{master}").exists())
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(master, signal.SIGKILL)

    def send(self, code):
        """Gives it a mail for Skyvern, and returns the name that it has in the queue."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=DEADLINE) as connection:
            connection.ehlo("shop.example")
            connection.mail("no-reply@shop.example")
            connection.rcpt("codes@example.org")
            status, words = connection.data(mail(code))
            assert status == 250, words
            return words.decode().rsplit(" ", 1)[1]

    def became(self, name, status):
        """The line of the log by which a mail has this status."""
        pattern = re.compile(f".* {name}: to=<codes@example.org>.* status={status} .*")
        return until(f"{name} is {status}", lambda: pattern.search(self.log.read_text(encoding="utf-8")))[0]

    def queue(self):
        """The names of the mails that wait, each with the queue that it is in."""
        found = [json.loads(line) for line in self.run("postqueue", "-j").splitlines()]
        return [(message["queue_id"], message["queue_name"]) for message in found]


# contract 12.3a, 12.3b, 12.3g
def postfix(folder, program, base, key_file):
    with Postfix(folder, program, base, key_file) as server:
        sent = server.send("111111")
        server.became(sent, "sent")
        arrived(200, "codes@example.org", "111111")

        # Skyvern is away: the mail stays, and comes with the next attempt.
        Skyvern.statuses = [503]
        sent = server.send("222222")
        server.became(sent, "deferred")
        arrived(503, "codes@example.org", "222222")
        until("the mail waits", lambda: server.queue() == [(sent, "deferred")])
        server.run("postfix", "flush")
        server.became(sent, "sent")
        arrived(200, "codes@example.org", "222222")

        # The key is refused: the mail goes back.
        Skyvern.statuses = [401]
        sent = server.send("333333")
        said = server.became(sent, "bounced")
        arrived(401, "codes@example.org", "333333")
        bounce = folder / "mailbox/bounce"
        until("the mail has gone back", lambda: bounce.exists() and not server.queue())
        report = bounce.read_text(encoding="utf-8")
        assert "multipart/report" in report and "no-reply@shop.example" in report, report
        assert KEY not in report and "333333" not in said, (report, said)
    log = (folder / "log").read_text(encoding="utf-8")
    assert KEY not in log and not re.search("111111|222222|333333", log), log


class Mailbox(socketserver.StreamRequestHandler):
    """A server for POP3 (RFC 1939) with a mailbox, over TLS."""

    mails = []
    context = None

    def setup(self):
        self.request = self.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())

    def handle(self):
        removed = set()
        self.say("+OK")
        while line := self.rfile.readline().decode().split():
            verb, number = line[0].upper(), int(line[1]) if line[1:] and line[1].isdigit() else 0
            kept = [(index + 1, text) for index, text in enumerate(self.mails) if index + 1 not in removed]
            if verb == "CAPA":
                self.say("+OK\r\nUSER\r\nUIDL\r\nTOP\r\n.")
            elif verb == "PASS" and " ".join(line[1:]) != PASSWORD:
                self.say("-ERR")
            elif verb in ("USER", "PASS", "NOOP"):
                self.say("+OK")
            elif verb == "STAT":
                self.say(f"+OK {len(kept)} {sum(len(text) for _, text in kept)}")
            elif verb in ("LIST", "UIDL") and number == 0:
                values = [f"{index} {len(text) if verb == 'LIST' else f'mail-{index}'}" for index, text in kept]
                self.say("\r\n".join(["+OK", *values, "."]))
            elif verb == "LIST":
                self.say(f"+OK {number} {len(self.mails[number - 1])}")
            elif verb in ("RETR", "TOP"):
                text = self.mails[number - 1].replace("\n", "\r\n")
                self.say(f"+OK\r\n{text}.")
            elif verb == "DELE":
                removed.add(number)
                self.say("+OK")
            elif verb == "QUIT":
                self.mails[:] = [text for _, text in kept]
                self.say("+OK")
                return
            else:
                self.say("-ERR")


# contract 12.3a, 12.3g
def fetchmail(folder, program, base, key_file):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=mail.example.org", "-addext", "subjectAltName=DNS:mail.example.org",
                    "-keyout", folder / "tls.key", "-out", folder / "tls.pem"], check=True, capture_output=True)
    Mailbox.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    Mailbox.context.load_cert_chain(folder / "tls.pem", folder / "tls.key")
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    rules = folder / "fetchmailrc"
    rules.write_text(lines("fetchmail", {
        "poll mail.example.org protocol imap": f"poll mail.example.org via 127.0.0.1 protocol pop3 port {port}",
        'user "me" ssl': f'user "me" password "{PASSWORD}" ssl sslcertfile "{folder}/tls.pem" sslcommonname "mail.example.org"',
        "/usr/local/bin/totp-adapter": program, "https://api.skyvern.com": base, "/home/me/skyvern.key": key_file,
    }), encoding="utf-8")
    rules.chmod(0o600)

    def fetch():
        """Fetches what is there, and returns the exit code and what was said."""
        environment = {"PATH": os.environ["PATH"], "FETCHMAILHOME": str(folder), "HOME": str(folder), "LC_ALL": "C"}
        command = ["fetchmail", "--fetchmailrc", str(rules), "--nosyslog", "--pidfile", str(folder / "fetchmail.pid")]
        ran = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             check=False, timeout=DEADLINE, text=True)
        assert KEY not in ran.stdout and not re.search("[0-9]{6}\\.", ran.stdout), ran.stdout
        return ran.returncode, ran.stdout

    Mailbox.mails = [mail("444444")]
    said = fetch()
    assert said[0] == 0, said
    arrived(200, "me@example.org", "444444")
    assert Mailbox.mails == []

    # Skyvern is away: the mail stays in its mailbox, and comes the next time.
    Skyvern.statuses = [503]
    Mailbox.mails = [mail("555555")]
    said = fetch()
    arrived(503, "me@example.org", "555555")
    assert Mailbox.mails == [mail("555555")], said
    said = fetch()
    assert said[0] == 0, said
    arrived(200, "me@example.org", "555555")
    assert Mailbox.mails == []

    # A refusal is no different.
    Skyvern.statuses = [401]
    Mailbox.mails = [mail("666666")]
    said = fetch()
    arrived(401, "me@example.org", "666666")
    assert Mailbox.mails == [mail("666666")], said
    server.shutdown()
    server.server_close()


def main(program):
    # Postfix ends with the test, whatever ends that.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # Not everybody who is root has it there.
    os.environ["PATH"] += ":/usr/sbin"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Skyvern)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        # Where the program is, users of mail systems may have no way to.
        copy = shutil.copy(program, folder / "totp-adapter")
        key_file = folder / "skyvern.key"
        key_file.write_text(f"{KEY}\n", encoding="utf-8")
        key_file.chmod(0o600)
        shutil.chown(key_file, USER)
        try:
            postfix(folder, copy, base, key_file)
        except BaseException:
            if (folder / "log").exists():
                print((folder / "log").read_text(encoding="utf-8"), file=sys.stderr)
            raise
        fetchmail(folder, copy, base, key_file)
    print("ok: Postfix and fetchmail hand mails to push skyvern")


main(*sys.argv[1:])
