"""Every verdict, reached by a real sender: what the page says, and that nothing looks like success too early."""

import re
from typing import NamedTuple

import pytest

from events import age, offer, sender_with
from states import STATES

PROBES = ("do", "dont", "wrong")
SO_FAR = re.compile("so far", re.IGNORECASE)
LABELS = ("#observed-label", "#proves-label", "#limits-label")
GOOD, BAD, DOUBT = "--good", "--bad", "--doubt"


class Case(NamedTuple):
    result: str
    sender: str       # of the laboratory ...
    settings: dict    # ... with these settings
    arrive: tuple     # the probes that get their message
    final: bool       # whether it is at once
    colour: str       # in the end
    sign: str
    outcomes: tuple   # what is said of each probe in the end begins so
    words: tuple      # that the texts must have, whoever rewrites them


CASES = (
    Case("dane", "dane", {}, ("do", "dont"), False, GOOD, "✓",
         ("Delivered, as expected", "Delivered, as expected", "Not delivered, as expected"),
         ("verifies DANE", "provided", "weaker evidence", "in the queue of the sending server")),
    Case("dane-only", "dane", {"smtp_tls_security_level": "dane-only"}, ("do",), False, DOUBT, "!",
         ("Delivered, as expected", "Not delivered, which is not", "Not delivered, as expected"),
         ("to no other domain", "may be set up", "never sent", "opportunistic")),
    Case("broken", "dane", {"smtp_tls_policy_maps": "inline:{{do.havedane.test=secure}}"}, ("dont",), False, DOUBT, "!",
         ("Not delivered, which is not", "Delivered, as expected", "Not delivered, as expected"),
         ("If the message to “do” was sent", "cannot deliver", "never sent", "resolver", "public CA")),
    *(Case("no-dane", sender, {}, PROBES, True, BAD, "✗",
           ("Delivered, as expected", "Delivered, as expected", "Delivered, which is not"),
           ("does not enforce DANE", "it may check them", "Switch DANE on", "start a new test"))
      for sender in ("may", "encrypt")),
    Case("no-tls", "none", {}, PROBES, True, BAD, "✗",
         ("Delivered, but without TLS", "Delivered, as expected", "Delivered, which is not"),
         ("without TLS", "not enforced", "taken TLS away", "Switch on TLS", "start a new test")),
)


def plain(text):
    """A text of the language file as it is shown."""
    return re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", text).replace("`", "").replace("**", "")


def shown_texts(page):
    return {name: page.text(f"#verdict-{name}") for name in ("observed", "proves", "limits", "do")}


def texts_of(texts, name):
    return {part: plain(texts[f"verdict.{name}.{part}"]) for part in ("observed", "proves", "limits", "do")}


def colour_named(page, name):
    """A colour of the stylesheet as computed styles have it."""
    return page.run("""
        const e = document.body.appendChild(document.createElement('i'));
        e.style.color = `var(${arguments[0]})`;
        const colour = getComputedStyle(e).color;
        e.remove();
        return colour;""", name)


def colours(page):
    """What tells the verdict by colour: its edge, and each outcome."""
    return [page.style("#verdict", "border-left-color"),
            *(page.style(page.probe(name, ".outcome"), "color") for name in PROBES)]


def sign(page):
    return page.style("#verdict-title", "content", "::before").split('"')[1:2]


def assert_open(page):
    """Said to be so far, everywhere, and without a sign or colour of success or of failure."""
    assert page.text("#verdict-title").startswith("So far: ") and not page.final
    assert all(SO_FAR.search(page.text(label)) for label in LABELS)
    assert not {colour_named(page, name) for name in (GOOD, BAD, DOUBT)} & set(colours(page))
    assert sign(page) == []


def copied(page):
    page.find("#copy-text").click()
    page.until(lambda: "Copied" in page.text("#copy-text ~ .note"))
    return page.clipboard()


def until_outcomes(page, arrived, seconds=20):
    def there():
        page.hurry()
        return {name for name, outcome in page.outcomes.items() if outcome == "delivered"} == set(arrived)
    page.until(there, seconds)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.result} of {case.sender}" for case in CASES])
def test_verdict(lab, page, case):
    page.grant_clipboard()
    alias = page.open_new()
    texts = page.texts()
    title = texts[f"verdict.{case.result}.title"]
    assert_open(page)
    assert shown_texts(page) == texts_of(texts, "waiting")
    with sender_with(lab, case.sender, case.settings):
        lab.send(case.sender, alias)
        until_outcomes(page, case.arrive)
        if not case.final:
            age(lab, alias, 6)  # more than grace
            page.hurry()
            page.until_verdict(case.result)
            assert_open(page)
            assert page.text("#verdict-title") == f"So far: {title}" and "can still change" in page.text("#verdict-next")
            assert shown_texts(page) == texts_of(texts, case.result)
            text = copied(page)
            assert text.splitlines()[2] == f"So far: {title}" and len(SO_FAR.findall(text)) > len(LABELS)
            age(lab, alias, 3600)
            page.hurry()
        page.until(lambda: page.final and page.verdict == case.result)

    assert page.text("#verdict-title") == title[0].upper() + title[1:]
    assert shown_texts(page) == texts_of(texts, case.result)
    assert all(word in page.text("#result") for word in case.words)
    assert not SO_FAR.search(page.text("#result")) and not SO_FAR.search(copied(page))
    assert "This verdict is final" in page.text("#verdict-next")
    for name, begin in zip(PROBES, case.outcomes):
        assert page.text(page.probe(name, ".outcome")).startswith(begin)
    edge, *of_outcomes = colours(page)
    assert edge == colour_named(page, case.colour) and sign(page) == [case.sign]
    expected = [BAD if "not what a server" in page.text(page.probe(name, ".outcome")) else GOOD for name in PROBES]
    assert of_outcomes == [colour_named(page, name) for name in expected]


def test_running_says_that_it_waits(lab, page):
    alias = page.open_new()
    lab.send("dane", alias, probes=("dont",))
    until_outcomes(page, ["dont"])
    page.until_verdict("running")
    assert_open(page)
    texts = page.texts()
    assert page.text("#verdict-title") == f"So far: {texts['verdict.running.title']}"
    assert shown_texts(page) == texts_of(texts, "running") and "Nothing yet" in page.text("#verdict-proves")
    assert page.text(page.probe("dont", ".outcome")).startswith("Delivered, as expected")
    assert page.text(page.probe("do", ".outcome")) == "Waiting"
    page.until_verdict("broken", 20)  # by itself, when grace has passed
    assert_open(page)
    lab.send("dane", alias, probes=("do",))
    page.until_verdict("dane", 30)
    assert_open(page)


def test_offered_message_keeps_the_verdict_open(lab, page):
    """As if the message to `wrong` were stuck in our own queue."""
    alias = page.open_new()
    offer(lab, alias)
    lab.send("dane", alias, ["do", "dont"])
    until_outcomes(page, ["do", "dont"])
    texts = page.texts()
    for seconds in (6, 3600):
        age(lab, alias, seconds)
        page.hurry()
        page.until_said(f"So far: {texts['verdict.offered.title']}", "#verdict-title")
        assert_open(page)
        assert shown_texts(page) == texts_of(texts, "offered")
        assert "stays open" in page.text("#verdict-next") and page.text("#clock") == ""
        assert "your server offered the message" in page.text(page.probe("wrong", ".outcome"))
    lab.send("may", alias, ["wrong"])
    until_outcomes(page, PROBES)
    assert page.verdict == "no-dane" and page.final


def test_late_arrival_flips_the_verdict(lab, page):
    """Final or not: what arrives counts."""
    alias = page.open_new()
    lab.send("dane", alias)
    until_outcomes(page, ["do", "dont"])
    age(lab, alias, 3600)
    page.hurry()
    page.until(lambda: page.verdict == "dane" and page.final)
    lab.send("may", alias, probes=["wrong"])
    until_outcomes(page, PROBES)
    assert page.verdict == "no-dane" and page.final
    assert colours(page)[0] == colour_named(page, BAD) and sign(page) == ["✗"]
    assert page.text(page.probe("wrong", ".outcome")).startswith("Delivered, which is not")


def test_the_verdict_becomes_final_by_itself(lab, page):
    alias = page.open_new()
    lab.send("dane", alias)
    until_outcomes(page, ["do", "dont"])
    age(lab, alias, 10 * 60 - 3)  # the laboratory's settle
    page.hurry()
    page.until_verdict("dane")
    assert_open(page)
    page.until(lambda: page.final, 15)
    assert not SO_FAR.search(page.text("#result"))


@pytest.mark.parametrize("name", ["trouble", "not-current", "gone"])
def test_no_success_while_not_current(lab, page, name):
    """The verdict is final, and was good when last heard of."""
    with STATES[name](lab, page):
        assert page.verdict == "dane" and page.final
        assert colour_named(page, GOOD) not in colours(page) and sign(page) == []
        assert page.style("#verdict", "border-left-style") == "dashed"
        assert "Not current" in page.text("#as-of")
