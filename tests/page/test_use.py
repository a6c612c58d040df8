"""By keyboard alone, with large letters, in a narrow window, without motion, on paper."""

import pytest
from selenium.webdriver.common.keys import Keys

from events import stored
from states import STATES

# What can have the focus, in the order of the page; marked, so that it can be told which has it.
FOCUSABLE = """
return [...document.querySelectorAll('a[href], button, summary, textarea, [tabindex="0"]')]
    .filter((e) => e.checkVisibility() && !e.disabled)
    .map((e, i) => { e.dataset.focusable = i; return String(i); });
"""
FOCUS = """
const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
return [e.dataset.focusable ?? null, e.outerHTML.slice(0, 80), style.outlineStyle, parseFloat(style.outlineWidth),
    box.width > 0 && box.top < innerHeight && box.bottom > 0];
"""
LONG_DOMAIN = ("a" * 60 + ".") * 3 + "example"


@pytest.mark.parametrize("name", ["waiting", "advice-open", "own-list", "gone-unknown", "refused"])
def test_tab_reaches_everything(lab, page, name):
    with STATES[name](lab, page):
        expected = page.run(FOCUSABLE)
        page.run("document.activeElement.blur(); document.querySelector('#top').blur(); getSelection().removeAllRanges();"
                 "document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex');")
        reached = []
        for _ in expected:
            page.press(Keys.TAB)
            which, html, style, width, seen = page.run(FOCUS)
            reached.append(which)
            assert style not in ("none", "hidden") and width >= 2, f"no visible focus: {html}"
            assert seen, f"out of sight: {html}"
        assert reached == expected


def test_enter_and_space_work(lab, page):
    page.grant_clipboard()
    alias = page.open_new()

    def focus(selector):
        page.run("document.querySelector(arguments[0]).focus()", selector)
    for key in (Keys.ENTER, Keys.SPACE):
        focus("#copy-all")
        page.press(key)
        page.until(lambda: "Copied" in page.text("#copy-all ~ .note"))
        page.run("document.querySelector('#copy-all ~ .note').textContent = ''")
        opened = page.shown("#shell-sendmail")
        focus("#shell summary")
        page.press(key)
        page.until(lambda: page.shown("#shell-sendmail") != opened)
    focus("#languages [lang=de]")
    page.press(Keys.SPACE)
    page.until(lambda: page.attribute("html", "lang") == "de")
    assert page.run("return document.activeElement.lang") == "de"  # the switch keeps the focus
    before = stored(lab)
    focus("#new-test")
    page.press(Keys.ENTER)
    page.until(lambda: page.alias not in ("", alias))
    page.until(lambda: page.focused == "#send-title")
    page.press(Keys.TAB)
    assert page.focused == "#copy-all" and stored(lab) == before + 1


def test_focus_stays_in_the_dialog(lab, page):
    with STATES["delete-dialog"](lab, page):
        for _ in range(6):
            page.press(Keys.TAB)
            assert page.run("const e = document.activeElement; return e === document.body || !!e.closest('dialog')")


def test_news_leave_focus_and_selection_alone(lab, page):
    """Somebody reads or marks while mail arrives."""
    with STATES["own-list"](lab, page) as alias:
        page.run("document.querySelector('#own-tests a').focus();"
                 "getSelection().selectAllChildren(document.querySelector('#all-addresses'))")
        marked = page.run("return getSelection().toString()")
        lab.send("may", alias)
        page.until(lambda: set(page.outcomes.values()) == {"delivered"}, 20)
        assert page.run("return getSelection().toString()") == marked and marked
        page.run("document.querySelector('#own-tests a').focus()")
        page.hurry()
        page.until(lambda: 304 in page.statuses())
        assert page.run("return document.activeElement.matches('#own-tests a')")


def too_wide(page):
    return page.run("return [document.documentElement.scrollWidth, innerWidth]")


@pytest.mark.parametrize("name", ["mixed", "advice-open"])
@pytest.mark.parametrize("width, letters", [(320, 100), (640, 200)])
def test_long_names_fit(lab, page, name, width, letters):
    """Of a domain as long as they may be, also with letters twice as large."""
    with STATES[name](lab, page):
        page.set_width(width)
        page.run("""
            document.documentElement.style.fontSize = `${arguments[1]}%`;
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode())
                walker.currentNode.nodeValue = walker.currentNode.nodeValue.replaceAll('havedane.test', arguments[0]);""",
                 LONG_DOMAIN, letters)
        content, window = too_wide(page)
        assert content <= window == width


def test_motion(lab, page):
    waiting = page.probe("do", ".outcome")
    with STATES["waiting"](lab, page):
        assert page.style(waiting, "animation-name", "::before") == "listening"
        page.emulate(prefers_reduced_motion="reduce")
        assert page.style(waiting, "animation-name", "::before") == "none"
        assert page.run("return document.getAnimations().length") == 0


def test_nothing_moves_while_not_current(lab, page):
    page.expected = {"net::ERR_INTERNET_DISCONNECTED"}
    with STATES["waiting"](lab, page):
        page.set_offline(True)
        page.until_status("trouble")
        assert page.run("return document.getAnimations().length") == 0


def test_on_paper(lab, page):
    with STATES["own-list"](lab, page):
        page.emulate("print")
        assert not page.shown("button, .button, nav, #own, #shell")
        assert page.shown("#verdict-title") and page.shown("#verdict-limits") and page.shown("#this-line")
        assert all(page.shown(page.probe(name, ".address")) for name in ("do", "dont", "wrong"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_told_without_colour(lab, page, scheme):
    """Words tell each outcome, and a sign the verdict, also in one colour for all."""
    page.emulate(prefers_color_scheme=scheme, forced_colors="active")
    with STATES["no-dane"](lab, page):
        words = [page.text(page.probe(name, ".outcome")) for name in ("do", "wrong")]
        assert words[0] != words[1] and "✗" in page.style("#verdict-title", "content", "::before")
