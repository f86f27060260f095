"""DNS as this host sees it."""

import dns.exception
import dns.resolver

import host


def look_up(name, kind):
    """The records of a name as texts, [] where there are none. Fault if the DNS doesn't say."""
    try:
        answer = dns.resolver.resolve(name, kind, lifetime=5, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise host.Fault(f"no DNS answer for {name} {kind}: {error}") from None
    if kind == "TXT":
        return [b"".join(record.strings).decode("latin-1") for record in answer]
    return [record.to_text().rstrip(".").lower() for record in answer]
