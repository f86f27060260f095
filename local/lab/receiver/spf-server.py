"""Debian's policyd-spf as a server. Arguments: SOCKET CONFIGURATION.

Postfix's spawn(8) starts it anew for each SMTP session, and most of the time of a session then goes into starting Python. Here it
is loaded once and each connection gets a copy of the process; what runs is the package's own program, unchanged.
"""

import os
import pwd
import socketserver
import sys

import spf  # noqa: F401, loaded before the copies are made
import spf_engine
from spf_engine import policyd_spf

_, SOCKET, CONFIGURATION = sys.argv
USER = "policyd-spf"


class Session(socketserver.BaseRequestHandler):
    def handle(self):
        os.dup2(self.request.fileno(), 0)
        os.dup2(self.request.fileno(), 1)
        sys.argv = ["policyd-spf", CONFIGURATION]
        policyd_spf.main()


class Server(socketserver.ForkingUnixStreamServer):
    max_children = 500
    request_queue_size = 128


server = Server(SOCKET, Session)
os.chmod(SOCKET, 0o666)
user = pwd.getpwnam(USER)
os.setgroups([])
os.setgid(user.pw_gid)
os.setuid(user.pw_uid)
server.serve_forever(poll_interval=60)
