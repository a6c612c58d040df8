"""Names of the laboratory: Knot serves the zones, Unbound resolves and validates.

As outside, there is a chain: the trust anchor is the key of the zone above, `test.`, which has a DS record of the domain
under test, and none of the senders' zone. publish() changes what is in the domain, or breaks the chain.
"""

import os
import re
import signal

from lab_net import until

AUTHORITY = ("192.0.2.3", "2001:db8:25::3")
RESOLVER = ("192.0.2.2", "2001:db8:25::2")
PARENT = "test"
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
template:
  - id: default
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: {parent}
    file: "{dir}/{parent}.zone"
    dnssec-signing: on
    dnssec-policy: signed
  - domain: {domain}
    file: "{dir}/{domain}.zone"
    semantic-checks: {checks}
    dnssec-signing: {signing}
    dnssec-policy: signed
  - domain: {senders}
    file: "{dir}/{senders}.zone"
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
    # what is published anew is seen at once
    cache-max-ttl: 0
    cache-max-negative-ttl: 0
    val-bogus-ttl: 0
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


def zone_head(zone, serial=1):
    """What makes a zone of a list of records: SOA and name server."""
    return (f"$TTL 60\n{zone}. SOA ns.{zone}. hostmaster.{zone}. {serial} 3600 600 86400 60\n"
            f"{zone}. NS ns.{zone}.\nns.{zone}. A {AUTHORITY[0]}\nns.{zone}. AAAA {AUTHORITY[1]}\n")


def sender_zone(senders):
    """The unsigned zone that tells the senders' addresses."""
    hosts = "".join(f"{h.name}.{SENDER_DOMAIN}. A {h.ipv4}\n{h.name}.{SENDER_DOMAIN}. AAAA {h.ipv6}\n" for h in senders)
    return zone_head(SENDER_DOMAIN) + hosts


def parent_zone(domain, ds, serial=1):
    """The zone above: it delegates, with these DS records of the domain."""
    zones = "".join(f"{zone}. NS ns.{zone}.\nns.{zone}. A {AUTHORITY[0]}\nns.{zone}. AAAA {AUTHORITY[1]}\n"
                    for zone in (domain, SENDER_DOMAIN))
    return zone_head(PARENT, serial) + zones + ds


def start(host, domain, records, senders):
    """Serves `domain` with these records, signed, and resolves it with the key of the zone above as trust anchor."""
    directory = host.directory
    (directory / "run").mkdir()
    (directory / "knot").mkdir(mode=0o700)  # the zones' private keys
    (directory / f"{PARENT}.zone").write_text(parent_zone(domain, ""))
    (directory / f"{domain}.zone").write_text(zone_head(domain) + records)
    (directory / f"{SENDER_DOMAIN}.zone").write_text(sender_zone(senders))
    for address in (AUTHORITY, RESOLVER):
        host.add_address(*address)
    _start_knot(host, domain)
    _start_unbound(host, domain)


def _configure_knot(host, domain, signing=True):
    conf = host.directory / "knot.conf"
    onoff = "on" if signing else "off"
    conf.write_text(KNOT_CONF.format(dir=host.directory, parent=PARENT, domain=domain, senders=SENDER_DOMAIN, checks=onoff,
                                     signing=onoff, listen=", ".join(f"{address}@53" for address in AUTHORITY)))
    return conf


def _start_knot(host, domain):
    conf = _configure_knot(host, domain)
    host.spawn([KNOTD, "-c", conf], "knot.log")
    _until_it_listens(host, AUTHORITY[0])
    for zone in (PARENT, domain):
        until(lambda zone=zone: "RRSIG" in _ask_knot(host, zone, "SOA"), 15, f"Knot to serve {zone}, signed")
    (host.directory / "anchor").write_text(host.run(["keymgr", "-c", conf, f"{PARENT}.", "dnskey"]).stdout)
    _publish_parent(host, domain, _own_ds(host, domain))


def _start_unbound(host, domain):
    conf = host.directory / "unbound.conf"
    stubs = "".join(STUB.format(zone=zone, addresses=AUTHORITY) for zone in (PARENT, domain, SENDER_DOMAIN))
    conf.write_text(UNBOUND_CONF.format(dir=host.directory, interfaces=RESOLVER, stubs=stubs))
    host.spawn([UNBOUND, "-d", "-p", "-c", conf], "unbound.log")
    _until_it_listens(host, RESOLVER[0])
    until(lambda: "ad" in flags(host, domain, "SOA"), 15, f"Unbound to validate {domain}")


def _until_it_listens(host, address):
    """A question that comes too early would be waited for in vain, for a second."""
    until(lambda: f"{address}:53 " in host.run(["ss", "-Hlun"]).stdout, 15, f"{address} to listen")


def _ask_knot(host, name, kind):
    return host.run(["kdig", f"@{AUTHORITY[0]}", "+dnssec", "+time=1", "+retry=0", name, kind], check=False).stdout


def _own_ds(host, domain):
    lines = host.run(["keymgr", "-c", host.directory / "knot.conf", f"{domain}.", "ds"]).stdout.splitlines()
    return next(line for line in lines if re.search(r" 13 2 [0-9a-f]{64}$", line)) + "\n"


def _next_serial(host, zone):
    """A serial number above all that Knot has made of the file's by signing."""
    text = (host.directory / f"{zone}.zone").read_text()
    return (int(re.search(r"SOA \S+ \S+ (\d+)", text)[1]) // 1000 + 1) * 1000


def _reload(host, zone, serial):
    """Has Knot serve a zone's file, and waits until it does."""
    conf = host.directory / "knot.conf"
    host.run(["knotc", "-c", conf, "-b", "reload"])
    host.run(["knotc", "-c", conf, "-b", "zone-reload", zone], check=False)

    def served():
        found = re.search(r"SOA\s+\S+ \S+ (\d+)", _ask_knot(host, zone, "SOA"))
        return found and int(found[1]) >= serial
    until(served, 15, f"Knot to serve {zone} of serial {serial}")


def _publish_parent(host, domain, ds):
    serial = _next_serial(host, PARENT)
    (host.directory / f"{PARENT}.zone").write_text(parent_zone(domain, ds, serial))
    _reload(host, PARENT, serial)


def publish(host, domain, records, signed=True, delegated=True, tamper=None):
    """Serves `domain` with these records instead, as soon as this returns.

    signed: whether they are signed. delegated: whether the zone above has its DS record. tamper: what is done to the text
    of the signed zone before it is served.
    """
    file = host.directory / f"{domain}.zone"
    serial = _next_serial(host, domain)
    _configure_knot(host, domain)
    file.write_text(zone_head(domain, serial) + records)
    _reload(host, domain, serial)
    if tamper:
        signed_zone = host.directory / "signed"
        signed_zone.mkdir(exist_ok=True)
        host.run(["knotc", "-c", host.directory / "knot.conf", "-b", "zone-flush", domain, "+outdir", signed_zone])
        records = tamper((signed_zone / f"{domain}.zone").read_text())
    if tamper or not signed:
        _configure_knot(host, domain, signing=False)
        file.write_text(records if tamper else zone_head(domain, serial + 100) + records)
        _reload(host, domain, serial if tamper else serial + 100)
    _publish_parent(host, domain, _own_ds(host, domain) if delegated else "")
    _restart_unbound(host, domain)


def _restart_unbound(host, domain):
    """What it knows of keys and delegations is not in the cache that can be switched off."""
    for pid in host.pids(UNBOUND):
        os.kill(pid, signal.SIGTERM)
    until(lambda: not host.pids(UNBOUND), 10, "Unbound to end")
    host.spawn([UNBOUND, "-d", "-p", "-c", host.directory / "unbound.conf"], "unbound.log")
    _until_it_listens(host, RESOLVER[0])
    until(lambda: "Flags:" in query(host, SENDER_DOMAIN, "SOA"), 15, "Unbound to answer")


def query(host, name, kind):
    """A look-up through the resolver: what kdig prints."""
    return host.run(["kdig", f"@{RESOLVER[0]}", "+dnssec", "+time=1", "+retry=0", name, kind], check=False).stdout


def flags(host, name, kind):
    """The flags of the resolver's answer; `ad` says that it has been validated. Empty if there is no answer."""
    answer = query(host, name, kind)
    return answer.split("Flags:")[1].split(";")[0].split() if "Flags:" in answer else []
