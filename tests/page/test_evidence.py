"""How each message came, and whether all came from one server in one go."""

from events import TLS, age, arrive, sender_with

PROBES = ("do", "dont", "wrong")

# Markup, had it a chance; long, and without a space to break it at.
HOSTILE_HELO = "<img/src=/x/onerror=document.title='taken'>" + "<b>&amp;" * 20


def test_evidence_is_that_of_the_api(lab, page):
    alias = page.open_new()
    lab.send("may", alias, probes=("do",))
    page.until(lambda: page.outcomes["do"] == "delivered", 20)
    delivery = lab.get(alias)["probes"][0]["delivery"]
    assert page.text(page.probe("do", ".transport")) == f"{delivery['tls']['protocol']}, {delivery['tls']['cipher']}"
    assert page.text(page.probe("do", ".client")) == f"{delivery['client']['address']} ({delivery['client']['helo']})"
    local = page.run("return new Date(arguments[0]).toLocaleTimeString('en-GB')", delivery["received"])
    assert local in page.text(page.probe("do", ".received"))
    assert not page.shown(page.probe("dont", ".delivery"))
    assert "the last hop is what is tested" in page.text("#result")


def test_without_tls(lab, page):
    alias = page.open_new()
    lab.send("none", alias)
    page.until(lambda: set(page.outcomes.values()) == {"delivered"}, 20)
    assert {page.text(page.probe(name, ".transport")) for name in PROBES} == {"without TLS"}


def test_hostile_helo_is_only_text(lab, page):
    alias = page.open_new()
    title = page.driver.title
    # Straight to the hook: Postfix itself would already make ? of < and >, and the page must not depend on that.
    lab.run("receiver", ["env", f"ORIGINAL_RECIPIENT={alias}@do.{lab.domain}", f"CLIENT_HELO={HOSTILE_HELO}",
                         lab.prefix / "libexec/havedane/havedane-hook", "-c", lab.conf],
            user="havedane", input="Subject: no Received line\n\n")
    # Another one, so that both are told once more, as different servers.
    arrive(lab, alias, "dont", client=("192.0.2.98", HOSTILE_HELO[::-1]))
    page.until(lambda: page.outcomes["do"] == page.outcomes["dont"] == "delivered")
    assert HOSTILE_HELO in page.text(page.probe("do", ".client"))
    assert HOSTILE_HELO in page.text("#mixed") and HOSTILE_HELO[::-1] in page.text("#mixed")
    assert page.text(page.probe("do", ".transport")) == "unknown whether TLS was used"
    assert page.find_all("main img, #result b") == [] and page.driver.title == title
    for width in (1100, 360, 320):
        page.set_width(width)
        assert page.run("return document.documentElement.scrollWidth") <= width


def with_clients(lab, page, *clients):
    """Opens a test where each probe's message came from one of these clients."""
    alias = page.open_new()
    for probe, client in zip(PROBES, clients):
        arrive(lab, alias, probe, client=client)
    page.hurry()
    page.until(lambda: list(page.outcomes.values()).count("delivered") == len(clients))


def test_different_names_are_different_servers(lab, page):
    with_clients(lab, page, ("192.0.2.1", "a.example"), ("192.0.2.1", "b.example"))
    assert "192.0.2.1 (a.example), 192.0.2.1 (b.example)" in page.text("#mixed")
    assert "start a new test" in page.text("#mixed") and not page.shown("#apart")


def test_different_addresses_are_different_servers(lab, page):
    with_clients(lab, page, ("192.0.2.1", "a.example"), ("192.0.2.2", "a.example"))
    assert "192.0.2.1 (a.example), 192.0.2.2 (a.example)" in page.text("#mixed")


def test_both_addresses_of_one_server_are_one(lab, page):
    with_clients(lab, page, ("192.0.2.1", "a.example"), ("2001:db8::1", "A.EXAMPLE"), ("192.0.2.1", "a.example"))
    assert not page.shown("#mixed") and page.find("#mixed").get_attribute("textContent") == ""


def test_two_ipv6_addresses_are_two_servers(lab, page):
    with_clients(lab, page, ("2001:db8::1", "a.example"), ("192.0.2.1", "a.example"), ("2001:db8::2", "a.example"))
    assert page.shown("#mixed")


def test_what_is_not_known_does_not_differ(lab, page):
    with_clients(lab, page, (None, None), ("192.0.2.1", "a.example"), ("192.0.2.1", None))
    assert not page.shown("#mixed")
    assert page.text(page.probe("do", ".client")) == "unknown address (no name known)"


def test_real_sender_by_both_families_is_one_server(lab, page):
    alias = page.open_new()
    lab.send("may", alias, ["do"])  # it prefers IPv4
    page.until(lambda: page.outcomes["do"] == "delivered", 20)
    with sender_with(lab, "may", {"smtp_address_preference": "ipv6"}):
        lab.send("may", alias, ["dont"])
        page.until(lambda: page.outcomes["dont"] == "delivered", 20)
    addresses = [page.text(page.probe(name, ".client")).split()[0] for name in ("do", "dont")]
    assert "." in addresses[0] and ":" in addresses[1]
    assert not page.shown("#mixed")


def test_real_senders_are_two_servers(lab, page):
    alias = page.open_new()
    lab.send("may", alias, ["do"])
    lab.send("dane", alias, ["dont"])
    page.until(lambda: page.outcomes["do"] == page.outcomes["dont"] == "delivered", 20)
    page.until(lambda: page.shown("#mixed"))
    assert "may.sender.test" in page.text("#mixed") and "dane.sender.test" in page.text("#mixed")


def test_arrivals_far_apart(lab, page):
    alias = page.open_new()
    arrive(lab, alias, "do")
    age(lab, alias, 14 * 60)
    arrive(lab, alias, "dont")
    page.hurry()
    page.until(lambda: page.outcomes["dont"] == "delivered")
    assert not page.shown("#apart")
    age(lab, alias, 62)
    arrive(lab, alias, "wrong")
    page.hurry()
    page.until(lambda: page.shown("#apart"))
    assert "arrived 15 min" in page.text("#apart") and "start a new test" in page.text("#apart")
    assert not page.shown("#mixed")


def test_repeated_mail_changes_nothing(lab, page):
    """What arrived first counts, and its time stays."""
    alias = page.open_new()
    arrive(lab, alias, "do", ago=30, tls=TLS)
    page.hurry()
    page.until(lambda: page.outcomes["do"] == "delivered")
    before = page.text(page.probe("do", ".delivery"))
    lab.send("may", alias, ["do", "dont"])
    page.until(lambda: page.outcomes["dont"] == "delivered", 20)
    assert page.text(page.probe("do", ".delivery")) == before
