"""How long a first visitor with a slow line waits for the addresses."""

import subprocess

import browser
import pytest

import lab_web
from browser import Page
from lab_check import whole_site
from lab_line import slow_line

ROUND_TRIP, RATE = 0.150, 1_600_000  # seconds, bits a second
LIMIT = 1.5  # seconds from the start of the navigation
TRIES = 3  # the best counts: others use the same processors

# Before the page's own scripts: when the addresses are there to be seen, in milliseconds.
WATCH = """
(function look() {
    const addresses = document.querySelector('#all-addresses');
    if (addresses && addresses.textContent.includes('@') && addresses.checkVisibility())
        window.shownAt = performance.now();
    else
        requestAnimationFrame(look);
})();
"""


def visit(url):
    """Seconds until the addresses are visible, in a browser that has never been there."""
    # The certificate is the laboratory's own.
    driver, profile = browser.start(more=["--ignore-certificate-errors"])
    with profile:
        try:
            page = Page(driver, url)
            page.before_load(WATCH)
            page.open()
            shown = page.until(lambda: driver.execute_script("return window.shownAt"), 30)
            return shown / 1000
        finally:
            driver.quit()


@pytest.fixture
def https(lab):
    """The laboratory with the site for https."""
    site = lab.prefix / "share/havedane/nginx/havedane-tls.conf"
    with whole_site(lab, lab_web.site_of(site, lab.socket, lab.domain, lab.receiver.directory / "tls")):
        yield lab


def fetch(url):
    """(seconds, bytes) of one request on a new connection."""
    printed = subprocess.run(["curl", "-sSo", "/dev/null", "-w", "%{time_total} %{size_download}", url], capture_output=True,
                             text=True, check=True, timeout=60).stdout
    return tuple(map(float, printed.split()))


@pytest.mark.parametrize("path", ["/api/health", "/style.css"])
def test_line_is_as_slow_as_it_should_be(lab, path):
    """Or else the figures mean nothing: a handshake, then request and answer, then what the answer's size takes."""
    with slow_line(lab, ROUND_TRIP, RATE) as at:
        tries = [fetch(f"http://{at}{path}") for _ in range(TRIES)]
        least = 2 * ROUND_TRIP + tries[0][1] * 8 / RATE
        assert least <= min(tries)[0] < least + ROUND_TRIP, tries


def measure(url, capsys):
    tries = []
    while len(tries) < TRIES and not (tries and min(tries) <= LIMIT):
        tries.append(visit(url))
    with capsys.disabled():
        print(f"\n{url.split(':')[0]}: addresses visible after {', '.join(f'{seconds:.2f}' for seconds in tries)} s")
    return min(tries)


def test_addresses_are_soon_there(lab, capsys):
    with slow_line(lab, ROUND_TRIP, RATE) as at:
        assert measure(f"http://{at}", capsys) <= LIMIT


def test_addresses_are_soon_there_by_https(https, capsys):
    with slow_line(https, ROUND_TRIP, RATE, port=443) as at:
        assert measure(f"https://{at}", capsys) <= LIMIT
