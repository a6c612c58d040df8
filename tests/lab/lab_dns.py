"""Names of the laboratory: Knot serves the zones, Unbound resolves and validates."""

from lab_net import until

AUTHORITY = ("192.0.2.3", "2001:db8:25::3")
RESOLVER = ("192.0.2.2", "2001:db8:25::2")
SENDER_DOMAIN = "sender.test"
KNOTD, UNBOUND = "/usr/sbin/knotd", "/usr/sbin/unbound"

KNOT_CONF = """\
server:
    rundir: "{dir}/run"
    listen: [ {listen} ]
log:
  - target: stderr
    any: info
database:
    storage: "{dir}/knot"
policy:
  - id: signed
    algorithm: ecdsap256sha256
    nsec3: on
    nsec3-salt-length: 0
zone:
  - domain: {domain}
    file: "{dir}/{domain}.zone"
    semantic-checks: on
    zonefile-sync: -1
    dnssec-signing: on
    dnssec-policy: signed
  - domain: {senders}
    file: "{dir}/{senders}.zone"
    zonefile-sync: -1
"""

UNBOUND_CONF = """\
server:
    directory: "{dir}"
    chroot: ""
    username: ""
    pidfile: "{dir}/run/unbound.pid"
    use-syslog: no
    log-servfail: yes
    interface: {interfaces[0]}
    interface: {interfaces[1]}
    access-control: 192.0.2.0/24 allow
    access-control: 2001:db8:25::/64 allow
    # test. is answered with NXDOMAIN otherwise, as a name that does not exist (RFC 6761)
    local-zone: "test." nodefault
    domain-insecure: "{senders}"
    trust-anchor-file: "{dir}/anchor"
remote-control:
    control-enable: no
{stubs}"""

STUB = """\
stub-zone:
    name: "{zone}"
    stub-addr: {addresses[0]}
    stub-addr: {addresses[1]}
"""


def zone_head(zone):
    """What makes a zone of a list of records: SOA and name server."""
    return (f"$TTL 60\n{zone}. SOA ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 60\n"
            f"{zone}. NS ns.{zone}.\nns.{zone}. A {AUTHORITY[0]}\nns.{zone}. AAAA {AUTHORITY[1]}\n")


def sender_zone(senders):
    """The unsigned zone that tells the senders' addresses."""
    hosts = "".join(f"{h.name}.{SENDER_DOMAIN}. A {h.ipv4}\n{h.name}.{SENDER_DOMAIN}. AAAA {h.ipv6}\n" for h in senders)
    return zone_head(SENDER_DOMAIN) + hosts


def start(host, domain, records, senders):
    """Serves `domain` with these records, signed, and resolves it with its key as trust anchor."""
    directory = host.directory
    (directory / "run").mkdir()
    (directory / "knot").mkdir(mode=0o700)  # the zone's private keys
    (directory / f"{domain}.zone").write_text(zone_head(domain) + records)
    (directory / f"{SENDER_DOMAIN}.zone").write_text(sender_zone(senders))
    for address in (AUTHORITY, RESOLVER):
        host.add_address(*address)
    _start_knot(host, domain)
    _start_unbound(host, domain)


def _start_knot(host, domain):
    conf = host.directory / "knot.conf"
    conf.write_text(KNOT_CONF.format(dir=host.directory, domain=domain, senders=SENDER_DOMAIN,
                                     listen=", ".join(f"{address}@53" for address in AUTHORITY)))
    host.spawn([KNOTD, "-c", conf], "knot.log")
    signed = ["kdig", f"@{AUTHORITY[0]}", "+dnssec", "+time=1", "+retry=0", domain, "SOA"]
    until(lambda: "RRSIG" in host.run(signed, check=False).stdout, 15, f"Knot to serve {domain}, signed")
    key = host.run(["keymgr", "-c", conf, f"{domain}.", "dnskey"]).stdout
    (host.directory / "anchor").write_text(key)


def _start_unbound(host, domain):
    conf = host.directory / "unbound.conf"
    stubs = "".join(STUB.format(zone=zone, addresses=AUTHORITY) for zone in (domain, SENDER_DOMAIN))
    conf.write_text(UNBOUND_CONF.format(dir=host.directory, interfaces=RESOLVER, senders=SENDER_DOMAIN, stubs=stubs))
    host.spawn([UNBOUND, "-d", "-p", "-c", conf], "unbound.log")
    until(lambda: "ad" in flags(host, domain, "SOA"), 15, f"Unbound to validate {domain}")


def query(host, name, kind):
    """A look-up through the resolver: what kdig prints."""
    return host.run(["kdig", f"@{RESOLVER[0]}", "+dnssec", "+time=1", "+retry=0", name, kind], check=False).stdout


def flags(host, name, kind):
    """The flags of the resolver's answer; `ad` says that it has been validated. Empty if there is no answer."""
    answer = query(host, name, kind)
    return answer.split("Flags:")[1].split(";")[0].split() if "Flags:" in answer else []
