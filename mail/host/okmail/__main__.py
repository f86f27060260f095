"""Usage: okmail status [--json]

Says what is wrong on this mail host and what to do. Exits with 0 if nothing is, 1 for a warning, 2 if mail doesn't flow.
Units named okmail-* use the other commands: certificate, clock, deploy, metrics, parameters, volume, watch.
"""

import importlib
import os
import sys

import host


def main(command=None, *options):
    if command not in COMMANDS or options not in [(), ("--json",)]:
        sys.exit(__doc__)
    if os.geteuid() != 0:
        sys.exit("okmail: only root may; use sudo okmail")
    try:
        return COMMANDS[command](*options)
    except (host.Fault, OSError) as fault:
        host.report(command, str(fault))
        sys.exit(f"okmail {command}: {fault}")


def part(name):
    """Loaded when needed: boto3 alone takes a second."""
    return importlib.import_module(name)


def volume():
    part("volume").mount()
    part("volume").repair_owners()
    facts = host.facts()
    if facts["tlsKey"] and host.read(part("certificate").KEY) is None:
        # Before Postfix shows another one. If it can't be had yet, `okmail parameters` says so.
        part("parameters").fetch_tls_key(facts)
    part("certificate").deploy()
    host.report("volume", None)


def certificate():
    part("certificate").obtain()
    host.report("certificate", None)
    deploy()


def deploy():
    if part("certificate").deploy():
        host.run("systemctl", "reload", "postfix.service")


COMMANDS = {
    "status": lambda *options: part("status").show(options),
    "volume": volume,
    "parameters": lambda: part("parameters").fetch(),
    "certificate": certificate,
    "deploy": deploy,
    "metrics": lambda: part("metrics").export(),
    "watch": lambda: part("fetched").run("watch"),
    "clock": lambda: part("time_source").check(),
}

sys.exit(main(*sys.argv[1:]))
