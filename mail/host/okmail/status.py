"""What is wrong on this host and what to do, in one place."""

import json
import os
import smtplib
import ssl
import threading
import time

import certificate
import host
import metrics
import names
import parameters
import time_source
import volume

OK, WARNING, CRITICAL = "ok", "warning", "CRITICAL"
SEVERITIES = [OK, WARNING, CRITICAL]
# Any large receiver does for "does port 25 let us out".
PROBE = "gmail.com"
# Seconds for everything.
PATIENCE = 8


def show(options):
    """Prints the findings. The worst one's severity, as monitoring plugins exit."""
    facts = host.facts()
    end = time.monotonic() + PATIENCE
    looks = [Look(check, part) for check in CHECKS for part in parts(check, facts)]
    findings = [finding for look in looks for finding in look.result(end)]
    if options:
        print(json.dumps([{"subject": subject, "severity": severity.lower(), "says": says} for subject, severity, says in findings]))
    else:
        for subject, severity, says in findings:
            print(f"{severity:<9} {subject}: {says}")
    return max(SEVERITIES.index(severity) for _, severity, _ in findings)


def parts(check, facts):
    """Each key's record is a question of its own."""
    return [{**facts, "dkim": [key]} for key in facts["dkim"]] if check is dkim else [facts]


class Look(threading.Thread):
    """A check under way, beside the others. The program ends without it, should it hang."""

    def __init__(self, check, facts):
        super().__init__(daemon=True)
        self.check, self.facts, self.findings = check, facts, []
        self.start()

    def run(self):
        try:
            for severity, says in self.check(self.facts):
                self.found(severity, " ".join(str(says).split()))
        except Exception as error:
            self.found(WARNING, f"could not tell: {error}")

    def found(self, severity, says):
        self.findings.append((self.check.__name__.replace("_", " "), severity, says))

    def result(self, end):
        self.join(max(0, end - time.monotonic()))
        if self.is_alive():
            self.found(WARNING, f"could not tell within {PATIENCE} s")
        return list(self.findings)


def queue_volume(facts):
    if os.path.ismount(volume.SPOOL):
        yield OK, f"mounted at {volume.MOUNT}"
    else:
        yield CRITICAL, f"not mounted, so Postfix doesn't run: {host.reported('volume')}"


def services(facts):
    for unit in facts["services"]:
        state = host.run("systemctl", "is-active", unit, codes=range(256)).strip()
        yield (OK, unit) if state == "active" else (CRITICAL, f"{unit} is {state}; systemctl status {unit} says why")


def dkim(facts):
    faults = host.reported("parameters")
    for key in facts["dkim"]:
        name = key["parameter"]
        fault = faults if isinstance(faults, str) else faults.get(name)
        text = host.read(key["file"])
        unfit = text and parameters.key_fault(facts["domain"], key, text)
        if text is None or unfit:
            yield CRITICAL, f"mail waits for the key in SSM parameter {name}: {unfit or fault}"
        elif fault:
            yield WARNING, f"{key['selector']} signs with the key of before; SSM parameter {name}: {fault}"
        else:
            yield OK, f"{key['selector']} signs"


def passwords(facts):
    faults = host.reported("parameters")
    severity = WARNING if host.read(parameters.PASSWORDS) else CRITICAL
    for user in facts["users"]:
        name = user["parameter"]
        fault = faults if isinstance(faults, str) else faults.get(name)
        yield (severity, f"SSM parameter {name}: {fault}") if fault else (OK, user["name"])


def tls_certificate(facts):
    faults, name = host.reported("parameters"), facts["tlsKey"]
    fault = faults if isinstance(faults, str) else faults.get(name)
    if name and fault:
        severity = WARNING if certificate.stable_key() else CRITICAL
        yield severity, f"senders with DANE may wait for the key in SSM parameter {name}: {fault}"
    chain = host.read(certificate.CHAIN)
    end = host.run("openssl", "x509", "-noout", "-enddate", text=chain).strip().removeprefix("notAfter=")
    days = (ssl.cert_time_to_seconds(end) - time.time()) / 86400
    if days < 14:
        yield WARNING if days > 3 else CRITICAL, f"ends in {days:.0f} days; certbot renew --dry-run says why"
    elif facts["acme"] and chain == host.read(certificate.OWN):
        yield WARNING, f"made by this host until the authority gives one: {host.reported('certificate')}"
    else:
        yield OK, f"ends in {days:.0f} days"


def queue(facts):
    now = metrics.queue()
    hours = max(now.oldest.values(), default=0) / 3600
    lengths = ", ".join(f"{count} {name}" for name, count in now.messages.items())
    yield WARNING if hours > 4 else OK, f"{lengths}; the oldest for {hours:.1f} hours"
    for reason, text in now.examples.items():
        yield OK, f"{now.reasons[reason]} recipients wait ({reason}), the last for: {text}"


def disk_space(facts):
    for path in ["/", volume.MOUNT]:
        usage = os.statvfs(path)
        free = min(usage.f_bavail / usage.f_blocks, usage.f_favail / usage.f_files)
        severity = OK if free > 0.15 else WARNING if free > 0.05 else CRITICAL
        yield severity, f"{path} has {free:.0%} free; when it is full, mail is refused for the time being"


def clock(facts):
    if host.run("systemd-detect-virt", "--container", codes=(0, 1)).strip() != "none":
        yield OK, "set by the machine that this container is on"
        return
    offset, wrong = time_source.offset(), time_source.fault()
    if offset is not None:
        yield WARNING if abs(offset) > 1 else OK, f"{offset} s off"
    elif wrong:
        yield CRITICAL, f"{wrong}, and Postfix waits for a time source; chronyc sources says why there is none"
    else:
        yield WARNING, "unchecked, without a time source; chronyc sources says why"


def own_names(facts):
    helo, address = facts["helo"], host.metadata("public-ipv4")
    if address is None:
        yield CRITICAL, "this host has no public address; pulumi up associates its Elastic IP"
        return
    reverse = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
    for name, kind, value in [(helo, "A", address), (reverse, "PTR", helo)]:
        known = names.look_up(name, kind)
        if known == [value]:
            yield OK, f"{name} is {value}"
        else:
            yield CRITICAL, f"{name} is {known}, not {value}, so receivers refuse mail; pulumi up repairs it"


def port_25(facts):
    exchangers = names.look_up(PROBE, "MX")
    if exchangers:
        name = exchangers[0].split()[1]
        try:
            smtplib.SMTP(name, local_hostname=facts["helo"], timeout=5).quit()
            yield OK, f"{name} answers"
        except (OSError, smtplib.SMTPException) as error:
            yield CRITICAL, f"{name} can't be reached ({error}); ask AWS to remove its limit on port 25"


CHECKS = [queue_volume, services, dkim, passwords, tls_certificate, queue, disk_space, clock, own_names, port_25]
