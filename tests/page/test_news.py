"""What is announced to those who do not see the page: each change once, and nothing that only ticks."""

from events import age, arrive, begin_waiting, nginx_answers
from states import STATES

RECORD = """
window.said = [];
new MutationObserver(() => said.push(document.querySelector(arguments[0]).textContent))
    .observe(document.querySelector(arguments[0]), {childList: true, characterData: true, subtree: true});
"""
# Every live region there is, by its id or class.
REGIONS = """
return [...document.querySelectorAll('[aria-live], [role=status], [role=alert], [role=log], [role=timer], output')]
    .map((e) => e.id || e.className);
"""


def record(page, selector="#news"):
    page.run(RECORD.replace("arguments[0]", f"'{selector}'"))


def said(page):
    return page.run("return said")


def until_asked(page, count=2):
    """Until the page has had so many answers more."""
    before = page.statuses().count(304)
    page.until(lambda: page.hurry() or page.statuses().count(304) >= before + count)


def test_news_are_told_once(lab, page):
    alias = page.open_new()
    assert page.find("#news").get_attribute("textContent") == "So far: nothing has arrived."
    record(page)
    arrive(lab, alias, "dont")
    begin_waiting(lab, 60)
    page.until(lambda: said(page))
    assert said(page) == ["dont: Delivered, as expected of a server that verifies DANE. "
                          "So far: mail is arriving, and we wait for the rest."]
    until_asked(page)
    assert len(said(page)) == 1
    arrive(lab, alias, "do")
    begin_waiting(lab, 60)
    page.until(lambda: len(said(page)) == 2)
    assert said(page)[1] == "do: Delivered, as expected of a server that verifies DANE."
    age(lab, alias, 60)
    page.until(lambda: len(said(page)) == 3)
    assert said(page)[2] == "wrong: Not delivered so far. So far: the sending server verifies DANE, " \
        "provided the message to “wrong” was sent."
    age(lab, alias, 600)
    page.until(lambda: len(said(page)) == 4)
    assert said(page)[3] == "The sending server verifies DANE, provided the message to “wrong” was sent."
    arrive(lab, alias, "wrong")
    page.hurry()
    page.until(lambda: len(said(page)) == 5)
    assert said(page)[4].startswith("wrong: Delivered, which is not") and said(page)[4].endswith("does not enforce DANE.")
    until_asked(page)
    assert len(said(page)) == 5
    begin_waiting(lab)


def test_other_languages_are_no_news(lab, page):
    with STATES["no-dane"](lab, page):
        record(page)
        for button in page.find_all("#languages button"):
            button.click()
            page.until(lambda: page.attribute("html", "lang") == button.get_attribute("lang"))
        until_asked(page, 1)
        assert set(said(page)) <= {""}


def test_the_clock_is_no_news(lab, page):
    with STATES["running"](lab, page):
        record(page)
        before = page.text("#clock")
        page.until(lambda: page.text("#clock") != before)
        assert said(page) == []
        assert sorted(page.run(REGIONS)) == sorted(["no-language", "status-text", "news", *["note"] * 5])
        assert page.run("return document.querySelector('#status-next').closest('[role], [aria-live]')") is None


def test_what_a_test_brings_along_is_told_as_one(lab, page):
    with STATES["no-dane"](lab, page) as alias:
        page.start_over()
        record(page)
        page.find("#own-tests a").click()
        page.until(lambda: page.alias == alias and any(said(page)))
        assert len([text for text in said(page) if text]) == 1
        assert all(f"{name}: Delivered" in said(page)[-1] for name in ("do", "dont", "wrong"))


def test_trouble_is_told_once(lab, page):
    """Each further attempt that fails is no news."""
    page.expected = {502}
    page.open_new()
    record(page, "#status-text")
    with nginx_answers(lab, "return 502;"):
        page.until_status("trouble")
        page.until(lambda: page.statuses().count(502) >= 3, 20)
    assert [text for text in said(page) if text] == ["The server answered with error 502. It says: Bad Gateway"]
    page.find("#retry").click()
    page.until_status("none")
    assert said(page)[-1] == ""
