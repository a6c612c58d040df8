"""What runs and waits: the clock, the silence that is explained, a tab that nobody looks at, a computer that slept."""

import re

from events import age, arrive, begin_waiting, service_hanging
from states import CLOCK, STATES

# The visitor's clock is wrong by an hour.
WRONG_CLOCK = """
const Real = Date, wrong = 3600 * 1000 * {hours};
window.Date = class extends Real {{
    constructor(...given) {{ super(...(given.length ? given : [Real.now() + wrong])); }}
    static now() {{ return Real.now() + wrong; }}
}};
"""
# Everything that the clock shows, and when.
RECORD = """
window.ticks = [];
new MutationObserver(() => window.ticks.push([performance.now(), document.querySelector('#clock').textContent]))
    .observe(document.querySelector('#clock'), {childList: true, characterData: true, subtree: true});
"""


def seconds(text):
    """The duration in a text."""
    return sum(int(count) * {"h": 3600, "min": 60, "s": 1}[unit] for count, unit in re.findall(r"(\d+) (h|min|s)\b", text))


def record(page, count):
    page.run(RECORD)
    page.until(lambda: len(page.run("return ticks")) >= count)
    return page.run("return ticks")


def assert_each_second(ticks, step):
    """Each shows one second more or less than the one before, when that has passed. (On a busy machine some are late.)"""
    values = [seconds(text) for _, text in ticks]
    begin, first = ticks[0][0], values[0]
    assert all((b - a) * step >= 1 for a, b in zip(values, values[1:])), values
    assert len(ticks) - 1 >= (ticks[-1][0] - begin) / 1000 / 1.6, ticks
    assert all(abs((value - first) * step - (when - begin) / 1000) < 1.5 for value, (when, _) in zip(values, ticks)), ticks


def test_clock_counts_what_is_awaited(lab, page):
    with STATES["running"](lab, page):
        ticks = record(page, 4)
        assert_each_second(ticks, -1)
        assert "counts as not delivered so far" in ticks[0][1] and "We go on listening until" in ticks[0][1]
        # What the service awaits: its start, a minute from then, and grace.
        assert 45 <= seconds(ticks[0][1]) <= 65
        assert page.run("return document.querySelector('#clock').closest('[aria-live], [role=status], [role=alert], "
                        "[role=timer], output')") is None


def test_clock_counts_to_the_final_verdict(lab, page):
    with STATES["dane-so-far"](lab, page):
        text = page.text("#clock")
        assert "What comes late still counts" in text and 9 * 60 < seconds(text.split("Final in")[1]) <= 600 - 10
        assert_each_second([(when, text.split("Final in")[1]) for when, text in record(page, 5)], -1)


def test_clock_counts_up_while_nothing_has_come(lab, page):
    page.open_new()
    ticks = record(page, 3)
    assert ticks[0][1].startswith("Listening for ") and seconds(ticks[0][1]) < 10
    assert_each_second(ticks, 1)


def test_clock_is_the_servers(lab, page):
    """The visitor's clock may be wrong; the server's answers tell the time."""
    page.before_load(WRONG_CLOCK.format(hours=1))
    alias = page.open_new()
    assert seconds(page.text("#clock")) < 10 and not page.shown("#silence")
    arrive(lab, alias, "do", "dont", ago=10)
    page.hurry()
    page.until_verdict("dane")
    assert 580 < seconds(page.text("#clock").split("Final in")[1]) <= 590
    page.start_over()
    assert page.shown("#own")  # and nothing of the list has expired


def test_clock_of_a_visitor_who_is_late(lab, page):
    page.before_load(WRONG_CLOCK.format(hours=-30))
    with STATES["dane-so-far"](lab, page):
        assert 500 < seconds(page.text("#clock").split("Final in")[1]) <= 600


def test_no_clock_when_nothing_runs(lab, page):
    for name in ("dane", "no-dane", "offered", "trouble", "not-current", "gone"):
        with STATES[name](lab, page):
            assert not page.shown("#clock"), name
            assert page.find("#clock").get_attribute("textContent") == "", name


def test_silence_is_explained_after_two_minutes(lab, page):
    alias = page.open_new()
    age(lab, alias, 115)
    page.driver.refresh()
    page.until_verdict("waiting")
    assert not page.shown("#silence")
    page.until(lambda: page.shown("#silence"))  # by itself: two minutes have passed
    text = page.text("#silence")
    assert all(words in text for words in ("queue", "port 25", "public CA", "bogus", "status=deferred"))
    arrive(lab, alias, "dont")
    page.until(lambda: page.outcomes["dont"] == "delivered" and not page.shown("#silence"))


def asked(page):
    return sum("/api/tests/" in url for _, url in page.requests())


def test_hidden_tab_asks_less_often(lab, page):
    with STATES["running"](lab, page):  # asked for each second
        page.hide()
        page.hurry()  # what was under way is done with
        page.until(lambda: asked(page))
        page.driver.execute_async_script("setTimeout(arguments[0], 1200)")
        before = asked(page)
        page.driver.execute_async_script("setTimeout(arguments[0], 3000)")
        assert asked(page) == before
        page.hide(False)
        page.until(lambda: asked(page) > before, 1)


def test_shown_again_it_is_not_current_until_answered(lab, page):
    """A tab that nobody looked at may show an old verdict: never as one of now."""
    page.before_load(CLOCK)
    with STATES["dane"](lab, page) as alias:
        page.hide()
        arrive(lab, alias, "wrong")
        page.run("slept = 3600000")
        with service_hanging(lab):
            page.hide(False)
            assert page.attribute("#result", "data-current") == "false"
            assert page.attribute("#status", "data-kind") == "busy" and "may be old" in page.text("#status")
            assert "Not current" in page.text("#as-of") and page.verdict == "dane"
        page.until_verdict("no-dane")
        assert page.attribute("#result", "data-current") == "true" and not page.shown("#as-of")
        assert page.text("#status") == ""


def test_computer_that_slept(lab, page):
    with STATES["not-current"](lab, page):
        assert "may be old" in page.text("#status") and page.attribute("#result", "data-current") == "false"
        assert page.shown("#as-of")
    page.until_status("none")
    assert page.attribute("#result", "data-current") == "true"


def test_shown_again_soon_it_stays_current(lab, page):
    """A glance at another tab is no reason to call anything old."""
    with STATES["dane"](lab, page):
        page.hide()
        page.run("window.kinds = []; new MutationObserver(() => kinds.push(document.querySelector('#status').dataset.kind))"
                 ".observe(document.querySelector('#status'), {attributes: true})")
        before = page.statuses().count(304)
        page.hide(False)
        page.until(lambda: page.statuses().count(304) > before)
        assert set(page.run("return kinds")) <= {"none"}


def test_unchanged_test_is_asked_for_by_etag(lab, page):
    page.open_new()
    page.until(lambda: 304 in page.statuses())
    assert page.verdict == "waiting" and page.attribute("#status", "data-kind") == "none"


def test_asked_for_as_often_as_the_service_says(lab, page):
    with STATES["dane-so-far"](lab, page) as alias:
        assert lab.get(alias)["poll_after"] == 5
        before = asked(page)
        page.driver.execute_async_script("setTimeout(arguments[0], 3500)")
        assert asked(page) - before <= 1
        begin_waiting(lab, 60)
        page.hurry()
        page.until_verdict("running")  # asked for each second
        before = asked(page)
        page.driver.execute_async_script("setTimeout(arguments[0], 3500)")
        assert 2 <= asked(page) - before <= 4
    begin_waiting(lab)
