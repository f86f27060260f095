"""What the DNS says of an SMTP client, as this host sees it, by the library that its SPF check uses too (python3-spf)."""

import ipaddress
import time

import spf

# Seconds that one SPF check may take (RFC 7208 section 4.6.4), one other question, and all those others together.
SPF_SECONDS = 20
QUESTION_SECONDS = 2
ALL_SECONDS = 5
# RFC 7208 section 5.5 looks at no more names of an address.
MAX_NAMES = 10


def gather(address, helo, sender, blocklists):
    """Everything, in the shape of the receiver's facts (local/receiver/client-facts.ts)."""
    ask = Questions(address)
    helo = helo.lower().rstrip(".")
    kind = "AAAA" if ipaddress.ip_address(address).version == 6 else "A"
    facts = {
        "address": address,
        "mailFrom": sender,
        "iprev": iprev(ask, address, kind),
        "blocklists": [blocklist(ask, address, zone) for zone in blocklists],
        "heloStatus": ask.presence(helo),
        "heloAddresses": ask.values(helo, kind),
        "spfHelo": check_spf(ask, address, helo, helo),
    }
    if sender:
        domain = sender.rpartition("@")[2].lower().rstrip(".")
        facts["senderDomain"] = sender_domain(ask, domain)
        facts["spfMailFrom"] = check_spf(ask, address, helo, sender)
    return facts


class Questions:
    """The DNS, each question asked once."""

    def __init__(self, address):
        self.resolver = spf.query(i=address, s="", h="", timeout=QUESTION_SECONDS)
        self.deadline = time.monotonic() + ALL_SECONDS
        self.failed = set()

    def values(self, name, kind):
        """None are there where there is no answer either; `failed` knows."""
        try:
            if time.monotonic() > self.deadline:
                raise spf.TempError("too late")
            answers = self.resolver.dns(name, kind, ignore_void=True)
        except (spf.TempError, spf.PermError):
            self.failed.add((name, kind))
            return []
        return [plain(answer, kind) for answer in answers]

    def presence(self, name):
        """Whether a name has an address or an MX."""
        kinds = ("A", "AAAA", "MX")
        if any([self.values(name, kind) for kind in kinds]):
            return "present"
        return "failed" if any((name, kind) in self.failed for kind in kinds) else "absent"


def plain(answer, kind):
    if kind in ("A", "AAAA"):
        return str(ipaddress.ip_address(answer))
    if kind == "MX":
        return [answer[0], answer[1].lower().rstrip(".")]
    if kind == "PTR":
        return answer.lower().rstrip(".")
    return b"".join(answer).decode(errors="replace")


def iprev(ask, address, kind):
    """The "iprev" test (RFC 8601 section 3)."""
    pointer = ipaddress.ip_address(address).reverse_pointer
    names = []
    for name in ask.values(pointer, "PTR")[:MAX_NAMES]:
        addresses = ask.values(name, kind)
        names.append({"name": name, "addresses": addresses, "confirmed": address in addresses})
    if any(name["confirmed"] for name in names):
        result = "pass"
    elif any(kind in ("PTR", "A", "AAAA") for _, kind in ask.failed):
        result = "temperror"
    else:
        result = "fail" if names else "permerror"
    return {"result": result, "names": names}


def blocklist(ask, address, zone):
    """RFC 5782 section 2.1."""
    labels = ipaddress.ip_address(address).reverse_pointer.rsplit(".", 2)[0]
    name = f"{labels}.{zone}"
    if ask.values(name, "A"):
        return {"zone": zone, "result": "listed", "reason": "".join(ask.values(name, "TXT"))}
    return {"zone": zone, "result": "temperror" if (name, "A") in ask.failed else "clear"}


def sender_domain(ask, domain):
    exchangers = [name for _, name in sorted(ask.values(domain, "MX"))]
    return {
        "name": domain,
        "exchangers": exchangers,
        "status": ask.presence(domain),
        "nullMx": "" in exchangers,
    }


def check_spf(ask, address, helo, identity):
    """One identity; for the HELO identity the library is given the name as the sender, as policyd-spf does it."""
    query = spf.query(i=address, s=identity, h=helo, querytime=SPF_SECONDS)
    if ask.failed:
        # A DNS that is silent would be waited for once more.
        return {"identity": identity, "domain": query.o, "result": "temperror", "comment": "the DNS doesn't answer"}
    result, _, explanation = query.check()
    facts = {"identity": identity, "domain": query.o, "result": result, "comment": explanation}
    if query.mechanism is not None:
        facts["term"] = query.mechanism
    elif not result.endswith("error") and result != "none":
        facts["term"] = "default"
    try:
        record = query.dns_spf(query.o)
    except (spf.TempError, spf.PermError):
        record = None
    if record is not None:
        facts["record"] = record
    return facts
