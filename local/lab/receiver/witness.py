"""What the lab's receiver sees, told to the lab. Arguments: POLICY CONTROL PORTS BLOCKLIST...

It has three sockets, the last of which is there once the daemons listen on PORTS, a list with commas:
- /dev/log: what Postfix, OpenDKIM and OpenDMARC log. Each record is told as {"log": {"tag", "pid", "text"}}.
- POLICY: Postfix asks here (Postfix's SMTPD_POLICY_README). What it is asked for stands in policy_context:
  "facts" lets everything pass, and tells {"facts": ..., "instance": ...}; "mode" answers as the lab has told it to;
  "helo" refuses a client whose HELO name isn't its confirmed name, which Postfix has no restriction for.
- CONTROL: one client, the lab. It gets what is told, a JSON object a line, in the order in which it happened, and may say
  {"mode": "450 4.3.2 ..."} or {"mode": null}, and {"sync": N}, which comes back once all that has happened before is told.
"""

import json
import os
import re
import selectors
import socket
import socketserver
import sys
import threading
import time

import facts

_, POLICY, CONTROL, PORTS, *BLOCKLISTS = sys.argv

# "<22>Nov 24 14:27:33 postfix/smtpd[123]: connect from ..."
RECORD = re.compile(rb"<\d+>\w{3} [ \d]\d [\d:]{8} ([^\[:]+)(?:\[(\d+)\])?: (.*)", re.S)
# Of what an SMTP server process says when it logs a whole session, most is about its own works.
NOISE = re.compile(
    rb"(?![<>] \S+\[|(?:dis)?connect from |NOQUEUE: |[0-9A-Za-z]{10,}: |send attr instance = |(?:fatal|error|warning|panic): "
    rb"|\w+ TLS connection established )"
)
# Seconds that the lab waits for facts at most.
PATIENCE = 60


class Witness:
    def __init__(self):
        self.lock = threading.Lock()
        self.listener = None
        self.kept = []
        self.mode = None
        self.instance = None
        self.gathering = []

    def tell(self, event):
        """Tells the lab, from any thread; kept until the lab listens."""
        line = json.dumps(event).encode() + b"\n"
        with self.lock:
            if self.listener is None:
                self.kept.append(line)
            else:
                self.listener.sendall(line)

    def listen(self, connection):
        with self.lock:
            self.listener = connection
            connection.sendall(b"".join(self.kept))
            self.kept = []

    def record(self, octets):
        match = RECORD.fullmatch(octets.rstrip(b"\n\0"))
        if match:
            tag, pid, text = match.groups()
            if tag == b"postfix/smtpd" and NOISE.match(text):
                return
            record = {"tag": tag.decode(), "pid": int(pid or 0), "text": text.decode(errors="replace")}
            self.tell({"log": record})

    def gather_once(self, request):
        """Looks a client up for each message, not for each recipient. In a thread: Postfix isn't to wait for it."""
        instance = request.get("instance")
        with self.lock:
            if instance == self.instance:
                return
            self.instance = instance
            thread = threading.Thread(target=self.gather, args=(request,), daemon=True)
            self.gathering = [other for other in self.gathering if other.is_alive() or not other.ident] + [thread]
        thread.start()

    def gather(self, request):
        found = facts.gather(
            request["client_address"], request.get("helo_name", ""), request.get("sender", ""), BLOCKLISTS
        )
        self.tell({"facts": found, "instance": request["instance"]})

    def sync(self, number):
        with self.lock:
            gathering = list(self.gathering)
        for thread in gathering:
            thread.join(PATIENCE)
        self.tell({"sync": number})


WITNESS = Witness()


class Policy(socketserver.StreamRequestHandler):
    """One connection of an SMTP server process: requests of name=value lines, each ended by an empty line."""

    def handle(self):
        request = {}
        for line in self.rfile:
            name, separator, value = line.decode(errors="replace").rstrip("\n").partition("=")
            if separator:
                request[name] = value
            else:
                self.wfile.write(f"action={action(request)}\n\n".encode())
                request = {}


def action(request):
    context = request.get("policy_context")
    if context == "facts":
        WITNESS.gather_once(request)
    elif context == "mode" and WITNESS.mode is not None:
        return WITNESS.mode
    elif context == "helo":
        helo, client = request.get("helo_name", ""), request.get("client_name", "")
        if helo.lower().rstrip(".") != client.lower():
            return f"550 5.7.25 HELO {helo} is not this client's name {client}"
    return "DUNNO"


class PolicyServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    log.setblocking(False)
    log.bind("/dev/log")
    os.chmod("/dev/log", 0o666)
    policy = PolicyServer(POLICY, Policy)
    os.chmod(POLICY, 0o666)
    threading.Thread(target=policy.serve_forever, daemon=True).start()

    for port in PORTS.split(","):
        await_listener(int(port))
    control = socket.socket(socket.AF_UNIX)
    control.bind(CONTROL)
    control.listen()

    def drain(_):
        try:
            while True:
                WITNESS.record(log.recv(65536))
        except BlockingIOError:
            pass

    def accept(_):
        connection, _ = control.accept()
        WITNESS.listen(connection)
        selector.register(connection, selectors.EVENT_READ, Commands(connection, drain).read)

    selector = selectors.DefaultSelector()
    selector.register(log, selectors.EVENT_READ, drain)
    selector.register(control, selectors.EVENT_READ, accept)
    while True:
        for key, _ in selector.select():
            key.data(key.fileobj)


def await_listener(port):
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.01)


class Commands:
    """What the lab says."""

    def __init__(self, connection, drain):
        self.connection = connection
        self.drain = drain
        self.rest = b""

    def read(self, _):
        octets = self.connection.recv(65536)
        if not octets:
            sys.exit(0)
        *lines, self.rest = (self.rest + octets).split(b"\n")
        for line in lines:
            command = json.loads(line)
            if "mode" in command:
                WITNESS.mode = command["mode"]
            if "sync" in command:
                # What has been logged lies in the socket already, for who logs has waited for that.
                self.drain(None)
                threading.Thread(target=WITNESS.sync, args=(command["sync"],), daemon=True).start()


main()
