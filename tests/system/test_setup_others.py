"""havedane setup on a Postfix that serves others, too: what it leaves alone, and where it cannot go on."""

import ssl

import pytest

from machine import DOMAIN
from support import until

OPTIONS = ("--catch-all", "--domain", DOMAIN)
CONFIG = 78
ADDED = {"alias_maps", "virtual_alias_domains", "virtual_alias_maps", "tls_server_sni_maps"}

# Lists over several lines, with comments and references in them.
MAIN_CF = """\
compatibility_level = 3.6
maillog_file = /var/log/mail.log
myhostname = mail.example.org
mydomain = example.org
mydestination = $myhostname,
\tlocalhost.$mydomain,
# people's mail
\tlocalhost, $mydomain,

\tlocal.test
mynetworks = 127.0.0.0/8
more_aliases = hash:/etc/more-aliases
alias_maps =
\thash:/etc/aliases
\t$more_aliases
alias_database = hash:/etc/aliases
virtual_alias_maps = hash:/etc/postfix/virtual,
\thash:/etc/postfix/virtual2
relay_domains = relay.test
smtpd_tls_cert_file = /etc/postfix/others.pem
smtpd_tls_key_file = $smtpd_tls_cert_file
smtpd_tls_security_level = may
smtpd_relay_restrictions = permit_mynetworks,
\tcheck_client_access hash:/etc/postfix/virtual2
\treject_unauth_destination
home_mailbox = Maildir/
"""


def parameters(machine, which="-n"):
    values = dict(line.split(" =", 1) for line in machine("postconf", which).splitlines())
    return {name: value for name, value in values.items() if name != "process_id"}


@pytest.fixture
def others(machine):
    """A machine whose Postfix has domains, aliases and a certificate of its own."""
    machine("useradd", "--create-home", "somebody")
    machine.write("/etc/postfix/main.cf", MAIN_CF)
    machine.write("/etc/postfix/virtual", "virtual.test\tanything\ninfo@virtual.test\tsomebody@local.test\n")
    machine.write("/etc/postfix/virtual2", "second.test\tanything\n@second.test\tmore@local.test\n")
    machine.write("/etc/more-aliases", "more: somebody\n")
    machine("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/tmp/key.pem", "-out", "/tmp/cert.pem",
            "-subj", "/CN=mail.example.org")
    machine.write("/etc/postfix/others.pem", machine.read("/tmp/key.pem") + machine.read("/tmp/cert.pem"))
    for command in (("postmap", "/etc/postfix/virtual"), ("postmap", "/etc/postfix/virtual2"),
                    ("postalias", "/etc/more-aliases"), ("postfix", "check")):
        machine(*command)
    return machine


def arrived(machine):
    folder = machine.path("/home/somebody/Maildir/new")
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_only_the_four_are_added_to(others):
    before, all_before = parameters(others), parameters(others, "-x")
    printed = others.setup(*OPTIONS)
    after = parameters(others)
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == ADDED
    assert after["alias_maps"] == " hash:/etc/aliases $more_aliases, hash:/etc/havedane/postfix/aliases"
    assert after["virtual_alias_maps"] == (" hash:/etc/postfix/virtual, hash:/etc/postfix/virtual2, "
                                           "hash:/etc/havedane/postfix/virtual")
    # The domains that come from the maps, by the default of this parameter, must not be lost.
    assert after["virtual_alias_domains"].startswith(" $virtual_alias_maps, do.havedane.test, ")
    for text in ("this Postfix serves others, too:", "  relay_domains = relay.test", "  smtpd_tls_cert_file = /etc/postfix",
                 "--limits", "  message_size_limit = 2097152\n", "  smtpd_tls_received_header = yes\n"):
        assert text in printed
    assert all_before["message_size_limit"] == parameters(others, "-x")["message_size_limit"]
    tree = others.tree()
    assert "\nNothing to change.\n" in others.setup()
    assert others.changed_since(tree) == []
    others.setup("--remove")
    assert parameters(others) == before
    assert parameters(others, "-x") == all_before


def test_their_mail_goes_on(others):
    others.setup(*OPTIONS)
    for number, address in enumerate(("somebody@local.test", "info@virtual.test", "x@second.test", "more@example.org"), 1):
        others.wait_gone(others.send(address))
        assert arrived(others) == number, address
    others.send(f"k5d3m2q7xw4b6n2a@wrong.{DOMAIN}")
    assert others("postconf", "-h", "maximal_queue_lifetime") == "5d\n"
    # The hook's: this alias was never created, so it is dropped, which is "sent" to Postfix.
    until(lambda: "to=<havedane-wrong@localhost>, orig_to=<k5d3m2q7xw4b6n2a@wrong.havedane.test>" in others.log, "delivery")
    assert "status=bounced" not in others.log and "status=deferred" not in others.log
    with others.smtp() as client:
        client.ehlo()
        client.mail("tester@sender.test")
        assert client.rcpt("nobody@virtual.test")[0] == 550
        assert client.rcpt("x@elsewhere.test")[0] == 554


def test_each_has_its_certificate(others):
    others.setup(*OPTIONS)
    shown = {}
    for name in (f"do.{DOMAIN}", f"wrong.{DOMAIN}", "mail.example.org", "192.0.2.10"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with others.smtp() as client:
            client._host = name
            client.starttls(context=context)
            shown[name] = ssl.DER_cert_to_PEM_cert(client.sock.getpeercert(binary_form=True))
    ours, theirs = others.read("/etc/havedane/tls/server.pem"), others.read("/etc/postfix/others.pem")
    assert ours.startswith(shown[f"do.{DOMAIN}"]) and ours.startswith(shown[f"wrong.{DOMAIN}"])
    assert shown["mail.example.org"] in theirs and shown["192.0.2.10"] in theirs


def test_limits_sets_the_rest_but_what_others_need(others):
    before = parameters(others)
    printed = others.setup("--limits", *OPTIONS)
    after = parameters(others)
    assert after["message_size_limit"] == " 2097152" and after["smtpd_tls_received_header"] == " yes"
    assert "header_checks" in after
    for name in ("smtpd_tls_cert_file", "smtpd_tls_key_file", "smtpd_relay_restrictions", "mydestination", "relay_domains"):
        assert after[name] == before[name]
    assert "smtpd_tls_chain_files" not in after
    assert "left as others need it:" in printed
    tree = others.tree()
    assert "\nNothing to change.\n" in others.setup("--limits")
    assert others.changed_since(tree) == []
    others.setup("--remove")
    assert parameters(others) == before


def test_header_checks_of_theirs_stay(others):
    others.write("/etc/postfix/header_checks", "/^X-Secret:/ IGNORE\n")
    others.set("header_checks=regexp:/etc/postfix/header_checks")
    others.setup("--limits", *OPTIONS)
    assert others("postconf", "-h", "header_checks").startswith("regexp:/etc/postfix/header_checks, regexp:{{/^Delivered-To")
    message = "X-Secret: a\nDelivered-To: havedane-do@localhost\nX-Open: b\nSubject: x\n\nHello.\n"
    others.wait_gone(others.send("somebody@local.test", message=message))
    mail = next(others.path("/home/somebody/Maildir/new").iterdir()).read_text()
    assert "X-Open" in mail and "X-Secret" not in mail


SIGNS = [
    "relayhost=[smart.test]", "transport_maps=hash:/etc/postfix/transport", "virtual_mailbox_domains=box.test",
    "mydestination=$myhostname, localhost, example.net", "relay_domains=relay.test", "smtpd_sasl_auth_enable=yes",
    "virtual_alias_domains=other.test", "smtpd_milters=inet:127.0.0.1:9", "content_filter=smtp:127.0.0.1:9",
    "virtual_alias_maps=hash:/etc/postfix/virtual", "virtual_maps=hash:/etc/postfix/virtual", "mailbox_transport=lmtp:unix:/x",
    "smtpd_tls_chain_files=/etc/ssl/x.pem", "smtpd_tls_eccert_file=/etc/ssl/x.pem"]
# Not of others: as distributions leave them.
NO_SIGNS = [
    "smtpd_tls_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem", "mydestination=$myhostname, example.org, mail, localhost",
    "mydestination=localhost.lan, localhost.localdomain, , localhost, localdomain, other", "relay_domains=$mydestination", "relayhost=",
    "smtpd_sasl_auth_enable=no", "virtual_alias_maps=hash:/etc/havedane/postfix/virtual",
    "virtual_alias_domains=do.havedane.test wrong.havedane.test"]


def test_signs_of_others(machine):
    for name in ("transport", "virtual"):
        machine.write(f"/etc/postfix/{name}", "")
        machine("postmap", f"/etc/postfix/{name}")
    machine.set("smtpd_tls_security_level=may")
    main_cf = machine.read("/etc/postfix/main.cf")
    for setting in SIGNS:
        machine.set("smtpd_tls_cert_file=/etc/ssl/x.pem", setting)
        printed = machine.setup("--dry-run", *OPTIONS)
        assert "check          this Postfix serves others, too:\n" in printed
        assert "check            {} = {}\n".format(*setting.split("=", 1)) in printed
        assert "would set message_size_limit" not in printed
        machine.write("/etc/postfix/main.cf", main_cf)
    for setting in NO_SIGNS:
        machine.set(setting)
        printed = machine.setup("--dry-run", *OPTIONS)
        assert "serves others" not in printed, printed
        assert "would set message_size_limit" in printed
        machine.write("/etc/postfix/main.cf", main_cf)


# In mydestination of the host "mail", whose full name is mail.example.net and whose mail's name is example.org.
OWN = ["mail", "mail.example.net", "MAIL.Example.net", "example.org", "localhost", "localhost.example.net", "localdomain", "$myhostname"]
NOT_OWN = ["mail.customer.org", "mail.lan", "mail.example.org", "mailing.test", "example.net", "localhosts.test", "/etc/postfix/domains",
           "hash:/etc/postfix/domains"]


def test_names_of_this_host(machine):
    machine("hostname", "mail")
    machine.write("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 mail.example.net mail\n")
    machine.write("/etc/postfix/domains", "customer.org x\n")
    machine("postmap", "/etc/postfix/domains")
    machine.set("myhostname=here.example.test")
    for name in OWN + NOT_OWN:
        machine.set(f"mydestination=localhost, {name}")
        assert ("serves others" in machine.setup("--dry-run", "--limits", *OPTIONS)) == (name in NOT_OWN), name


# --- where it cannot go on

REFUSALS = {
    "a probe in mydestination": ("mydestination=localhost, do.havedane.test", "do.havedane.test is in Postfix's mydestination"),
    "letter case": ("mydestination=localhost, WRONG.HaveDANE.test", "wrong.havedane.test is in Postfix's mydestination"),
    "in a file": ("mydestination=localhost, /etc/postfix/domains", "dont.havedane.test is in Postfix's mydestination"),
    "in a table": ("mydestination=localhost, hash:/etc/postfix/table", "wrong.havedane.test is in Postfix's mydestination"),
    "by a reference": ("mydestination=localhost, $relayed", "do.havedane.test is in Postfix's mydestination"),
    "among mailbox domains": ("virtual_mailbox_domains=wrong.havedane.test", "is in Postfix's virtual_mailbox_domains"),
    "by mailbox maps": ("virtual_mailbox_maps=hash:/etc/postfix/table", "is in Postfix's virtual_mailbox_domains"),
    "among relay domains": ("relay_domains=x.test, dont.havedane.test", "is in Postfix's relay_domains"),
    "the host's name": ("myhostname=do.havedane.test", "myhostname is do.havedane.test, the name of a probe"),
    "no localhost": ("mydestination=$myhostname, example.org", "localhost is not in Postfix's mydestination"),
    "no local delivery": ("local_transport=lmtp:unix:/x", "local_transport is lmtp:unix:/x"),
    "no commands": ("allow_mail_to_commands=forward", 'allow_mail_to_commands (forward) lacks "alias"'),
    "what nobody has is taken": ("smtpd_reject_unlisted_recipient=no", 'smtpd_reject_unlisted_recipient is "no"'),
    "that by a reference": ("smtpd_reject_unlisted_recipient=$biff", 'smtpd_reject_unlisted_recipient is "no"'),
    "no mappings": ("receive_override_options=no_address_mappings", "no_address_mappings"),
    "others, without TLS": ("relayhost=smart.test", "offers no TLS"),
    "others, no original recipient": ("relayhost=smart.test enable_original_recipient=no", "enable_original_recipient"),
    "others, without a certificate": ("relayhost=smart.test smtpd_tls_security_level=may", "has no certificate"),
}


def test_refusals(machine):
    machine.write("/etc/postfix/domains", "x.test\ndont.havedane.test\n")
    machine.write("/etc/postfix/table", "wrong.havedane.test x\n")
    machine("postmap", "/etc/postfix/table")
    main_cf = machine.read("/etc/postfix/main.cf")
    for claim, (settings, text) in REFUSALS.items():
        separate = settings.split(" ") if "relayhost" in settings else [settings]
        machine.set("relayed=do.havedane.test", *separate)
        before = machine.tree()
        said = machine.setup(*OPTIONS, status=CONFIG)
        assert text in said, claim
        assert "once that is mended, run it again" in said
        assert machine.changed_since(before) == [], claim
        machine.write("/etc/postfix/main.cf", main_cf)
    assert "would make the system user" in machine.setup("--dry-run", *OPTIONS)


def test_others_without_tls_get_it_with_limits(machine):
    machine.set("relayhost=smart.test")
    machine.setup("--limits", *OPTIONS)
    after = parameters(machine)
    assert after["smtpd_tls_security_level"] == " may" and "havedane" in after["smtpd_tls_chain_files"]
    assert after["relayhost"] == " smart.test"


def test_no_server_at_port_25(machine):
    master = machine.read("/etc/postfix/master.cf")
    machine.write("/etc/postfix/master.cf", master.replace("\nsmtp      inet", "\n#smtp      inet")
                  + "submission inet n - y - - smtpd\nsmtp unix - - y - - smtpd\n25 inet n - y - - other\n")
    assert "has no SMTP server at port 25" in machine.setup(*OPTIONS, status=CONFIG)
    for line in ("25 inet n - y - - smtpd\n", "192.0.2.10:smtp inet n - y - - smtpd\n", "[::1]:25 inet n - y - 1 postscreen\n"):
        machine.write("/etc/postfix/master.cf", master.replace("\nsmtp      inet", "\n#smtp      inet") + line)
        machine.setup("--dry-run", *OPTIONS)


HARMFUL = [("smtp/inet/smtpd_reject_unlisted_recipient=no", "for smtp: "),
           ("smtp/inet/smtpd_reject_unlisted_recipient=$biff", 'has "-o smtpd_reject_unlisted_recipient=no" for smtp: '),
           ("smtp/inet/receive_override_options=no_header_body_checks,no_address_mappings", "would not be mapped"),
           ("192.0.2.10:25/inet/receive_override_options=no_address_mappings", "for 192.0.2.10:25: "),
           ("smtpd/pass/smtpd_reject_unlisted_recipient=no", "for smtpd: "), ("smtp/inet/virtual_alias_maps=", "for smtp: "),
           ("cleanup/unix/virtual_alias_maps=", 'has "-o virtual_alias_maps=" for cleanup: '),
           ("smtp/inet/cleanup_service_name=second second/unix/virtual_alias_maps=", "for second: ")]
HARMLESS = ["submission/inet/smtpd_reject_unlisted_recipient=no", "127.0.0.1:10025/inet/receive_override_options=no_address_mappings",
            "second/unix/virtual_alias_maps=", "smtp/inet/smtpd_reject_unlisted_recipient=yes",
            "smtp/inet/receive_override_options=no_header_body_checks", "smtp/unix/smtp_helo_timeout=5"]


def test_overrides(machine):
    more = ["submission inet n - y - - smtpd", "127.0.0.1:10025 inet n - y - - smtpd", "192.0.2.10:25 inet n - y - - smtpd",
            "smtpd pass - - y - - smtpd", "second unix n - y - 0 cleanup"]
    master = machine.read("/etc/postfix/master.cf") + "\n".join(more) + "\n"
    for settings, text in [*HARMFUL, *((settings, None) for settings in HARMLESS)]:
        machine.write("/etc/postfix/master.cf", master)
        for setting in settings.split(" "):
            machine("postconf", "-P", setting)
        before = machine.tree()
        if text is None:
            machine.setup("--dry-run", *OPTIONS)
        else:
            assert text in machine.setup(*OPTIONS, status=CONFIG), settings
        assert machine.changed_since(before) == [], settings


def test_postfix_without_a_configuration(machine):
    machine.path("/etc/postfix/main.cf").unlink()
    before = machine.tree()
    said = machine.setup(*OPTIONS, status=CONFIG)
    assert "main.cf: No such file or directory" in said and "dpkg-reconfigure postfix" in said
    assert machine.changed_since(before) == []


def test_aliases_of_the_system_without_an_index(machine):
    machine.path("/etc/aliases.db").unlink()
    before = machine.tree()
    assert "would index /etc/aliases\n" in machine.setup("--dry-run", *OPTIONS)
    assert machine.changed_since(before) == []
    machine.set("alias_maps=hash:/etc/aliases, hash:/etc/missing")
    assert "alias_maps has hash:/etc/missing, and there is no such file" in machine.setup(*OPTIONS, status=CONFIG)
    assert not machine.path("/etc/aliases.db").exists()  # put back, as all of it
    machine.set("alias_maps=hash:/etc/aliases")
    assert "indexed /etc/aliases\n" in machine.setup(*OPTIONS)
    assert machine.path("/etc/aliases.db").exists()


def test_an_old_postfix(machine):
    machine.set("mail_version=3.5.25")
    assert "this is Postfix 3.5.25; 3.7 or newer" in machine.setup(*OPTIONS, status=CONFIG)


def test_no_postfix(machine):
    for name in ("postconf", "postfix"):
        machine.path(f"/usr/sbin/{name}").unlink()
    assert "Postfix is not installed" in machine.setup(*OPTIONS, status=CONFIG)
