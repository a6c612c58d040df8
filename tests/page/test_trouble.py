"""Network and servers in trouble: told, tried again, and nothing old is shown as current."""

import re
import time

import pytest

from events import nginx_answers, service_hanging, service_stopped, stored
from states import STATES

# The page's patience in tenths; what it asked for is kept.
IMPATIENT = """
const timeout = AbortSignal.timeout;
AbortSignal.timeout = (time) => { window.patience = time; return timeout.call(AbortSignal, time / 10); };
"""


def assert_not_current(page):
    assert "not current" in page.text("#status-next") and "Next attempt at" in page.text("#status-next")
    assert page.attribute("#result", "data-current") == "false"
    assert "Not current: this is how it stood on" in page.text("#as-of")


def until_current(page, alias, seconds=40):
    page.until_status("none", seconds)
    assert page.alias == alias and not page.shown("#as-of") and page.text("#status") == ""
    assert page.attribute("#result", "data-current") == "true" and not page.shown("#retry")


def test_service_restart(lab, page):
    """nginx answers 502 meanwhile, in HTML, which the page does not show."""
    page.expected = {502}
    alias = page.open_new()
    with service_stopped(lab):
        page.until_status("trouble")
        assert_not_current(page)
        assert "error 502" in page.text("#status") and "<" not in page.text("#status")
        # Ever more slowly, it does try again.
        page.until(lambda: page.statuses().count(502) >= 3, 20)
        waits = [float(event["timestamp"]) for event in page.events("Network.responseReceived")
                 if event["response"]["status"] == 502]
        assert waits[1] - waits[0] > 1.5 and waits[2] - waits[1] > 3.5
    page.find("#retry").click()
    until_current(page, alias)


def test_network_away_and_back(lab, page):
    page.expected = {"net::ERR_INTERNET_DISCONNECTED"}
    alias = page.open_new()
    page.set_offline(True)
    page.until_status("trouble")
    assert_not_current(page)
    assert "cannot be reached" in page.text("#status")
    assert page.shown("#all-addresses") and page.shown("#copy-all")  # they are still good
    page.set_offline(False)
    page.run("dispatchEvent(new Event('online'))")
    until_current(page, alias, 1.5)  # at once, not after what is left of the wait


NONSENSE = {
    "HTML": "return 200 '<html><body>Please log in</body></html>';",
    "null": "default_type application/json; return 200 'null';",
    "a list": "default_type application/json; return 200 '[]';",
    "another object": "default_type application/json; return 200 '{\"status\":\"ok\"}';",
    "half a test": "default_type application/json; return 200 '{\"alias\":\"aaaa\",\"verdict\":null,\"probes\":[]}';",
    "another test": "default_type application/json; return 200 '{\"alias\":\"aaaaaaaaaaaaaaaa\","
                    "\"verdict\":{\"result\":\"dane\",\"final\":true},\"probes\":[{}]}';",
    "no probes": "default_type application/json; "
                 "return 200 '{\"alias\":\"aaaa\",\"verdict\":{\"result\":\"dane\",\"final\":true},\"probes\":[]}';",
    "nothing": "return 200 '';",
}


@pytest.mark.parametrize("answer", NONSENSE)
def test_answer_that_is_no_test(lab, page, answer):
    alias = page.open_new()
    with nginx_answers(lab, NONSENSE[answer]):
        page.hurry()
        page.until_status("trouble")
        assert "makes no sense" in page.text("#status")
        assert_not_current(page)
        assert page.verdict == "waiting"
    page.find("#retry").click()
    until_current(page, alias)


ERRORS = {
    "429 of nginx": ({429}, "return 429;", "error 429"),
    "404 of nginx": ({404}, "return 404;", "error 404"),  # not of the service: the test need not be gone
    "410 of somebody": ({410}, "default_type application/json; return 410 '{}';", "error 410"),
    "words of the service": ({503}, "default_type application/problem+json; "
                             "return 503 '{\"title\":\"Busy\",\"detail\":\"The store is full of <b>cheese</b>.\"}';",
                             "It says: The store is full of <b>cheese</b>."),
    "words that are none": ({500}, "default_type application/problem+json; return 500 'null';", "error 500"),
}


@pytest.mark.parametrize("error", ERRORS)
def test_error(lab, page, error):
    page.expected, directives, words = ERRORS[error]
    alias = page.open_new()
    with nginx_answers(lab, directives):
        page.hurry()
        page.until_status("trouble")
        assert words in page.text("#status")
        assert_not_current(page)
        assert page.shown("#send")  # nothing is said to be gone
    page.find("#retry").click()
    until_current(page, alias)
    assert page.focused == "#result-title"


def wait_told(page):
    """Seconds until the next attempt, as the page says."""
    h, m, s = map(int, re.search(r"(\d+):(\d\d):(\d\d)", page.text("#status-next")).groups())
    seconds = h * 3600 + m * 60 + s - page.run("const d = new Date(); return d.getHours() * 3600 + d.getMinutes() * 60 "
                                               "+ d.getSeconds()")
    return seconds % 86400


@pytest.mark.parametrize("value", ["300", "date"])
def test_retry_after(lab, page, value):
    page.expected = {429}
    text = value if value != "date" else time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 300))
    alias = page.open_new()
    with nginx_answers(lab, f"add_header Retry-After '{text}' always; return 429;"):
        page.hurry()
        page.until_status("trouble")
        assert 285 <= wait_told(page) <= 301
        asked = len(page.requests())
        page.driver.execute_async_script("setTimeout(arguments[0], 3000)")
        assert len(page.requests()) == asked
    page.find("#retry").click()
    until_current(page, alias)


def test_retry_after_is_not_believed_for_ever(lab, page):
    page.expected = {429}
    page.open_new()
    with nginx_answers(lab, "add_header Retry-After 99999999 always; return 429;"):
        page.hurry()
        page.until_status("trouble")
        assert wait_told(page) <= 3601


def test_server_that_hangs(lab, page):
    page.before_load(IMPATIENT)
    alias = page.open_new()
    assert page.run("return patience") == 20000
    with service_hanging(lab):
        page.hurry()
        page.until_status("trouble")
        assert "does not answer" in page.text("#status")
        assert_not_current(page)
    page.find("#retry").click()
    until_current(page, alias)


def test_server_away_at_first(lab, page):
    """A test by its fragment, and nobody to ask: not called gone, and shown as soon as it can be."""
    page.expected = {502}
    alias = lab.create()["alias"]
    with service_stopped(lab):
        page.open(alias)
        page.until_status("trouble")
        assert "no such test" not in page.text() and "Next attempt at" in page.text("#status-next")
        assert not page.shown("#send") and not page.shown("#result") and page.alias == alias
        page.hide()
        page.until(lambda: page.statuses().count(502) >= 2)  # from now on it would be asked for once in a minute
    page.hide(False)
    page.until_verdict("waiting", 3)
    until_current(page, alias)


def test_server_away_at_first_and_the_test_gone(lab, page):
    page.expected = {404, 502}
    with service_stopped(lab):
        page.open("a" * 16)
        page.until_status("trouble")
        page.until(lambda: page.statuses().count(502) >= 2)  # after that, there are 4 seconds
    page.find("#retry").click()
    page.until_status("gone")
    page.until(lambda: page.focused == "#new-test")


def test_creation_that_fails_can_be_tried_again(lab, page):
    """By the visitor alone: each attempt may create a test."""
    page.expected = {502}
    before = stored(lab)
    with service_stopped(lab):
        page.open()
        page.until_status("trouble")
        assert "No test could be created. The server answered with error 502." in page.text("#status")
        assert "Next attempt" not in page.text("#status")
        assert page.alias == "" and not page.shown("#send") and not page.shown("#result")
        page.run("dispatchEvent(new Event('online'))")
        page.hurry()
        page.driver.execute_async_script("setTimeout(arguments[0], 2500)")
        assert page.statuses().count(502) == 1
    page.find("#retry").click()
    page.until_verdict("waiting")
    page.until(lambda: page.focused == "#send-title")
    assert re.fullmatch("[a-z2-7]{16}", page.alias) and stored(lab) == before + 1


def test_a_new_test_refused_leaves_the_way_back(lab, page):
    """The test before is listed, and its link works, although its fragment never left the address."""
    page.expected = {429}
    with STATES["no-dane"](lab, page) as alias:
        with nginx_answers(lab, "return 429;"):
            page.find("#new-test").click()
            page.until_status("trouble")
            assert page.focused == "#retry"
        page.find("#own-tests a").click()
        page.until_verdict("no-dane")
        page.until(lambda: page.shown("#result") and page.attribute("#status", "data-kind") == "none")
        assert page.alias == alias and page.focused == "#top"


def test_page_that_is_missing_its_language(lab, page):
    """Half of the page came, then the network went."""
    page.expected = {"net::ERR_BLOCKED_BY_CLIENT", "net::ERR_FAILED"}
    page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/lang/*"]})
    page.open()
    page.until(lambda: page.shown("#no-language"))
    assert "Reload it" in page.text("#no-language")
    page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    alias = page.until(lambda: page.alias)
    page.driver.refresh()
    page.until_verdict("waiting")
    assert page.alias == alias and not page.shown("#no-language")
