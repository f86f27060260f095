"""The queue in numbers, for `okmail status` and for Prometheus's node exporter (its textfile collector)."""

import collections
import json
import os
import re
import subprocess
import time

import host

FILE = "/var/lib/prometheus/node-exporter/okmail.prom"
STATE = "/var/lib/okmail"

# Why a message waits, by the words of Postfix's smtp(8); the first that fits.
REASONS = {
    "refused": "said: |refused to talk",
    "dns": "Host or domain name not found|Name service error",
    "tls": "TLS|certificate",
    "connection": "timed out|Connection refused|unreachable|No route|lost connection",
    "other": "",
}


class Queue:
    """What `postqueue -j` lists, counted one message at a time: a long queue takes no more memory than a short one."""

    def __init__(self, lines):
        self.messages = collections.Counter(maildrop=0, incoming=0, active=0, deferred=0, hold=0)
        self.oldest = collections.Counter()
        self.reasons = collections.Counter(dict.fromkeys(REASONS, 0))
        self.examples = {}
        for line in lines:
            message = json.loads(line)
            name = message["queue_name"]
            self.messages[name] += 1
            self.oldest[name] = max(self.oldest[name], time.time() - message["arrival_time"])
            for recipient in message["recipients"]:
                text = recipient.get("delay_reason")
                if text:
                    reason = next(name for name, words in REASONS.items() if re.search(words, text))
                    self.reasons[reason] += 1
                    self.examples[reason] = text


def queue():
    with subprocess.Popen(["postqueue", "-j"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        counted = Queue(process.stdout)
        errors = process.stderr.read()
    if process.returncode != 0:
        raise host.Fault(errors)
    return counted


def deliveries():
    """Attempts to deliver by their result since the host began, from the journal's new lines."""
    totals = collections.Counter(json.loads(host.read(f"{STATE}/deliveries") or "{}"))
    os.makedirs(STATE, exist_ok=True)
    # 1: no line fits.
    command = f"journalctl --quiet --output=cat --unit=postfix.service --cursor-file={STATE}/cursor --grep=status="
    totals.update(re.findall(r" relay=\S+\[.* status=(\w+) ", host.run(*command.split(), codes=(0, 1))))
    host.write(f"{STATE}/deliveries", json.dumps(totals))
    return totals


def export():
    now = queue()
    text = ""
    for name, kind, label, values in [
        ("okmail_queue_messages", "gauge", "queue", now.messages),
        ("okmail_queue_oldest_seconds", "gauge", "queue", now.oldest),
        ("okmail_deferred_recipients", "gauge", "reason", now.reasons),
        ("okmail_deliveries_total", "counter", "status", deliveries()),
    ]:
        text += f"# TYPE {name} {kind}\n"
        text += "".join(f'{name}{{{label}="{key}"}} {value:.0f}\n' for key, value in values.items())
    host.write(FILE, text, mode=0o644)
