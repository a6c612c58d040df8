"""The sending mail servers. To add one, add a row."""

from typing import NamedTuple


class Sender(NamedTuple):
    name: str        # of its host, NAME.sender.test
    verdict: str     # what HaveDANE must say about it
    tls: bool        # whether its deliveries come over TLS
    settings: dict   # main.cf of its Postfix


def _postfix(dns, tls, family):
    return {"smtp_dns_support_level": dns, "smtp_tls_security_level": tls, "smtp_address_preference": family,
            "smtp_tls_loglevel": "1"}


SENDERS = (
    Sender("dane", "dane", True, _postfix("dnssec", "dane", "ipv6")),
    Sender("may", "no-dane", True, _postfix("enabled", "may", "ipv4")),
    Sender("encrypt", "no-dane", True, _postfix("enabled", "encrypt", "ipv6")),
    Sender("none", "no-tls", False, _postfix("enabled", "none", "ipv4")),
)
