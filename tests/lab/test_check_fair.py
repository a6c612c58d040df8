"""What `havedane check` finds of faults that treat a sender's messages unequally, in main.cf and in any service of
master.cf: each is planted, found by its name, and put back. Postfix itself never sees them."""

import pytest

from lab_check import Findings, expect, lab_of, main_cf, master_cf


@pytest.fixture(scope="module")
def lab(prefix):
    """One of our own, as it is broken again and again."""
    with lab_of(prefix) as own:
        yield own


PARAMETERS = [
    ({"smtpd_recipient_restrictions": "check_policy_service inet:127.0.0.1:10023"},
     ("smtpd_recipient_restrictions", "check_policy_service", "policy service")),
    ({"smtpd_client_restrictions": "permit_mynetworks, reject_rbl_client zen.example.test"},
     ("smtpd_client_restrictions", "reject_rbl_client")),
    ({"smtpd_restriction_classes": "greylist", "greylist": "check_policy_service unix:private/grey"},
     ("greylist", "check_policy_service")),
    ({"smtpd_recipient_restrictions": "check_recipient_access inline:{{wrong.havedane.test = DEFER}}"},
     ("smtpd_recipient_restrictions", "check_recipient_access")),
    ({"smtpd_client_restrictions": "Check_Client_Access cidr:/etc/clients"},
     ("smtpd_client_restrictions", "Check_Client_Access")),
    ({"smtpd_client_restrictions": "reject_unknown_client_hostname"}, ("reject_unknown_client_hostname", "DNS")),
    ({"smtpd_sender_restrictions": "reject_unknown_sender_domain"}, ("reject_unknown_sender_domain", "DNS")),
    ({"smtpd_recipient_restrictions": "reject_unverified_recipient"}, ("reject_unverified_recipient",)),
    ({"smtpd_recipient_restrictions": "$mypolicy", "mypolicy": "check_policy_service inet:127.0.0.1:10023"},
     ("smtpd_recipient_restrictions", "check_policy_service")),
    ({"smtpd_milters": "inet:127.0.0.1:8891"}, ("smtpd_milters", "milter", "postconf -e 'smtpd_milters ='")),
    ({"content_filter": "smtp:[127.0.0.1]:10024"}, ("content_filter", "TLS")),
    ({"smtpd_client_message_rate_limit": "2"}, ("smtpd_client_message_rate_limit", "third message")),
    ({"smtpd_command_filter": "regexp:/etc/filter"}, ("smtpd_command_filter", "regexp:/etc/filter")),
    ({"smtpd_hard_error_limit": "1"}, ("smtpd_hard_error_limit", '"1"')),
    ({"soft_bounce": "yes"}, ("soft_bounce", "postconf -e 'soft_bounce = no'")),
    ({"default_process_limit": "2"}, ("default_process_limit", '"2"', "20")),
]


@pytest.mark.parametrize("settings, parts", PARAMETERS)
def test_unfair(lab, settings, parts):
    with main_cf(lab, **settings):
        findings = Findings(lab, "fair")
        expect(findings, [("warning", "fair.client", *parts)])
        assert findings.exit == 0, "a warning is no failure"
        assert len(findings.not_ok()) == 1, "told once"


@pytest.mark.parametrize("settings, parts", [
    ({"smtpd_reject_unlisted_recipient": "no"}, ("smtpd_reject_unlisted_recipient", "bounced")),
    ({"receive_override_options": "no_unknown_recipient_checks, no_address_mappings"},
     ("receive_override_options", "no_address_mappings")),
    ({"receive_override_options": "no_unknown_recipient_checks"}, ("take no_unknown_recipient_checks out",)),
    ({"mynetworks": "127.0.0.0/8, 0.0.0.0/0"}, ("mynetworks", "anybody")),
    ({"mynetworks": "[::]/0"}, ("mynetworks", "anybody")),
    ({"defer_transports": "smtp, local"}, ("defer_transports", "hook")),
])
def test_broken(lab, settings, parts):
    with main_cf(lab, **settings):
        expect(Findings(lab, "fair"), [("failure", "fair.client", *parts)])


@pytest.mark.parametrize("status, name, value, parts", [
    ("failure", "recipient_canonical_maps", "inline:{{@wrong.havedane.test=root@localhost}}", ("@wrong.havedane.test root@localhost",)),
    ("failure", "canonical_maps", "regexp:{{/^[a-z0-9]+@do\\./ root}}", ("do.havedane.test",)),
    ("warning", "canonical_maps", "inline:{{somebody@example.test=root@localhost}}", ("somebody@example.test",)),
    ("failure", "transport_maps", "inline:{{localhost=discard:}}", ("has for localhost discard:",)),
    ("failure", "transport_maps", "inline:{{dont.havedane.test=error:no}}", ("dont.havedane.test",)),
    ("warning", "transport_maps", "inline:{{example.test=smtp:}}", ("example.test",)),
])
def test_rewriting(lab, status, name, value, parts):
    with main_cf(lab, **{name: value}):
        findings = Findings(lab, "fair")
        expect(findings, [(status, "fair.rewrite", name, *parts)])
        assert len(findings.not_ok()) == 1


def test_a_word_that_does_nothing(lab):
    with main_cf(lab, smtpd_client_restrictions="warn_if_reject reject_rbl_client zen.example.test"):
        assert not Findings(lab, "fair").not_ok()


# master.cf


def test_overridden(lab):
    with master_cf(lab, "-P", "smtp/inet/smtpd_proxy_filter=127.0.0.1:10025"):
        expect(Findings(lab, "fair"), [("warning", "fair.client", "smtpd_proxy_filter", "smtp/inet: ",
                                        "postconf -PX 'smtp/inet/smtpd_proxy_filter'")])


@pytest.mark.parametrize("own", ["", "-o {mypolicy=check_policy_service inet:127.0.0.1:10023}"])
def test_override_is_expanded(lab, own):
    """Also when what it names is in master.cf itself, and main.cf has something else."""
    listed = "permit_mynetworks" if own else "check_policy_service inet:127.0.0.1:10023"
    line = f"smtp inet n - n - - smtpd -o smtpd_recipient_restrictions=$mypolicy {own}"
    with master_cf(lab, "-M", f"smtp/inet={line}", mypolicy=listed):
        expect(Findings(lab, "fair"), [("warning", "fair.client", "smtpd_recipient_restrictions", "check_policy_service")])


@pytest.mark.parametrize("name", ["192.0.2.10:25", "127.0.0.2:smtp", "mail", "25"])
def test_second_listener(lab, name):
    """The first one is sound."""
    line = f"{name} inet n - n - - smtpd -o smtpd_milters=inet:127.0.0.1:1 -o smtpd_tls_received_header=no"
    with master_cf(lab, "-M", f"{name}/inet={line}"):
        expect(Findings(lab, "fair", "postfix"), [
            ("warning", "fair.client", "smtpd_milters", f"{name}/inet: is"),
            ("failure", "postfix.setting", "smtpd_tls_received_header", f'{name}/inet: is "no"')])


def test_another_port(lab):
    """Nobody sends mail for the probes there."""
    with master_cf(lab, "-M", "587/inet=587 inet n - n - - smtpd -o smtpd_milters=inet:127.0.0.1:1"):
        assert not Findings(lab, "fair", "postfix").not_ok()


def test_few_processes(lab):
    with master_cf(lab, "-F", "smtp/inet/process_limit=3"):
        expect(Findings(lab, "fair"), [("warning", "fair.client", "smtp/inet", "at most 3 processes")])


@pytest.mark.parametrize("override, point", [
    ("cleanup/unix/virtual_alias_maps=", ("failure", "postfix.setting", "virtual_alias_maps", "cleanup/unix: is")),
    ("cleanup/unix/enable_original_recipient=no", ("failure", "postfix.setting", "enable_original_recipient")),
    ("local/unix/alias_maps=", ("failure", "postfix.setting", "alias_maps", "local/unix: is")),
    ("cleanup/unix/recipient_canonical_maps=inline:{{@do.havedane.test=root}}",
     ("failure", "fair.rewrite", "recipient_canonical_maps", "cleanup/unix")),
    ("smtp/inet/receive_override_options=no_address_mappings",
     ("failure", "fair.client", "receive_override_options", "smtp/inet")),
])
def test_service_behind(lab, override, point):
    with master_cf(lab, "-P", override):
        expect(Findings(lab, "fair", "postfix"), [point])


def test_a_cleanup_service_of_its_own(lab):
    with master_cf(lab, "-M", "mine/unix=mine unix n - n - 0 cleanup -o virtual_alias_maps="):
        assert not Findings(lab, "postfix").not_ok(), "not in use"
    with master_cf(lab, "-M", "mine/unix=mine unix n - n - 0 cleanup -o virtual_alias_maps=", cleanup_service_name="mine"):
        expect(Findings(lab, "postfix"), [("failure", "postfix.setting", "virtual_alias_maps", "mine/unix: is")])


def test_deep_tests_of_postscreen(lab):
    with main_cf(lab, postscreen_pipelining_enable="yes", postscreen_greet_action="enforce"):
        assert not Findings(lab, "fair").not_ok(), "not in use"
    with master_cf(lab, "-M", "smtp/inet=smtp inet n - n - 1 postscreen",
                   "smtpd/pass=smtpd pass - - n - - smtpd -o smtpd_milters=inet:127.0.0.1:1",
                   postscreen_pipelining_enable="yes", postscreen_greet_action="enforce"):
        expect(Findings(lab, "fair"), [
            ("warning", "fair.client", "postscreen_pipelining_enable", "smtp/inet: is", "first message"),
            ("warning", "fair.client", "postscreen_greet_action"),
            ("warning", "fair.client", "smtpd_milters", "smtpd/pass: is")])


def test_all_is_well_again(lab):
    findings = Findings(lab, "fair", "postfix")
    assert not findings.not_ok(), str(findings)
