/**
 * A program for the host: writes a private key from the SSM parameter store to a file, readable by one user only.
 * So the key is in no user data, and reaches the disk of the host alone. Python, because Debian packages AWS's
 * library for it (python3-boto3).
 */
export const fetchDkimKeyScript = `#!/usr/bin/python3
"""Writes a private key from the SSM parameter store to a file.

Asks with the instance's role. The file is replaced as a whole or not at all, and the key is never printed.
"""
import argparse
import base64
import binascii
import os
import pwd
import re
import sys
import tempfile
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

PEM = re.compile(r"-----BEGIN (RSA |)PRIVATE KEY-----\\s([A-Za-z0-9+/=\\s]+)-----END \\1PRIVATE KEY-----")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--region", required=True)
    parser.add_argument("--parameter", required=True, help="name of a SecureString parameter")
    parser.add_argument("--owner", required=True, help="the user who may read the file")
    parser.add_argument("--attempts", type=int, default=12)
    parser.add_argument("--pause", type=float, default=5, help="seconds between attempts")
    parser.add_argument("file")
    arguments = parser.parse_args()

    for attempt in range(1, arguments.attempts + 1):
        if attempt > 1:
            time.sleep(arguments.pause)
        try:
            key = private_key(read_parameter(arguments.region, arguments.parameter))
            write_key(arguments.file, key, pwd.getpwnam(arguments.owner))
            print(f"wrote {arguments.file}")
            return 0
        except (BotoCoreError, ClientError, ValueError) as error:
            # A new role's rights, the network and the parameter may all come a little later than this program.
            print(f"{arguments.parameter}, attempt {attempt} of {arguments.attempts}: {error}", file=sys.stderr)
    return 1


def read_parameter(region, name):
    config = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "max_attempts": 2})
    ssm = boto3.client("ssm", region_name=region, config=config)
    return ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]


def private_key(text):
    """The text, if it is one whole private key: PEM around a DER sequence of just its length."""
    pem = PEM.fullmatch(text.strip())
    if pem is None:
        raise ValueError("the parameter holds no private key in PEM")
    try:
        der = base64.b64decode("".join(pem[2].split()), validate=True)
    except binascii.Error:
        raise ValueError("the private key is no base64") from None
    if not is_der_sequence(der):
        raise ValueError("the private key is cut short or no key")
    return text.strip() + "\\n"


def is_der_sequence(der):
    """Whether the octets are one SEQUENCE (X.690 8.9), whose length is in one octet or in those after it."""
    if len(der) < 2 or der[0] != 0x30:
        return False
    extra = der[1] - 0x80 if der[1] > 0x80 else 0
    length = int.from_bytes(der[2 : 2 + extra], "big") if extra else der[1]
    return len(der) == 2 + extra + length


def write_key(path, key, owner):
    # mkstemp: nobody else can read the file, from its first moment.
    descriptor, draft = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".draft-")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            os.fchown(file.fileno(), owner.pw_uid, owner.pw_gid)
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


sys.exit(main())
`;
