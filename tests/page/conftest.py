"""The page is tested against the laboratory, with HaveDANE as installed below HAVEDANE_PREFIX."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lab"))

from browser import Page, start  # noqa: E402
from lab import Lab  # noqa: E402


@pytest.fixture(scope="session")
def lab():
    prefix = os.environ.get("HAVEDANE_PREFIX")
    if not prefix:
        pytest.fail("HAVEDANE_PREFIX must name the folder that HaveDANE is installed in")
    with Lab(prefix, grace="5s", settle="30s") as up:
        yield up


@pytest.fixture
def service(lab):
    """The laboratory's service, running again after the test."""
    yield lab
    lab.service_stop()
    lab.service_start()


@pytest.fixture
def page(lab):
    """The page in a browser, not yet opened. Whatever the test is about: nothing goes to another host, and the console
    (where violations of the content security policy show up, too) is silent but for the errors the test expects."""
    driver, profile = start()
    with profile:
        try:
            watched = Page(driver, lab.url)
            yield watched
            assert watched.complaints() == []
            assert [url for _, url in watched.requests() if is_elsewhere(url, lab.url)] == []
        finally:
            driver.quit()


def is_elsewhere(url, site):
    """Whether it leads to a host other than the site's; the browser's own chrome: pages do not."""
    return url.startswith(("http:", "https:", "ws:", "wss:")) and not url.startswith(f"{site}/")
