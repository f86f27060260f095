"""Whether the clock is right: a wrong one bounces mail as too old, and puts wrong times into signatures."""

import time

import host

# Seconds that others forgive (ClockDrift, opendkim.conf(5)).
TOLERANCE = 300


def offset():
    """Seconds that the clock is off by chronyd's sources, None without one. Fault without chronyd."""
    fields = host.run("chronyc", "-c", "tracking").strip().split(",")
    return None if fields[-1] == "Not synchronised" else float(fields[4])


def fault():
    """What is wrong with a clock that chronyd doesn't vouch for, None if the machine's own agrees or says nothing."""
    machine = host.machine_time()
    off = 0 if machine is None else time.time() - machine
    return None if abs(off) < TOLERANCE else f"{off:.0f} s off the time in the instance metadata"


def check():
    """Fault if the clock is wrong. Nobody's word isn't enough to keep mail waiting for good."""
    try:
        if offset() is not None:
            return
    except host.Fault:
        pass
    wrong = fault()
    if wrong:
        raise host.Fault(f"the clock is {wrong}")
