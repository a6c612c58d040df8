"""A test survives reload, bookmark and sharing; its page creates none unasked; the browser lists its own."""

import json
import re

import pytest

from events import age, stored
from states import STATES

OWN = "havedane.tests"  # where the list is in local storage
DAY = 24 * 3600


def own(page):
    """The list in the browser's storage."""
    return json.loads(page.run("return localStorage.getItem(arguments[0])", OWN) or "[]")


def shows(page, alias):
    """Whether it is this test that the page shows, in all its parts."""
    return (page.find_all("#this-line code") and page.text("#this-line code") == alias and page.alias == alias
            and page.text("#all-addresses").startswith(alias)
            and page.text(page.probe("wrong", ".address")).startswith(alias))


def test_new_test_is_created_and_shown(lab, page):
    before = stored(lab)
    alias = page.open_new()
    assert re.fullmatch("[a-z2-7]{16}", alias) and shows(page, alias)
    assert stored(lab) == before + 1
    addresses = [probe["address"] for probe in lab.get(alias)["probes"]]
    assert [page.text(page.probe(name, ".address")).replace("\n", "") for name in ("do", "dont", "wrong")] == addresses
    assert set(page.outcomes.values()) == {"waiting"}
    assert "undeliverable" in page.text("#send") and "good sign" in page.text("#send")
    assert [method for method, url in page.requests() if "/api/" in url] == ["POST"]  # one round trip


def test_reload_keeps_the_test(lab, page):
    alias = page.open_new()
    before = stored(lab)
    page.driver.refresh()
    page.until(lambda: shows(page, alias))
    assert stored(lab) == before


def test_shared_link_shows_the_test_to_another_visitor(lab, page, stranger):
    alias = page.open_new()
    lab.send("may", alias)
    page.until_verdict("no-dane", 20)
    before = stored(lab)
    with stranger() as other:
        other.open(alias)
        other.until(lambda: shows(other, alias))
        assert other.verdict == "no-dane" and own(page)
        assert other.text(other.probe("do", ".client")) == lab.get(alias)["probes"][0]["delivery"]["client"]["address"] + \
            " (may.sender.test)"
        assert [test["alias"] for test in own(other)] == [alias]
    assert stored(lab) == before


def test_upper_case_is_as_good(lab, page):
    alias = lab.create()["alias"]
    before = stored(lab)
    page.open(alias.upper())
    page.until(lambda: shows(page, alias))
    assert stored(lab) == before


def test_changed_fragment_shows_the_other_test(lab, page):
    page.open_new()
    other = lab.create()["alias"]
    before = stored(lab)
    page.run("location.hash = arguments[0]", other)
    page.until(lambda: shows(page, other))
    assert stored(lab) == before


def test_new_test_button_and_the_way_back(lab, page):
    first = page.open_new()
    before = stored(lab)
    second = page.start_over()
    assert shows(page, second)
    page.until(lambda: page.focused == "#send-title")
    page.driver.back()
    page.until(lambda: shows(page, first))
    assert page.focused == "#top"
    page.driver.forward()
    page.until(lambda: shows(page, second))
    assert stored(lab) == before + 1


def test_back_while_a_test_is_being_created(lab, page):
    """What was asked for last is shown, whatever is answered late."""
    first = page.open_new()
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions",
                                {"offline": False, "latency": 300, "downloadThroughput": -1, "uploadThroughput": -1})
    page.find("#new-test").click()
    other = lab.create()["alias"]
    page.run("location.hash = arguments[0]", other)
    page.until(lambda: shows(page, other))
    page.until(lambda: page.statuses().count(201) == 2)
    page.run("return new Promise((done) => setTimeout(done, 100))")
    assert shows(page, other) and first != other


@pytest.mark.parametrize("fragment", ["a" * 16, "nonsense!", "../health", "..%2Fhealth", "%", "a" * 9000, "<img/src=x>"],
                         ids=["unknown", "no alias", "a path", "an encoded path", "half a code", "endless", "markup"])
def test_fragment_without_a_test_is_told_and_creates_nothing(lab, page, fragment):
    page.expected = {400, 404, 414}
    before = stored(lab)
    page.open(fragment)
    page.until_status("gone")
    assert "no such test" in page.text("#status") and "A new test gives you new addresses" in page.text("#status")
    assert not page.shown("#send") and not page.shown("#result") and not page.shown("#delete")
    assert stored(lab) == before
    page.find("#new-test").click()
    page.until_verdict("waiting")
    assert stored(lab) == before + 1


def test_own_tests_are_listed(lab, page):
    with STATES["no-dane"](lab, page) as first:
        assert not page.shown("#own")  # the one that is shown is not another one
        second = page.start_over()
        line = page.text("#own-tests li")
        date = page.run("return new Date(arguments[0]).toLocaleDateString('en-GB', {dateStyle: 'medium'})",
                        lab.get(first)["created"])
        assert date in line and "does not enforce DANE" in line and "So far" not in line
        assert own(page)[0]["alias"] == second and own(page)[1]["alias"] == first
        page.find("#own-tests a").click()
        page.until(lambda: shows(page, first))
        assert page.text("#own-tests").count("So far: nothing has arrived") == 1
        page.driver.refresh()
        page.until(lambda: shows(page, first))
        assert len(page.find_all("#own-tests li")) == 1


def test_gone_tests_leave_the_list(lab, page):
    page.expected = {404}
    first = page.open_new()
    page.start_over()
    lab.api("DELETE", f"/api/tests/{first}")
    page.find("#own-tests a").click()
    page.until_status("gone")
    assert first not in str(own(page)) and first not in page.attribute("#own-tests", "innerHTML")
    assert len(page.find_all("#own-tests li")) == 1


def test_expired_tests_leave_the_list(lab, page):
    page.open_new()
    page.start_over()
    page.run("""const tests = JSON.parse(localStorage.getItem(arguments[0]));
        tests[1].expires = new Date(Date.now() - 5000).toISOString();
        localStorage.setItem(arguments[0], JSON.stringify(tests));""", OWN)
    page.hurry()
    page.until(lambda: not page.shown("#own"))
    page.until(lambda: len(own(page)) == 1)


def test_the_list_does_not_grow_for_ever(lab, page):
    page.open_new()
    page.run("""const [test] = JSON.parse(localStorage.getItem(arguments[0]));
        const digits = 'abcdefghijklmnopqrstuvwxyz';
        localStorage.setItem(arguments[0], JSON.stringify(
            [...digits].map((digit) => ({...test, alias: digit.repeat(16), created: '2026-01-01T00:00:00Z'}))));""", OWN)
    page.hurry()
    page.until(lambda: len(own(page)) == 20)
    assert own(page)[0]["alias"] == page.alias  # the newest stay


STORAGE_OFF = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('off', 'SecurityError'); }});"
STORAGE_FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
GARBAGE = ["{", "null", "{}", "7", '"text"', "[null]", "[7, {}]", '[{"alias": "<img>", "expires": "2999-01-01"}]',
           '[{"alias": "aaaaaaaaaaaaaaaa", "expires": "2999-01-01T00:00:00Z"}]']


@pytest.mark.parametrize("script", [STORAGE_OFF, STORAGE_FULL, *(
    f"localStorage.setItem('{OWN}', {json.dumps(text)}); localStorage.setItem('havedane.language', {json.dumps(text)});"
    for text in GARBAGE)], ids=["off", "full", *GARBAGE])
def test_storage_does_no_harm(lab, page, script):
    page.before_load(script)
    alias = page.open_new()
    assert shows(page, alias)
    other = page.start_over()
    assert other != alias and shows(page, other)
    assert page.find_all("#own-tests a:not([href^='#']), #own-tests [href*='<']") == []
    page.find("#languages [lang=en]").click()
    assert page.attribute("html", "lang") == "en"


def test_expiry_while_open(lab, page):
    page.expected = {404}
    alias = page.open_new()
    age(lab, alias, DAY + 1)
    page.until_status("gone")
    assert "has expired or was deleted" in page.text("#status")
    assert "Not current" in page.text("#as-of") and not page.shown("#send")
    assert own(page) == [] and page.text("#clock") == ""


def test_deletion_elsewhere_is_told_and_asked_for_no_more(lab, page):
    page.expected = {404}
    alias = page.open_new()
    assert lab.api("DELETE", f"/api/tests/{alias}")[0] == 204
    page.until_status("gone")
    assert "has expired or was deleted" in page.text("#status")
    assert not page.shown("#send") and page.shown("#as-of")
    asked = len(page.requests())
    page.hurry()
    page.run("dispatchEvent(new Event('online'))")
    page.driver.execute_async_script("setTimeout(arguments[0], 2500)")  # it was asked for every two seconds
    assert len(page.requests()) == asked
    before = stored(lab)
    page.start_over()
    assert stored(lab) == before + 1
