"""Each language: chosen by the browser's setting or by the switch, and then everywhere."""

import re
from pathlib import Path

import pytest

from states import STATES

WWW = Path(__file__).resolve().parents[2] / "www"
# The buttons there are, for languages that there are.
LANGUAGES = [language for language in re.findall(r'<button type="button" lang="(\w+)"', (WWW / "index.html").read_text())
             if (WWW / "lang" / f"{language}.js").exists()]
OTHERS = [language for language in LANGUAGES if language != "en"]

# All that can be read, but for what is the same in every language: names, code, what came from servers.
READABLE = """
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const found = [];
while (walker.nextNode()) {
    const {parentElement: e, nodeValue} = walker.currentNode;
    if (/\\p{L}{2}/u.test(nodeValue) && e.checkVisibility() && !e.closest(
            'code, h1, #languages, .name, .transport, .client, #servers summary, #servers p:not(:first-child), noscript'))
        found.push(nodeValue.trim());
}
return found;
"""
# Elements that name a text but do not show it: [key, what they show].
UNLIKE = """
const done = arguments[arguments.length - 1];
import(`/lang/${arguments[0]}.js`).then(({default: texts}) => {
    const plain = (text) => text.replace(/`([^`]+)`/g, '$1').replace(/\\*\\*([^*]+)\\*\\*/g, '$1')
        .replace(/\\[([^\\]]+)\\]\\([^)]+\\)/g, '$1');
    const named = [...document.querySelectorAll('[data-text]')].map((e) => [e.dataset.text, e.textContent]);
    const labelled = [...document.querySelectorAll('[data-label]')].map((e) => [e.dataset.label, e.ariaLabel]);
    done([...named, ...labelled, ['title', document.title]].filter(([key, shown]) => shown !== plain(texts[key])));
});
"""


def language(page):
    return page.attribute("html", "lang")


def switch(page, to):
    page.find(f"#languages [lang={to}]").click()
    page.until(lambda: language(page) == to)


def pressed(page):
    return [button.get_attribute("lang") for button in page.find_all("#languages [aria-pressed=true]")]


def assert_speaks(page, wanted):
    assert language(page) == wanted and pressed(page) == [wanted]
    assert page.driver.execute_async_script(UNLIKE, wanted) == []


def test_there_are_languages():
    assert "en" in LANGUAGES and OTHERS


@pytest.mark.parametrize("asked, wanted", [
    ("nl,en", "nl"), ("de,en", "de"), ("en,nl", "en"), ("nl-BE", "nl"), ("de-CH,en", "de"), ("fr,de,en", "de"),
    ("fr,ja", "en"), ("en-US,nl", "en")])
def test_language_of_the_browser(page, asked, wanted):
    if wanted not in LANGUAGES:
        pytest.skip(f"there is no {wanted}.js")
    page.set_languages(asked)
    page.open()
    page.until(lambda: page.shown("#all-addresses"))
    assert_speaks(page, wanted)


def same(page, change):
    """What can be read before a change and, unchanged, after it."""
    before = page.run(READABLE)
    assert len(before) > 5
    change()
    return set(before) & set(page.run(READABLE))


@pytest.mark.parametrize("to", OTHERS)
@pytest.mark.parametrize("name", ["waiting", "silence", "dane-so-far", "no-dane", "mixed", "own-list", "gone-unknown", "gone",
                                  "trouble", "delete-dialog"])
def test_everything_changes_with_the_language(lab, page, name, to):
    with STATES[name](lab, page):
        if name == "delete-dialog":  # in front of the switch: as if the other language had come late
            rest = same(page, lambda: (page.run(f"document.querySelector('#languages [lang={to}]').click()"),
                                       page.until(lambda: language(page) == to)))
        else:
            for summary in page.find_all("details:not([open]) summary"):
                if summary.is_displayed():
                    summary.click()
            rest = same(page, lambda: switch(page, to))
        # What is the same word in both, or a time of the kind that both write so.
        rest = {text for text in rest if not re.fullmatch(r"(RFC \d+|internet\.nl|[\d:., ]+ (UTC|GMT).*)", text)}
        assert rest <= {"Test"}, rest
        assert_speaks(page, to)
        page.run("document.querySelector('#languages [lang=en]').click()")
        page.until(lambda: language(page) == "en")
        assert_speaks(page, "en")


@pytest.mark.parametrize("to", OTHERS)
def test_choice_is_remembered(page, to):
    page.open_new()
    switch(page, to)
    page.driver.refresh()
    page.until(lambda: page.shown("#all-addresses"))
    assert_speaks(page, to)
    page.set_languages("en")  # whatever the browser asks for
    page.open()
    page.until(lambda: page.shown("#all-addresses"))
    assert_speaks(page, to)
    switch(page, "en")
    page.set_languages(to)
    page.driver.refresh()
    page.until(lambda: page.shown("#all-addresses"))
    assert_speaks(page, "en")


def test_what_was_not_chosen_is_not_kept(page):
    page.set_languages("nl")
    page.open()
    page.until(lambda: page.shown("#all-addresses"))
    assert page.run("return localStorage.getItem('havedane.language')") is None


@pytest.mark.parametrize("to", OTHERS)
def test_copied_text_is_in_the_language(lab, page, to):
    page.grant_clipboard()
    with STATES["no-dane"](lab, page):
        def text():
            page.find("#copy-text").click()
            page.until(lambda: page.text("#copy-text ~ .note"))
            return page.clipboard()
        english = text()
        switch(page, to)
        page.until(lambda: page.text("#copy-text ~ .note") == "")
        other, texts = text(), page.texts("en")
        assert not [line for line in set(english.splitlines()) & set(other.splitlines()) if line and "://" not in line]
        for key in ("probe.received", "probe.encryption", "probe.from", "why.observed", "why.proves", "why.limits"):
            assert texts[key] in english and f"{texts[key].removesuffix(':')}:" not in other


def test_language_that_cannot_be_had(page):
    """What is there stays, and it is told; the next try may have it."""
    page.expected = {"net::ERR_BLOCKED_BY_CLIENT", "net::ERR_FAILED"}
    page.open_new()
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": [f"*/lang/{OTHERS[0]}.js"]})
    page.find(f"#languages [lang={OTHERS[0]}]").click()
    page.until(lambda: page.shown("#no-language"))
    assert_speaks(page, "en")
    page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    page.driver.refresh()
    page.until(lambda: page.shown("#all-addresses"))
    assert language(page) == "en"
    switch(page, OTHERS[0])
    assert not page.shown("#no-language")
