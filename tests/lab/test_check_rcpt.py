"""What `havedane check` finds by asking the laboratory's Postfix as a sender would: faults that it has loaded, each found by
its name, and put back."""

import contextlib
import shutil
import sqlite3

import pytest

from lab_check import Findings, arguments, changed, expect, lab_of, main_cf, master_cf, zone
from lab_net import until


@pytest.fixture(scope="module")
def lab(prefix):
    """One of our own, as it is broken again and again."""
    with lab_of(prefix) as own:
        yield own


def count_of(lab):
    with contextlib.closing(sqlite3.connect(f"file:{lab.database}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM tests").fetchone()[0]


def finds(lab, wanted):
    """The check finds these, when Postfix has loaded the fault; no test of it is left."""
    before = count_of(lab)
    findings = until(lambda: (lambda found: found if all(found.find(*row) for row in wanted) else None)(Findings(lab, "rcpt")),
                     10, f"the check to find {wanted}")
    expect(findings, [row for row in wanted if row[0] != "ok"])
    assert count_of(lab) == before
    return findings


def is_well(lab):
    until(lambda: not Findings(lab, "rcpt").not_ok(), 10, "Postfix to be well again")


def test_well(lab):
    findings = Findings(lab, "rcpt")
    assert not findings.not_ok(), str(findings)
    for address in (lab.receiver.ipv4, lab.receiver.ipv6):
        for point in ("live", "offer", "unknown", "relay"):
            assert len(findings.find("ok", f"rcpt.{point}", f"{address}: ")) == 1


@pytest.mark.parametrize("settings, wanted", [
    ({"recipient_canonical_maps": "inline:{{@wrong.havedane.test=root@localhost}}"},
     [("failure", "rcpt.offer", "192.0.2.10", '"wrong"', "recipient_canonical_maps"),
      ("failure", "rcpt.offer", "2001:db8:25::10"),
      ("failure", "rcpt.unknown", "@wrong.havedane.test", "250 2.1.5")]),
    ({"smtpd_recipient_restrictions": "check_recipient_access inline:{{wrong.havedane.test = DEFER}}"},
     [("failure", "rcpt.live", "@wrong.havedane.test", "put off", "450 4.7.1", "check_*_access")]),
    ({"smtpd_recipient_restrictions": "check_recipient_access inline:{{do.havedane.test = REJECT}}"},
     [("failure", "rcpt.live", "@do.havedane.test", "554 5.7.1")]),
    ({"smtpd_reject_unlisted_recipient": "no"},
     [("failure", "rcpt.unknown", "@do.havedane.test", "does not exist", "smtpd_reject_unlisted_recipient"),
      ("failure", "rcpt.offer")]),
    ({"soft_bounce": "yes"}, [("failure", "rcpt.unknown", "450 4.1.1", "soft_bounce")]),
    ({"smtpd_hard_error_limit": "1"}, [("failure", "rcpt.unknown", "ends the conversation", "smtpd_hard_error_limit")]),
    ({"queue_minfree": "1000000000000000", "notify_classes": ""}, [("failure", "rcpt.connect", "192.0.2.10", "452 4.3.1")]),
    ({"smtpd_client_restrictions": "reject"}, [("failure", "rcpt.live", "554 5.7.1")]),
    ({"smtpd_relay_restrictions": "permit_mynetworks, check_client_access inline:{{192.0.2.21=OK}}, reject_unauth_destination"},
     [("unknown", "rcpt.relay", "others may cannot be told")]),
    ({"smtpd_relay_restrictions": "defer_unauth_destination"},
     [("failure", "rcpt.relay", "user@foreign.invalid", "not refused for good", "reject_unauth_destination")]),
    ({"smtpd_relay_restrictions": "reject_unauth_destination"}, [("ok", "rcpt.relay", "other domains is refused")]),
])
def test_fault(lab, settings, wanted):
    with main_cf(lab, reload=True, **settings):
        finds(lab, wanted)
    is_well(lab)


def test_another_map_answers_first(lab):
    ours = lab.postfix["receiver"].command("postconf", "-h", "virtual_alias_maps").stdout.strip()
    with main_cf(lab, reload=True, virtual_alias_maps=f"inline:{{{{@wrong.{lab.domain}=root@localhost}}}}, {ours}"):
        finds(lab, [("failure", "rcpt.unknown", f"@wrong.{lab.domain}", "is taken", "virtual_alias_maps")])
    is_well(lab)


def test_service_dead(lab):
    lab.service_kill()
    try:
        finds(lab, [("failure", "rcpt.live", "@do.havedane.test", "451 4.3.0", "systemctl status havedane-fcgi")])
    finally:
        lab.service_start()
    is_well(lab)


def test_one_address_differs(lab):
    """Only where the fault is, though the offers of both are recorded in one database."""
    ipv4, ipv6 = lab.receiver.ipv4, f"[{lab.receiver.ipv6}]"
    with master_cf(lab, "-M", f"{ipv4}:25/inet={ipv4}:25 inet n - n - - smtpd",
                   f"{ipv6}:25/inet={ipv6}:25 inet n - n - - smtpd "
                   "-o recipient_canonical_maps=inline:{{@wrong.havedane.test=root@localhost}}"):
        postfix = lab.postfix["receiver"]
        postfix.command("postconf", "-MX", "smtp/inet")
        postfix.command("postfix", "reload")
        findings = finds(lab, [("failure", "rcpt.offer", lab.receiver.ipv6), ("ok", "rcpt.offer", ipv4)])
        assert not findings.find("failure", "rcpt.offer", f"{ipv4}: ")
    lab.postfix["receiver"].command("postfix", "reload")
    is_well(lab)


def test_no_public_address_answers(lab):
    """As where a provider or a router is in between: then this host itself is asked."""
    with zone(lab, lambda text: text.replace("192.0.2.10", "192.0.2.99").replace("2001:db8:25::10", "2001:db8:25::99")):
        findings = Findings(lab, "rcpt")
        expect(findings, [("unknown", "rcpt.connect", "192.0.2.99: "), ("unknown", "rcpt.connect", "127.0.0.1 is asked instead")])
        assert findings.find("ok", "rcpt.live", "127.0.0.1: ") and findings.find("ok", "rcpt.offer", "127.0.0.1: ")
        assert findings.exit == 0


def test_store_of_somebody_else(lab):
    """It is not written to."""
    with changed(lambda: shutil.chown(lab.database, "www-data"), lambda: shutil.chown(lab.database, "havedane")):
        expect(Findings(lab, "rcpt"), [("unknown", "rcpt.live", "no test can be made")])


def test_not_root(lab):
    argv = [lab.prefix / "sbin/havedane", "-c", lab.conf, "check", *arguments(lab), "rcpt"]
    done = lab.receiver.run(argv, check=False, user="www-data")
    assert ["unknown", "rcpt.live"] in [line.split()[:2] for line in done.stdout.splitlines()], done.stdout
