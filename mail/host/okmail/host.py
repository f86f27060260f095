"""What all parts ask for: the facts about this host, its metadata, other programs, files written whole or not at all."""

import email.utils
import json
import os
import subprocess
import tempfile
import urllib.error
import urllib.request

FACTS = "/etc/okmail/host.json"
STATE = "/run/okmail"
METADATA = "http://169.254.169.254/latest/"


# What is wrong and what to do about it, as a sentence for the operator.
class Fault(Exception):
    pass


def facts():
    return json.loads(read(FACTS))


def metadata(path):
    """A value of the instance metadata (IMDSv2), None where there is none. Fault without an answer."""
    try:
        token, _ = ask_token()
        return ask("GET", f"meta-data/{path}", "token", token)[0]
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise Fault(f"no answer from the instance metadata: {error}") from None
    except OSError as error:
        raise Fault(f"no answer from the instance metadata: {error}") from None


def machine_time():
    """The time by the machine that this instance is on, in seconds since 1970; None if it doesn't say."""
    try:
        return email.utils.parsedate_to_datetime(ask_token()[1]).timestamp()
    except (OSError, TypeError, ValueError):
        return None


def ask_token():
    return ask("PUT", "api/token", "token-ttl-seconds", "60")


def ask(method, path, header, value):
    """The text of an answer, and its Date."""
    headers = {f"X-aws-ec2-metadata-{header}": value}
    request = urllib.request.Request(METADATA + path, method=method, headers=headers)
    # No proxy: what it said would be of another machine.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
        return answer.read().decode(), answer.headers["Date"]


def run(*command, text=None, codes=(0,), errors=subprocess.PIPE):
    """The standard output of a command. Fault unless its exit code is one of `codes`."""
    try:
        done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=errors, text=True, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Fault(f"{command[0]}: {error}") from None
    if done.returncode not in codes:
        # Not both: openssl's output may be a key.
        raise Fault(f"{command[0]} failed ({done.returncode}): {done.stderr or done.stdout}")
    return done.stdout


def write(path, text, user=0, group=0, mode=0o600):
    """Replaces a file; nobody ever sees half of it, nor what they may not read."""
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=folder, prefix=".draft-")
    try:
        with os.fdopen(descriptor, "w") as file:
            os.fchown(descriptor, user, group)
            os.fchmod(descriptor, mode)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def read(path):
    """A file's text, None where there is none."""
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return None


def report(name, value):
    """Keeps what `okmail status` tells of an earlier run."""
    write(f"{STATE}/{name}", json.dumps(value))


def reported(name):
    """What was kept, "not done yet" if nothing was."""
    text = read(f"{STATE}/{name}")
    return "not done yet" if text is None else json.loads(text)
