"""The page is tested against the laboratory, with HaveDANE as installed below HAVEDANE_PREFIX."""

import contextlib
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lab"))

from browser import Page, start, visitor  # noqa: E402
from lab import Lab  # noqa: E402


@pytest.fixture(scope="session")
def lab():
    prefix = os.environ.get("HAVEDANE_PREFIX")
    if not prefix:
        pytest.fail("HAVEDANE_PREFIX must name the folder that HaveDANE is installed in")
    with Lab(prefix, grace="5s", settle="10m") as up:
        yield up


@pytest.fixture
def service(lab):
    """The laboratory's service, running again after the test."""
    yield lab
    lab.service_stop()
    lab.service_start()


@pytest.fixture(scope="session")
def driver():
    """One browser for all tests of a process; each test is a visitor of its own in it."""
    driver, profile = start()
    with profile:
        try:
            yield driver
        finally:
            driver.quit()


# Complains whenever the page has the colour or the sign of success without having reason to.
WATCH = """
(() => {
    const style = (element, name, pseudo) => getComputedStyle(element, pseudo).getPropertyValue(name);
    function check() {
        const [verdict, status, asOf] = ['verdict', 'status', 'as-of'].map((id) => document.getElementById(id));
        if (!verdict || !status || !asOf || !verdict.checkVisibility())
            return;
        if (verdict.dataset.final === 'true' && ['none', 'failed'].includes(status.dataset.kind) && asOf.hidden)
            return;
        const hex = style(document.documentElement, '--good').match(/[0-9a-f]{2}/g);
        const good = `rgb(${hex?.map((part) => parseInt(part, 16)).join(', ')})`;
        const shown = [style(verdict, 'border-left-color'),
            ...Array.from(document.querySelectorAll('.outcome'), (e) => style(e, 'color'))];
        if (shown.includes(good) || style(verdict.firstElementChild, 'content', '::before').includes('✓'))
            console.error(`looks like success: ${verdict.innerText}; ${status.innerText}`);
    }
    new MutationObserver(check).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
})();
"""


@contextlib.contextmanager
def watched(driver, url, second=False):
    """A visitor's page, not yet opened. Whatever the test is about: nothing goes to another host, and the console (where
    violations of the content security policy show up, too) is silent but for the errors the test expects."""
    with visitor(driver, url, second) as grant:
        page = Page(driver, url, grant)
        page.before_load(WATCH)
        yield page
        assert page.complaints() == []
        assert [url for _, url in page.requests() if is_elsewhere(url, page.url)] == []


@pytest.fixture
def page(lab, driver):
    """The page of a visitor nobody knows; see watched()."""
    with watched(driver, lab.url) as page:
        yield page


@pytest.fixture
def stranger(driver, lab):
    """Makes a context manager for the page of a second visitor, who is spoken to meanwhile."""
    return lambda: watched(driver, lab.url, second=True)


def is_elsewhere(url, site):
    """Whether it leads to a host other than the site's; the browser's own chrome: pages do not."""
    return url.startswith(("http:", "https:", "ws:", "wss:")) and not url.startswith(f"{site}/")
