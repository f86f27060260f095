"""What checkdmarc checks of a domain that okmail verify checks too, once for each line on standard input.

verify-checkdmarc.py DOMAIN PORT: over the resolver at that port of 127.0.0.1. Writes a line for each run: "valid", or why not.
"""

import sys

from checkdmarc import dmarc, dnssec, smtp, smtp_tls_reporting, spf, utils
from dns.nameserver import Do53Nameserver

domain, port = sys.argv[1], int(sys.argv[2])
resolver = [Do53Nameserver("127.0.0.1", port)]
checks = (
    smtp.check_mx,
    spf.check_spf,
    dmarc.check_dmarc,
    smtp_tls_reporting.check_smtp_tls_reporting,
)
caches = (utils.DNS_CACHE, dnssec.DNSSEC_CACHE, dnssec.DNSKEY_CACHE, dnssec.TLSA_CACHE)

# Signatures and TLSA records of the exchangers, which verify leaves to checks that are not compared here.
smtp.check_dnssec = lambda *_, **__: False
smtp.get_tlsa_records = lambda *_, **__: []

for _ in sys.stdin:
    for cache in caches:
        cache.clear()
    results = [check(domain, nameservers=resolver, timeout=5.0) for check in checks]
    faults = [result for result in results if "error" in result or result.get("valid") is False]
    print(faults or "valid", flush=True)
