"""Tells by mail or SNS what has changed: in what `okmail status` finds, and in what blocklists say."""

import collections
import email.message
import json
import time

import boto3
import botocore.exceptions

import host
import metrics
import names
import parameters

STATE = f"{metrics.STATE}/watch.json"
FILE = metrics.FILE.replace(".prom", "-watch.prom")
OK, DOUBT = "ok", "could not tell"
# In a row that have to see a change: a time-out between two equal answers is none.
RUNS = 2


def run(to, blocklists):
    """Tells `to`, an address or a topic. What can't be delivered is not remembered, so the next run tells it."""
    facts, state = host.facts(), kept()
    found, told = findings(facts, blocklists), state["told"]
    export(found)
    now, seen, changes = dict(told), {}, []
    for key in {**told, **found}:
        severity, says = found.get(key) or unsaid(key, found, told)
        if severity == told.get(key, [OK])[0]:
            continue
        last, runs = state["seen"].get(key, ["", 0])
        runs = runs + 1 if severity == last else 1
        if runs < RUNS:
            seen[key] = severity, runs
        else:
            now[key] = severity, says
            changes.append(f"{severity}: {says}")
    now = {key: value for key, value in now.items() if value[0] != OK}
    if changes:
        standing = [f"{severity}: {says}" for severity, says in now.values()] or ["nothing"]
        subject = f"okmail: {facts['helo']}: {f'{len(now)} wrong' if now else 'all is well again'}"
        text = "\n".join(["Changed:", *changes, "", "Wrong now:", *standing, ""])
        (publish if to.startswith("arn:") else send)(facts, to, subject, text)
    host.write(STATE, json.dumps({"version": 1, "told": now, "seen": seen}))


def kept():
    """What was told, by what it is about; and changes that too few runs have seen."""
    text = host.read(STATE)
    if text is None:
        return {"told": {}, "seen": {}}
    try:
        state = json.loads(text)
        if state["version"] == 1 and {*state} >= {"told", "seen"}:
            return state
    except (ValueError, KeyError, TypeError):
        pass
    raise host.Fault(f"{STATE} is no state of this okmail; move it away to begin anew")


def findings(facts, blocklists):
    """Severity and text by what a finding is about, which its text isn't: that has times and numbers."""
    found, counts = {}, collections.Counter()
    for each in json.loads(host.run("okmail", "status", "--json", codes=(0, 1, 2))):
        subject, says = each["subject"], each["says"]
        counts[subject] += 1
        severity = DOUBT if says.startswith(DOUBT) else each["severity"]
        found[f"{subject} {counts[subject]}"] = severity, f"{subject}: {says}"
    for each in blocklists:
        try:
            found[each["zone"]] = listing(facts, **each)
        except host.Fault as fault:
            found[each["zone"]] = DOUBT, str(fault)
    return found


def unsaid(key, found, told):
    """Of a check that could not be made, what it had said stays."""
    check = key.rsplit(" ", 1)[0] + " 1"
    return told[key] if found.get(check, [OK])[0] == DOUBT else (OK, f"over: {told[key][1]}")


def listing(facts, zone, lists, codes, tests):
    """What a blocklist says, if it has what each list must have and not what none may (RFC 5782 5)."""
    subject = facts["domain"] if lists == "domains" else host.metadata("public-ipv4") or "127.0.0.1"
    label = subject if lists == "domains" else ".".join(reversed(subject.split(".")))
    answers = [set(names.look_up(f"{each}.{zone}", "A")) for each in [*tests, label]]
    listed, unlisted, answer = answers
    # Such as 127.255.255.254: it refuses this host's questions.
    if not listed or unlisted or answer - {*codes}:
        return DOUBT, f"{zone} answers {answers}, which doesn't say whether it lists {subject}"
    if answer:
        return "critical", f"{zone} lists {subject}: {answer}; okmail delist {subject} says how to end it"
    return OK, f"{zone} doesn't list {subject}"


def send(facts, to, subject, text):
    """By this host's own Postfix, whose queue keeps it."""
    message, sender = email.message.EmailMessage(), f"postmaster@{facts['domain']}"
    headers = {"From": sender, "To": to, "Subject": subject, "Auto-Submitted": "auto-generated"}
    for name, value in headers.items():
        message[name] = value
    message.set_content(text)
    host.run("sendmail", "-t", "-f", sender, text=message.as_string())


def publish(facts, topic, subject, text):
    try:
        sns = boto3.client("sns", region_name=topic.split(":")[3], config=parameters.CONFIG)
        sns.publish(TopicArn=topic, Subject=subject[:100], Message=text)
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        raise host.Fault(f"{topic}: {error}") from None


def export(found):
    counts = collections.Counter({OK: 0, "warning": 0, "critical": 0, DOUBT: 0})
    counts.update(severity for severity, _ in found.values())
    text = "# TYPE okmail_watch_findings gauge\n"
    text += "".join(f'okmail_watch_findings{{severity="{key}"}} {value}\n' for key, value in counts.items())
    name = "okmail_watch_last_run_timestamp_seconds"
    host.write(FILE, f"{text}# TYPE {name} gauge\n{name} {time.time():.0f}\n", mode=0o644)
