"""What the page does in a real browser while real mail arrives."""

import calendar
import re
import sqlite3
import time
import urllib.parse
import urllib.request

import browser
import pytest

from events import age

PROBES = ("do", "dont", "wrong")
SO_FAR = re.compile("so far", re.IGNORECASE)

# Markup, had it a chance; long, and without a space to break it at.
HOSTILE_HELO = "<img/src=/x/onerror=document.title='taken'>" + "<b>&amp;" * 20

def stored(lab):
    """How many tests there are."""
    with sqlite3.connect(f"file:{lab.database}?mode=ro", uri=True) as database:
        return database.execute("SELECT count(*) FROM tests").fetchone()[0]


def addresses(test):
    return [probe["address"] for probe in test["probes"]]


def open_new(page):
    """Opens the page for a new test; returns its alias."""
    page.open()
    page.until_verdict("waiting")
    return page.alias


def test_new_test_is_created_and_shown(lab, page):
    before = stored(lab)
    alias = open_new(page)
    assert re.fullmatch("[a-z2-7]{16}", alias)
    assert stored(lab) == before + 1
    test = lab.get(alias)
    assert [page.text(page.probe(name, ".address")).replace("\n", "") for name in PROBES] == addresses(test)
    assert page.find("#all-addresses").get_attribute("textContent") == ", ".join(addresses(test))
    mailto = urllib.parse.urlsplit(page.attribute("#mailto", "href"))
    assert mailto.scheme == "mailto" and mailto.path.split(",") == addresses(test)
    assert page.outcomes == dict.fromkeys(PROBES, "waiting")
    assert "undeliverable" in page.text("#send") and "good sign" in page.text("#send")


def test_waiting_says_so_far(page):
    open_new(page)
    assert "nothing has arrived" in page.text("#verdict-title")
    assert all(SO_FAR.search(page.text(part)) for part in ("#verdict-title", "#observed-label", "#proves-label", "#limits-label"))
    assert not page.final


def test_reload_and_fragment_keep_the_test(lab, page):
    alias = open_new(page)
    before = stored(lab)
    page.driver.refresh()
    page.until_verdict("waiting")
    assert page.alias == alias
    page.open(alias.upper())
    page.until(lambda: page.alias == alias)
    assert page.text("#this-line code") == alias
    assert stored(lab) == before


def test_changed_fragment_shows_the_other_test(lab, page):
    open_new(page)
    other = lab.create()["alias"]
    page.driver.execute_script("location.hash = arguments[0]", other)
    page.until(lambda: page.text("#this-line code") == other)
    assert page.text(page.probe("do", ".address")).startswith(other)


def test_new_test_button_and_the_way_back(lab, page):
    first = open_new(page)
    page.find("#new-test").click()
    page.until(lambda: page.alias not in ("", first))
    page.until(lambda: page.text("#this-line code") == page.alias)
    page.driver.back()
    page.until(lambda: page.find_all("#this-line code") and page.text("#this-line code") == first)


@pytest.mark.parametrize("fragment", ["aaaaaaaaaaaaaaaa", "nonsense!", "../health", "a" * 9000],
                         ids=["unknown", "no alias", "a path", "endless"])
def test_fragment_without_a_test_is_told_and_creates_nothing(lab, page, fragment):
    page.expected = {400, 404, 414}
    before = stored(lab)
    page.open(fragment)
    page.until_status("gone")
    assert "no such test" in page.text("#status")
    assert not page.find("#send").is_displayed() and not page.find("#result").is_displayed()
    assert stored(lab) == before
    page.find("#new-test").click()
    page.until_verdict("waiting")
    assert stored(lab) == before + 1


def test_dane_is_seen_as_it_happens(lab, page):
    alias = open_new(page)
    lab.send("dane", alias)
    page.until(lambda: page.outcomes["do"] == page.outcomes["dont"] == "delivered")
    page.until_verdict("dane", 20)
    assert page.outcomes["wrong"] == "not-delivered"
    assert page.text("#verdict-title").startswith("So far: ") and "verifies DANE" in page.text("#verdict-title")
    assert "provided" in page.text("#verdict-limits") and "weaker evidence" in page.text("#verdict-limits")
    assert page.text(page.probe("wrong", ".outcome")) == "Not delivered so far"
    age(lab, alias, 3600)
    page.until(lambda: page.final, 20)
    page.until(lambda: page.text(page.probe("wrong", ".outcome")).startswith("Not delivered, as expected"))
    assert not SO_FAR.search(page.text())


def test_running_until_the_rest_is_there(lab, page):
    alias = open_new(page)
    lab.send("dane", alias, probes=("dont",))
    page.until(lambda: page.outcomes["dont"] == "delivered")
    assert page.verdict == "running" and SO_FAR.search(page.text("#verdict-title"))
    page.until_verdict("broken", 20)
    assert "So far" in page.text("#verdict-title")
    lab.send("dane", alias, probes=("do",))
    page.until_verdict("dane", 30)


def test_no_dane_is_final_at_once(lab, page):
    alias = open_new(page)
    lab.send("may", alias)
    page.until(lambda: set(page.outcomes.values()) == {"delivered"}, 20)
    page.until_verdict("no-dane")
    assert page.final and not SO_FAR.search(page.text())
    assert "does not enforce DANE" in page.text("#verdict-title")
    assert "may check them" in page.text("#verdict-limits")
    assert "not what a server that verifies DANE does" in page.text(page.probe("wrong", ".outcome"))


def test_offered_message_is_told_and_keeps_the_verdict_open(lab, page):
    """As if the message to `wrong` were stuck in our own queue."""
    alias = open_new(page)
    with sqlite3.connect(lab.database) as database:
        database.execute("INSERT INTO offers VALUES (?, 'wrong', unixepoch() * 1000)", (alias,))
    database.close()
    lab.send("may", alias, ["do", "dont"])
    page.until(lambda: page.outcomes == {"do": "delivered", "dont": "delivered", "wrong": "waiting"}, 30)
    lab.wait(alias, lambda test: test["counts_at"] and time.time() > calendar.timegm(
        time.strptime(test["counts_at"], "%Y-%m-%dT%H:%M:%SZ")) + 1, 30)
    page.driver.refresh()
    page.until_verdict("running")
    assert "offered" in page.text("#verdict-title") and SO_FAR.search(page.text("#verdict-title"))
    assert "stays open" in page.text("#verdict-next") and not page.final
    assert "your server offered the message" in page.text(page.probe("wrong", ".outcome"))


def test_evidence_is_that_of_the_api(lab, page):
    alias = open_new(page)
    lab.send("may", alias, probes=("do",))
    page.until(lambda: page.outcomes["do"] == "delivered", 20)
    delivery = lab.get(alias)["probes"][0]["delivery"]
    transport, client = page.text(page.probe("do", ".transport")), page.text(page.probe("do", ".client"))
    assert transport == f"{delivery['tls']['protocol']}, {delivery['tls']['cipher']}"
    assert client == f"{delivery['client']['address']} ({delivery['client']['helo']})"
    assert page.text(page.probe("do", ".received"))


def test_no_tls(lab, page):
    alias = open_new(page)
    lab.send("none", alias)
    page.until(lambda: set(page.outcomes.values()) == {"delivered"}, 20)
    page.until_verdict("no-tls")
    assert page.final and "without TLS" in page.text("#verdict-title")
    assert {page.text(page.probe(name, ".transport")) for name in PROBES} == {"without TLS"}
    assert "not what a server that verifies DANE does" in page.text(page.probe("do", ".outcome"))


def test_hostile_helo_is_only_text(lab, page):
    alias = open_new(page)
    title = page.driver.title
    # Straight to the hook: Postfix itself would already make ? of < and >, and the page must not depend on that.
    lab.run("receiver", ["env", f"ORIGINAL_RECIPIENT={alias}@do.{lab.domain}", f"CLIENT_HELO={HOSTILE_HELO}",
                         lab.prefix / "libexec/havedane/havedane-hook", "-c", lab.conf],
            user="havedane", input="Subject: no Received line\n\n")
    page.until(lambda: page.outcomes["do"] == "delivered")
    assert HOSTILE_HELO in page.text(page.probe("do", ".client"))
    assert page.text(page.probe("do", ".transport")) == "unknown whether TLS was used"
    assert page.find_all("main img, #result b") == [] and page.driver.title == title
    for width in (1100, 360, 320):
        page.set_width(width)
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= width


def test_unchanged_test_is_asked_for_by_etag(page):
    open_new(page)
    page.until(lambda: 304 in page.statuses())
    assert page.verdict == "waiting" and page.attribute("#status", "data-kind") == "none"


def test_service_away_and_back(service, page):
    page.expected = {502, 503}
    alias = open_new(page)
    service.service_stop()
    page.until_status("trouble")
    assert "Not current" in page.text("#as-of") and "not current" in page.text("#status-next")
    assert page.attribute("#result", "data-current") == "false"
    service.service_start()
    page.until_status("none", 40)
    assert page.alias == alias and not page.find("#as-of").is_displayed()
    assert page.attribute("#result", "data-current") == "true"


def test_network_away_and_back(page):
    page.expected = {"net::ERR_INTERNET_DISCONNECTED"}
    open_new(page)
    page.set_offline(True)
    page.until_status("trouble")
    assert "cannot be reached" in page.text("#status")
    assert page.find("#as-of").is_displayed()
    page.set_offline(False)
    page.until_status("none", 40)


def test_creation_that_fails_can_be_tried_again(service, page):
    page.expected = {502, 503}
    service.service_stop()
    page.open()
    page.until_status("trouble")
    assert "No test could be created" in page.text("#status")
    assert page.alias == "" and not page.find("#send").is_displayed()
    service.service_start()
    page.find("#retry").click()
    page.until_verdict("waiting")
    assert re.fullmatch("[a-z2-7]{16}", page.alias)


def test_deleted_test_is_told_and_asked_for_no_more(lab, page):
    page.expected = {404}
    alias = open_new(page)
    assert lab.api("DELETE", f"/api/tests/{alias}")[0] == 204
    page.until_status("gone")
    assert "expired or was deleted" in page.text("#status")
    assert not page.find("#send").is_displayed() and page.find("#as-of").is_displayed()
    asked = len(page.requests())
    time.sleep(3)  # longer than it was polled before: nothing must happen
    assert len(page.requests()) == asked
    before = stored(lab)
    page.find("#new-test").click()
    page.until(lambda: page.alias != alias)
    page.until_verdict("waiting")
    assert stored(lab) == before + 1


def test_copying(lab, page):
    page.grant_clipboard()
    test = lab.get(open_new(page))
    for selector, text in (("#copy-all", ", ".join(addresses(test))), (page.probe("dont", ".copy"), addresses(test)[1])):
        page.find(selector).click()
        page.until(lambda: "Copied" in page.text(f"{selector} ~ .note"))
        assert page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])") == text


def test_copying_without_clipboard_selects_the_text(lab, page):
    page.before_load("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    test = lab.get(open_new(page))
    for selector, text in (("#copy-all", ", ".join(addresses(test))), (page.probe("do", ".copy"), addresses(test)[0])):
        page.find(selector).click()
        page.until(lambda: page.text(f"{selector} ~ .note"))
        assert page.driver.execute_script("return getSelection().toString()").strip() == text


def test_content_security_policy_holds(page):
    """Also proves that a violation would be noticed in every other test."""
    open_new(page)
    page.driver.execute_script("const s = document.createElement('style'); s.textContent = 'body { color: red }';"
                               "document.body.append(s); fetch('http://192.0.2.99/').catch(() => {});"
                               "try { document.createElement('script').textContent = 'window.taken = true'; } catch {}")
    seen = []

    def complaints():
        seen.extend(entry["message"] for entry in page.complaints())
        return all(any(part in text for text in seen) for part in ("style-src", "connect-src", "TrustedScript"))
    page.until(complaints)


def test_no_alias_in_access_log(lab, page):
    alias = open_new(page)
    page.until(lambda: 304 in page.statuses())
    # Refused by nginx before it looks for the location.
    assert lab.api("GET", f"/api/tests/{alias}", {"X-Long": "x" * 40000})[0] == 400
    logs = list(lab.dir.glob("**/access.log"))
    assert logs and all(alias not in log.read_text() for log in logs)


def test_without_javascript(lab):
    driver, profile = browser.start(javascript=False)
    with profile:
        try:
            page = browser.Page(driver, lab.url)
            page.open()
            assert "Without JavaScript" in page.text()
            assert "THIS-SITE/api/tests" in page.text()
            assert not page.find("#send").is_displayed() and not page.find("#new-test").is_displayed()
        finally:
            driver.quit()
