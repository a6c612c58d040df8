"""What every answer of the API, and every test in one, must be like."""

import re
from datetime import datetime, timedelta

from support import ALIAS_PATTERN, DOMAIN, PROBES

TITLES = {400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large",
          503: "Service Unavailable"}
OF_SITE = {  # of every answer, in nginx/havedane.inc
    "content-security-policy", "permissions-policy", "referrer-policy", "cross-origin-opener-policy",
    "cross-origin-resource-policy"}
OF_NGINX = {"server", "date", "connection"} | OF_SITE
ALWAYS = {"cache-control", "x-content-type-options"}
OF_STATUS = {  # besides those; exactly
    200: {"content-type", "content-length"}, 201: {"content-type", "content-length", "location"},
    204: set(), 304: {"etag"},
    400: {"content-type", "content-length"}, 404: {"content-type", "content-length"},
    405: {"content-type", "content-length", "allow"}, 413: {"content-type", "content-length"},
    503: {"content-type", "content-length", "retry-after"},
}
POLL_AFTER = {1, 2, 5, 15, 60}
RESULTS = {"waiting", "running", "dane", "dane-only", "broken", "no-dane", "no-tls"}


def own_headers(answer):
    """The headers that the service sent, without those that nginx adds."""
    return {name: value for name, value in answer.headers.items() if name not in OF_NGINX}


def check_answer(answer, status, head=False, kind="application/json"):
    """An answer of the service (not nginx's own): its status, the headers it has with that, its length; kind: its type,
    unless it is an error. Returns it."""
    assert answer.status == status, answer
    headers = own_headers(answer)
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers.pop("vary", "Accept") == "Accept"  # where it is test_http_text.py knows
    assert headers.keys() - ALWAYS - ({"etag"} if status == 200 else set()) == OF_STATUS[status], headers
    if head or status in (204, 304):
        assert answer.body == b""
    else:
        assert int(headers["content-length"]) == len(answer.body) > 0
    if status < 300 and status != 204:
        assert headers["content-type"] == kind
    return answer


def check_problem(answer, status):
    """An error in the form of RFC 9457. Returns the answer."""
    check_answer(answer, status)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    detail = problem.pop("detail")
    assert isinstance(detail, str) and detail
    assert problem == {"type": "about:blank", "title": TITLES[status], "status": status}
    if status == 503:
        assert 1 <= int(answer.headers["retry-after"]) <= 3600
    return answer


def moment(text):
    """A point in time, RFC 3339 in UTC."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text), text
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def check_probe(probe, alias, name):
    assert probe.keys() == {"probe", "address", "expect", "outcome", "pass", "offered", "delivery"}
    assert probe["probe"] == name
    assert probe["address"] == f"{alias}@{name}.{DOMAIN}"
    assert probe["expect"] == ("not-delivered" if name == "wrong" else "delivered")
    assert probe["outcome"] in {"waiting", "delivered", "not-delivered"}
    assert probe["pass"] is None or isinstance(probe["pass"], bool)
    if probe["offered"] is not None:
        moment(probe["offered"])
    delivery = probe["delivery"]
    assert (delivery is not None) == (probe["outcome"] == "delivered")
    if delivery is None:
        return
    assert delivery.keys() == {"received", "transport", "tls", "client"}
    moment(delivery["received"])
    assert delivery["transport"] in {"tls", "clear", "unknown"}
    assert (delivery["tls"] is not None) == (delivery["transport"] == "tls")
    if delivery["tls"] is not None:
        assert delivery["tls"].keys() == {"protocol", "cipher"}
    assert delivery["client"].keys() == {"address", "helo"}


def check_test(test, retention=timedelta(hours=24)):
    """The keys of a test, exactly, and what holds between their values. Returns it."""
    assert test.keys() == {"alias", "created", "expires", "first_received", "counts_at", "final_at", "verdict", "probes",
                           "poll_after"}
    assert re.fullmatch(ALIAS_PATTERN, test["alias"])
    assert moment(test["expires"]) - moment(test["created"]) == retention
    assert test["verdict"].keys() == {"result", "final"}
    assert test["verdict"]["result"] in RESULTS
    assert isinstance(test["verdict"]["final"], bool)
    assert [probe["probe"] for probe in test["probes"]] == list(PROBES)
    for probe in test["probes"]:
        check_probe(probe, test["alias"], probe["probe"])
    received = [moment(probe["delivery"]["received"]) for probe in test["probes"] if probe["delivery"]]
    if received:
        assert moment(test["first_received"]) == min(received)
        assert max(received) <= moment(test["counts_at"]) <= moment(test["final_at"])
    else:
        assert test["first_received"] is test["counts_at"] is test["final_at"] is None
        offered = any(probe["offered"] for probe in test["probes"])
        assert test["verdict"] == {"result": "running" if offered else "waiting", "final": False}
    assert test["poll_after"] in POLL_AFTER and isinstance(test["poll_after"], int)
    return test
