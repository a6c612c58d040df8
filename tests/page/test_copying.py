"""Copying, with a clipboard and without; the link that opens a mail program."""

import json
import urllib.parse

import pytest

from states import NO_CLIPBOARD, STATES

PLAIN_HTTP = "Object.defineProperty(navigator, 'clipboard', {value: undefined});"  # where there is no such thing


def addresses(test):
    return [probe["address"] for probe in test["probes"]]


def copy(page, selector, words="Copied"):
    page.find(selector).click()
    page.until(lambda: words in page.text(f"{selector} ~ .note"))


@pytest.mark.parametrize("script", ["", PLAIN_HTTP], ids=["clipboard", "plain http"])
def test_copying(lab, page, script):
    """By the old way, too, the browser has it in the clipboard; where reading that needs the new one."""
    page.grant_clipboard()
    if script:
        page.before_load(f"window.clipboard = navigator.clipboard; {script}")
    test = lab.get(page.open_new())

    def clipboard():
        return page.driver.execute_async_script("(window.clipboard ?? navigator.clipboard).readText().then(arguments[0])")
    copy(page, "#copy-all")
    assert clipboard() == ", ".join(addresses(test))
    for probe in test["probes"]:
        copy(page, page.probe(probe["probe"], ".copy"))
        assert clipboard() == probe["address"]
    copy(page, "#copy-json")
    assert json.loads(clipboard())["alias"] == test["alias"]
    page.until(lambda: page.text("#copy-all ~ .note") == "")  # it does not stand there for ever


def test_what_cannot_be_copied_is_selected(lab, page):
    page.before_load(NO_CLIPBOARD)
    test = lab.get(page.open_new())
    for selector, text in (("#copy-all", ", ".join(addresses(test))), (page.probe("do", ".copy"), addresses(test)[0])):
        copy(page, selector, "Selected: copy it with Ctrl+C")
        assert page.run("return getSelection().toString()").strip() == text
    for selector in ("#copy-text", "#copy-json"):
        copy(page, selector, "Selected")
        assert page.shown("#copied") and page.focused == "#copied"
        assert page.run("const f = document.activeElement; return f.selectionEnd - f.selectionStart === f.value.length")
        assert test["alias"] in page.run("return document.activeElement.value")


def test_selected_text_is_not_left_to_another_test(lab, page):
    """It would look like the result of that one."""
    with STATES["text-selected"](lab, page) as alias:
        page.start_over()
        assert not page.shown("#copied") and alias not in page.run("return document.querySelector('#copied').value")


def copied(page, selector="#copy-text"):
    copy(page, selector)
    return page.clipboard()


def test_result_as_text(lab, page):
    page.grant_clipboard()
    with STATES["mixed"](lab, page) as alias:
        text, test = copied(page), lab.get(alias)
        when = page.run("return new Date().toLocaleDateString('en-GB', {dateStyle: 'medium'})")
        assert text.startswith(f"HaveDANE, test {alias}, as of {when}, ")
        assert f"{page.url}/#{alias}\n" in text
        for part in ("#verdict-title", "#verdict-next", "#verdict-observed", "#verdict-proves", "#verdict-limits", "#mixed",
                     "#apart"):
            assert page.find(part).get_attribute("textContent") in text, part
        for probe in test["probes"]:
            assert f"{probe['address']}: {page.text(page.probe(probe['probe'], '.outcome'))}" in text
            for part in ("received", "transport", "client") if probe["delivery"] else ():
                assert page.text(page.probe(probe["probe"], f".{part}")) in text
        assert "So far" in text and "undefined" not in text


def test_result_as_json(lab, page):
    page.grant_clipboard()
    with STATES["dane"](lab, page) as alias:
        result = json.loads(copied(page, "#copy-json"))
        as_of = result.pop("as_of")
        assert result == lab.get(alias)
        now = page.run("return new Date().toISOString()")
        assert as_of[:11] == now[:11] and as_of.endswith("Z")


def test_copied_when_not_current_it_says_as_of_when(lab, page):
    page.grant_clipboard()
    with STATES["trouble"](lab, page):
        as_of = page.text("#as-of").removeprefix("Not current: this is how it stood on ").removesuffix(".")
        assert f"as of {as_of}\n" in copied(page)


def test_mailto(lab, page):
    test = lab.get(page.open_new())
    link = page.find("#mailto").get_dom_attribute("href")  # as it was written
    parts = urllib.parse.urlsplit(link)
    assert parts.scheme == "mailto"
    assert [urllib.parse.unquote(address) for address in parts.path.split(",")] == addresses(test)
    fields = urllib.parse.parse_qs(parts.query, strict_parsing=True)
    assert fields.keys() == {"subject", "body"} and "HaveDANE" in fields["subject"][0] and "DANE" in fields["body"][0]
    assert "+" not in parts.query and " " not in link  # mail programs do not take + for a space
