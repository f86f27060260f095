"""The certificate of this host's SMTP: from the authority by ACME, made here until then. Both live on the queue volume."""

import ssl
import subprocess
import tempfile
import time

import host
import names

CHAIN = "/etc/postfix/okmail-tls.pem"
# What TLSA records tell of, where the settings ask for them (RFC 7672).
KEY = "/srv/okmail/tls-key.pem"
OWN = "/srv/okmail/self-signed.pem"
ISSUED = "/srv/okmail/issued-"
LIVE = "/etc/letsencrypt/live"


def deploy():
    """Writes key and chain where Postfix reads them. Whether they are other ones than before."""
    name, key = host.facts()["helo"], stable_key()
    # Of all that there is, what has the key.
    kept = [certbots_own(name), host.read(ISSUED + name), host.read(OWN)]
    fit = [text for text in kept if text and text.startswith(key)]
    text = fit[0] if fit else self_signed(name, key)
    if text == host.read(CHAIN):
        return False
    host.write(CHAIN, text)
    return True


def stable_key():
    """The key that outlives certificates; "" where none has to, or it hasn't come yet."""
    return host.facts()["tlsKey"] and host.read(KEY) or ""


def certbots_own(name):
    key, chain = (host.read(f"{LIVE}/{name}/{part}.pem") for part in ["privkey", "fullchain"])
    return key and chain and key + chain


def self_signed(name, key):
    command = "openssl req -x509 -nodes -days 3650 -subj / "
    command += f"-key {KEY}" if key else "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout -"
    text = key + host.run(*command.split(), "-addext", f"subjectAltName=DNS:{name}")
    host.write(OWN, text)
    return text


def obtain():
    """Asks the authority for a certificate; Debian's certbot.timer renews it, and calls `okmail deploy`. Not one of a key that
    isn't certbot's: that is asked for anew, here."""
    facts = host.facts()
    name, acme, key = facts["helo"], facts["acme"], stable_key()
    kept = host.read(ISSUED + name) or ""
    if acme is None or key and kept.startswith(key) and lasts(kept):
        return
    wait_for_name(name)
    account = ["--email", acme["email"]] if "email" in acme else ["--register-unsafely-without-email"]
    command = ["certbot", "certonly", "--non-interactive", "--agree-tos", "--standalone", *account]
    command += ["--server", acme["directory"]]
    if key:
        host.write(ISSUED + name, key + issued(name, key, command))
        return
    # It tells what failed on the one and why on the other.
    command += ["--keep-until-expiring", "--reuse-key", "--cert-name", name, "--domain", name]
    host.run(*command, "--deploy-hook", "/usr/local/bin/okmail deploy", errors=subprocess.STDOUT)


def issued(name, key, command):
    """The chain for the key. Certbot takes a foreign key by a request alone (RFC 2986), and writes no file that is there."""
    with tempfile.TemporaryDirectory() as folder:
        host.write(f"{folder}/key", key)
        request = f"openssl req -new -key {folder}/key -subj / -out {folder}/request -addext subjectAltName=DNS:{name}"
        host.run(*request.split())
        places = [f"--{part}-path={folder}/{part}" for part in ["cert", "chain", "fullchain"]]
        host.run(*command, "--csr", f"{folder}/request", *places, errors=subprocess.STDOUT)
        return host.read(f"{folder}/fullchain")


def lasts(text):
    """Whether a certificate has more than a third of its life left, as certbot counts."""
    dates = host.run("openssl", "x509", "-noout", "-dates", text=text).splitlines()
    start, end = (ssl.cert_time_to_seconds(date.split("=")[1]) for date in dates)
    return time.time() < end - (end - start) / 3


def wait_for_name(name, patience=600):
    """Until the name leads here: the authority counts failures, and soon refuses to be asked."""
    end = time.monotonic() + patience
    while True:
        try:
            address, known = host.metadata("public-ipv4"), names.look_up(name, "A")
            if known == [address]:
                return
            fault = host.Fault(f"{name} leads to {known}, this host has the address {address}")
        except host.Fault as error:
            fault = error
        if time.monotonic() > end:
            raise fault
        time.sleep(10)
