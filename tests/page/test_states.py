"""What holds in every state of the page."""

import re

import pytest

from states import STATES

# Shows the page as narrow as a phone, and as wide as it is with large letters.
WIDTHS = (320, 550)


def assert_fits(page, width):
    page.set_width(width)
    wide = page.run("""
        const right = document.documentElement.clientWidth;
        return [...document.body.querySelectorAll('*')]
            .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > right + 1 && !e.closest('pre, .unseen'))
            .map((e) => `${e.localName}#${e.id}.${e.className}`);""")
    assert wide == []
    assert page.run("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", STATES)
def test_state(lab, page, name):
    """It is reached, fits into a narrow window, and has its words: no text is missing, none is empty."""
    with STATES[name](lab, page):
        for width in WIDTHS:
            assert_fits(page, width)
        assert not re.search(r"undefined|Invalid Date|NaN|\[object|\{\w+\}", page.text())
        assert page.run("""return [...document.querySelectorAll('h1, h2, h3, p, button, summary, dt, dd, li, a')]
            .filter((e) => e.checkVisibility() && !e.textContent.trim() && !e.closest('.unseen') && !e.matches('[role=status]')
                && e.id !== 'status-next')
            .map((e) => e.outerHTML);""") == []
        assert len(page.run("""return [...document.querySelectorAll('[id]')].map((e) => e.id)
            .filter((id, i, all) => all.indexOf(id) !== i)""")) == 0
