"""What holds for the page as a whole: nothing else is run or asked for, and nobody learns the alias."""

from states import STATES


def test_content_security_policy_holds(page):
    """Also proves that a violation would be noticed in every other test."""
    page.open_new()
    page.run("const s = document.createElement('style'); s.textContent = 'body { color: red }';"
             "document.body.append(s); fetch('http://192.0.2.99/').catch(() => {});"
             "try { document.createElement('script').textContent = 'window.taken = true'; } catch {}")
    seen = []

    def complaints():
        seen.extend(entry["message"] for entry in page.complaints())
        return all(any(part in text for text in seen) for part in ("style-src", "connect-src", "TrustedScript"))
    page.until(complaints)


def test_early_success_would_be_noticed(lab, page):
    """In every other test, too."""
    with STATES["dane"](lab, page):
        assert page.complaints() == []
        page.run("document.querySelector('#verdict').dataset.final = 'true'; document.querySelector('#as-of').hidden = false")
        page.until(lambda: any("looks like success" in entry["message"] for entry in page.complaints()))


def test_no_alias_in_access_log(lab, page):
    alias = page.open_new()
    page.hurry()
    page.until(lambda: 304 in page.statuses() or 200 in page.statuses())
    # Refused by nginx before it looks for the location.
    assert lab.api("GET", f"/api/tests/{alias}", {"X-Long": "x" * 40000})[0] == 400
    logs = list(lab.dir.glob("**/access.log"))
    assert logs and all(alias not in log.read_text() for log in logs)


def test_links_lead_where_they_say(lab, page):
    """Out of this site only by https, and without telling where from: the fragment is not sent, but who asks is."""
    with STATES["advice-open"](lab, page):
        links = page.run("return [...document.querySelectorAll('a')].map((a) => [a.href, a.rel, a.textContent])")
        outside = [(href, rel, text) for href, rel, text in links if href.startswith("http") and not href.startswith(page.url)]
        assert len(outside) >= 3
        assert all(href.startswith("https://") and "noreferrer" in rel and text for href, rel, text in outside)
