"""The certificate of this host's SMTP: from the authority by ACME, made here until then. Both live on the queue volume."""

import subprocess
import time

import host
import names

CHAIN = "/etc/postfix/okmail-tls.pem"
OWN = "/srv/okmail/self-signed.pem"
LIVE = "/etc/letsencrypt/live"


def deploy():
    """Writes key and chain where Postfix reads them. Whether they are other ones than before."""
    name = host.facts()["helo"]
    key, chain = (host.read(f"{LIVE}/{name}/{part}.pem") for part in ["privkey", "fullchain"])
    text = key + chain if key and chain else host.read(OWN) or self_signed(name)
    if text == host.read(CHAIN):
        return False
    host.write(CHAIN, text)
    return True


def self_signed(name):
    command = "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 3650 -subj / -keyout -"
    text = host.run(*command.split(), "-addext", f"subjectAltName=DNS:{name}")
    host.write(OWN, text)
    return text


def obtain():
    """Asks the authority for the first certificate; Debian's certbot.timer renews it, and calls `okmail deploy`."""
    facts = host.facts()
    name, acme = facts["helo"], facts["acme"]
    if acme is None:
        return
    wait_for_name(name)
    account = ["--email", acme["email"]] if "email" in acme else ["--register-unsafely-without-email"]
    # The same key for as long as it serves, so that a TLSA record of it may be published (RFC 6698).
    command = "certbot certonly --non-interactive --agree-tos --standalone --keep-until-expiring --reuse-key"
    account += ["--server", acme["directory"], "--cert-name", name, "--domain", name]
    account += ["--deploy-hook", "/usr/local/bin/okmail deploy"]
    # It tells what failed on the one and why on the other.
    host.run(*command.split(), *account, errors=subprocess.STDOUT)


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
