"""Fetches the DKIM keys and the passwords for submission from the SSM parameter store, with the instance's role.

What can't be fetched or isn't right is reported and tried again; meanwhile mail waits, since OpenDKIM and Dovecot answer
"try again" without their files. No secret is printed.
"""

import base64
import grp
import os
import pwd
import re
import secrets
import subprocess

import boto3
import botocore.config
import botocore.exceptions

import certificate
import host
import names

PASSWORDS = "/etc/dovecot/okmail.users"
CONFIG = botocore.config.Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "max_attempts": 3})
EXPLANATIONS = {
    "ParameterNotFound": "there is no such parameter; pulumi up makes it",
    "AccessDeniedException": "the instance's role may not read it; pulumi up lets it",
}


def fetch():
    """Reports what is wrong by parameter. 1 if something is, else 0."""
    facts = host.facts()
    faults = {key["parameter"]: fetch_key(facts, key) for key in facts["dkim"]}
    faults |= fetch_passwords(facts)
    if facts["tlsKey"]:
        faults[facts["tlsKey"]] = fetch_tls_key(facts)
    faults = {name: fault for name, fault in faults.items() if fault}
    host.report("parameters", faults)
    for name, fault in faults.items():
        print(f"{name}: {fault}")
    return 1 if faults else 0


def parameter(facts, name):
    try:
        ssm = boto3.client("ssm", region_name=facts["region"], config=CONFIG)
        return ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"].strip()
    except botocore.exceptions.ClientError as error:
        raise host.Fault(EXPLANATIONS.get(error.response["Error"]["Code"], error)) from None
    except botocore.exceptions.BotoCoreError as error:
        raise host.Fault(error) from None


def fetch_key(facts, key):
    """Puts a key where OpenDKIM looks for it, unless the DNS publishes another. What is wrong, None if nothing."""
    faults = []
    fetched, kept = None, host.read(key["file"])
    try:
        fetched = parameter(facts, key["parameter"]) + "\n"
    except host.Fault as fault:
        faults.append(str(fault))
    for text in filter(None, [fetched, kept]):
        fault = key_fault(facts["domain"], key, text)
        if fault is None:
            if text != kept:
                owner = pwd.getpwnam("opendkim")
                host.write(key["file"], text, owner.pw_uid, owner.pw_gid)
            break
        faults.append(fault)
    else:
        if kept is not None:
            os.unlink(key["file"])
    return faults[0] if faults else None


def key_fault(domain, key, text):
    """Why receivers would refuse the key's signatures (RFC 6376 3.6.1), None if they take them or no DNS says."""
    name = f"{key['selector']}._domainkey.{domain}"
    try:
        public = public_key(text, key["algorithm"])
    except host.Fault as fault:
        return str(fault)
    try:
        records = names.look_up(name, "TXT")
    except host.Fault:
        return None
    published = [re.sub(".*;p=|;.*", "", ";" + "".join(record.split())) for record in records]
    return None if public in published else f"{name} publishes {published or 'no key'}, not its public key; pulumi up repairs it"


def public_key(text, algorithm):
    """The p= tag of a private key in PEM: SubjectPublicKeyInfo for RSA, the bare key for Ed25519 (RFC 8463 4)."""
    command = ["openssl", "pkey", "-pubout", "-outform", "DER"]
    done = subprocess.run(command, input=text.encode(), capture_output=True)
    kind, octets = ("ed25519", done.stdout[-32:]) if len(done.stdout) == 44 else ("rsa", done.stdout)
    if done.returncode or algorithm != f"{kind}-sha256":
        raise host.Fault(f"it holds no private key in PEM for {algorithm}")
    return base64.b64encode(octets).decode()


def fetch_tls_key(facts):
    """Puts the key of certificates on the queue volume, and has them follow. What is wrong, None if nothing."""
    try:
        key = parameter(facts, facts["tlsKey"]) + "\n"
        if subprocess.run(["openssl", "pkey", "-noout"], input=key.encode(), capture_output=True).returncode:
            return "it holds no private key in PEM"
        if key != host.read(certificate.KEY):
            host.write(certificate.KEY, key)
            host.run("systemctl", "start", "--no-block", "okmail-certificate.service")
    except host.Fault as fault:
        return str(fault)


def fetch_passwords(facts):
    """Writes Dovecot's passwd-file once it knows every user, so that nobody is told "wrong password" too soon."""
    old = dict(line.split(":", 1) for line in (host.read(PASSWORDS) or "").splitlines())
    new, faults = {}, {}
    for user in facts["users"]:
        name = user["name"]
        try:
            new[name] = hashed(parameter(facts, user["parameter"]), old.get(name, ""))
        except host.Fault as fault:
            faults[user["parameter"]] = str(fault)
            if name in old:
                new[name] = old[name]
    if len(new) == len(facts["users"]) and new != old:
        lines = "".join(f"{name}:{password}\n" for name, password in new.items())
        host.write(PASSWORDS, lines, group=grp.getgrnam("dovecot").gr_gid, mode=0o640)
        host.run("systemctl", "start", "dovecot.service")
    return faults


def hashed(password, old):
    """SHA512-CRYPT, with the salt of before, so that the same password gives the same text."""
    salt = old.split("$")[2] if "$" in old else secrets.token_hex(8)
    return "{SHA512-CRYPT}" + host.run("openssl", "passwd", "-6", "-salt", salt, "-stdin", text=password).strip()
