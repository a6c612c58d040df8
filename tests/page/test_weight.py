"""What a first visit transfers."""

from collections import Counter

LIMIT = 40_000  # bytes, headers included


def requests(page):
    """Requests to the site so far, by their id. (The browser's own chrome: pages have some, too.)"""
    return {event["requestId"]: event["request"] for event in page.events("Network.requestWillBeSent")
            if event["request"]["url"].startswith(f"{page.url}/")}


def under_way(page):
    """Those that are not yet answered."""
    ended = {event["requestId"] for name in ("Finished", "Failed") for event in page.events(f"Network.loading{name}")}
    return requests(page).keys() - ended


def transfers(page):
    """(method, URL, bytes) of each that went over the network, in the order of the answers."""
    sent = requests(page)
    cached = {event["requestId"] for event in page.events("Network.requestServedFromCache")}
    cached |= {event["requestId"] for event in page.events("Network.responseReceived") if event["response"].get("fromDiskCache")}
    return [(sent[event["requestId"]]["method"], sent[event["requestId"]]["url"], event["encodedDataLength"])
            for event in page.events("Network.loadingFinished") if event["requestId"] in sent.keys() - cached]


def test_first_visit_is_light(lab, page, capsys):
    page.open()
    page.until(lambda: page.find("#all-addresses").is_displayed())
    page.until(lambda: not under_way(page))
    found = transfers(page)
    total = sum(size for _, _, size in found)
    told = "\n".join(f"{size:6} {method} {url.removeprefix(lab.url)}" for method, url, size in found)
    with capsys.disabled():
        print(f"\na first visit transfers {total} bytes in {len(found)} requests")
    assert {f"{lab.url}/", f"{lab.url}/style.css", f"{lab.url}/havedane.js", f"{lab.url}/api/tests"} <= {url for _, url, _ in found}
    assert all(size > 100 for _, _, size in found), told  # or the headers were not counted
    assert total <= LIMIT, told
    asked = Counter((method, url) for method, url, _ in found if f"/api/tests/{page.alias}" not in url)  # but for polls
    assert set(asked.values()) == {1}, told
