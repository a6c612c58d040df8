"""A test as its visitor sees it over time: its JSON, its entity tag, and what If-None-Match makes of that."""

from datetime import timedelta

import pytest

from claims import check_answer, check_problem, check_test, moment, own_headers
from support import MESSAGE

TESTS = "/api/tests"
DAY = 24 * 3600
CLEAR = MESSAGE.replace(b"with ESMTPS", b"with ESMTP").replace(
    MESSAGE[MESSAGE.index(b"\n\t(using"):MESSAGE.index(b"\n\tby")], b"")


@pytest.fixture
def alias(site):
    return check_answer(site.service.request("POST", TESTS), 201).json()["alias"]


def get(ask, alias, **headers):
    return ask("GET", f"{TESTS}/{alias}", {name.replace("_", "-"): value for name, value in headers.items()})


def outcomes(test):
    return [(probe["outcome"], probe["pass"]) for probe in test["probes"]]


# --- what it says

def test_life_of_a_test(ask, site, alias):
    """From creation to expiry; the deliveries come through the hook, the time passes in the database."""
    test = check_test(get(ask, alias).json())
    assert outcomes(test) == [("waiting", None)] * 3
    assert test["poll_after"] == 2

    assert site.place.hook(f"{alias.upper()}@DO") == 0
    test = check_test(get(ask, alias).json())
    assert outcomes(test) == [("delivered", True), ("waiting", None), ("waiting", None)]
    assert test["verdict"] == {"result": "running", "final": False}
    assert moment(test["counts_at"]) - moment(test["first_received"]) == timedelta(seconds=15)
    assert moment(test["final_at"]) - moment(test["first_received"]) == timedelta(minutes=30)
    delivery = test["probes"][0]["delivery"]
    assert delivery["received"] == test["first_received"]
    assert delivery["transport"] == "tls"
    assert delivery["tls"] == {"protocol": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384"}
    assert delivery["client"] == {"address": "192.0.2.21", "helo": "mail.sender.test"}

    assert site.place.hook(f"{alias}+x@dont", CLEAR, CLIENT_ADDRESS="IPv6:2001:db8:25::21") == 0
    test = check_test(get(ask, alias).json())
    delivery = test["probes"][1]["delivery"]
    assert (delivery["transport"], delivery["tls"]) == ("clear", None)
    assert delivery["client"] == {"address": "2001:db8:25::21", "helo": "mail.sender.test"}
    assert test["verdict"] == {"result": "running", "final": False}

    site.place.backdate(alias, 20)
    test = check_test(get(ask, alias).json())
    assert outcomes(test) == [("delivered", True), ("delivered", True), ("not-delivered", None)]
    assert test["verdict"] == {"result": "dane", "final": False}

    site.place.backdate(alias, 1800)
    test = check_test(get(ask, alias).json())
    assert outcomes(test) == [("delivered", True), ("delivered", True), ("not-delivered", True)]
    assert test["verdict"] == {"result": "dane", "final": True}
    assert test["poll_after"] == 60

    assert site.place.hook(f"{alias}@wrong", b"nothing of our Postfix's form", CLIENT_ADDRESS="unknown", CLIENT_HELO="") == 0
    test = check_test(get(ask, alias).json())
    assert test["verdict"] == {"result": "no-dane", "final": True}
    assert outcomes(test)[2] == ("delivered", False)
    assert test["probes"][2]["delivery"]["transport"] == "unknown"
    assert test["probes"][2]["delivery"]["client"] == {"address": None, "helo": None}

    site.place.backdate(alias, DAY)
    check_problem(get(ask, alias), 404)


# --- the entity tag

def test_etag_changes_exactly_when_the_body_does(ask, site, alias):
    """Steps that change the test, or not; the tags and bodies after each."""
    place = site.place
    steps = [
        (True, lambda: None),
        (False, lambda: None),
        (False, lambda: place.hook("b" * 16 + "@do")),                       # another's
        (True, lambda: place.hook(f"{alias}@do")),
        (False, lambda: place.hook(f"{alias}@do")),                          # a repeat
        (False, lambda: site.service.request("POST", TESTS)),
        (True, lambda: place.backdate(alias, 15)),                           # grace
        (False, lambda: place.hook(f"{alias}@do", b"unknown transport")),
        (True, lambda: place.hook(f"{alias}@do", CLEAR)),                    # in the clear: that replaces evidence of TLS
        (True, lambda: place.backdate(alias, 1800)),                         # settle
        (True, lambda: place.hook(f"{alias}@wrong")),
    ]
    seen = {}
    last = None
    for number, (changes, step) in enumerate(steps):
        step()
        answer = check_answer(get(ask, alias, If_None_Match=last) if last else get(ask, alias), 200 if changes else 304)
        tag = answer.headers["etag"]
        assert (tag != last) == changes, number
        if changes:
            seen[tag] = answer.body
        last = tag
    assert len(seen) == len(set(seen.values())) == sum(changes for changes, _ in steps)


def test_same_tag_for_the_same_body(site, alias):
    """Whichever way and by whichever thread it is asked for; another test has another one."""
    answers = [get(ask, alias) for ask in site.ways.values() for _ in range(20)]
    assert len({(answer.headers["etag"], answer.body) for answer in answers}) == 1
    other = check_answer(site.service.request("POST", TESTS), 201).json()["alias"]
    assert get(site.service.request, other).headers["etag"] != answers[0].headers["etag"]
    for _ in range(2):
        tag = get(site.service.request, alias).headers["etag"]
        assert tag[0] == tag[-1] == '"' and len(tag) > 20 and '"' not in tag[1:-1]


MATCHING = ["{tag}", "W/{tag}", ' {tag}', '"x", {tag}', '{tag}, "x"', '"x",{tag},"y"', 'W/"x" , W/{tag}', "*", '"a,b", {tag}',
            ',, {tag}', '"", {tag}', '"x\\", {tag}']
NOT_MATCHING = ['"x"', 'W/"x"', "", "W/", '"', '"x', "{bare}", "W{tag}", "w/{tag}", '"{bare}', "'{bare}'", "**", '*, "x"',
                '"x" {tag}', '"{bare}x"', '"x{bare}"', "W/ {tag}", ",", '"x",', "x" * 4000,
                '"x", ' * 1000]


@pytest.mark.parametrize("field", MATCHING)
def test_if_none_match_matches(ask, alias, field):
    full = check_answer(get(ask, alias), 200)
    answer = check_answer(get(ask, alias, If_None_Match=field.format(tag=full.headers["etag"])), 304)
    assert answer.headers["etag"] == full.headers["etag"]
    head = ask("HEAD", f"{TESTS}/{alias}", {"If-None-Match": field.format(tag=full.headers["etag"])})
    assert (head.status, own_headers(head), head.body) == (304, own_headers(answer), b"")


@pytest.mark.parametrize("field", NOT_MATCHING, ids=lambda field: field[:20])
def test_if_none_match_does_not_match(ask, alias, field):
    full = check_answer(get(ask, alias), 200)
    tag = full.headers["etag"]
    answer = check_answer(get(ask, alias, If_None_Match=field.format(tag=tag, bare=tag.strip('"'))), 200)
    assert answer.body == full.body


def test_if_none_match_elsewhere(ask, alias):
    """It is no matter where there is no representation, nor where it would undo the request."""
    anything = {"If-None-Match": "*"}
    check_problem(ask("GET", f"{TESTS}/{'a' * 16}", anything), 404)
    check_problem(ask("GET", f"{TESTS}/x", anything), 400)
    check_answer(ask("POST", TESTS, anything), 201)
    check_answer(ask("GET", "/api/health", anything), 200)
    check_answer(ask("DELETE", f"{TESTS}/{alias}", anything), 204)
