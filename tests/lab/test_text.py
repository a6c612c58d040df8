"""A whole test at a terminal: what a visitor does who has curl and no browser, with real mail."""

import re

import pytest

from lab_net import until
from lab_senders import SENDERS


def verdict(report):
    return re.search(r"^Verdict +(\S+), (?:so far|final)$", report, re.MULTILINE)[1]


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.name)
def test_at_a_terminal(lab, sender):
    status, headers, report = lab.api("POST", "/api/tests", {"Accept": "text/plain"})
    assert (status, headers["Content-Type"]) == (201, "text/plain; charset=utf-8")
    addresses = re.findall(r"^  (\S+@\S+)$", report, re.MULTILINE)
    assert len(addresses) == 3
    for address in addresses:
        lab.submit(sender.name, address)

    where = re.search(rf"^This report +{re.escape(lab.domain)}(/t/\S+)$", report, re.MULTILINE)[1]
    until(lambda: verdict(lab.api("GET", where)[2]) not in ("waiting", "running"), 60, "a verdict")
    status, headers, report = lab.api("GET", where)
    assert (status, headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert verdict(report) == sender.verdict
    # Nothing is told as final that is not, and who verifies does so "so far".
    assert ("So far: " in report) == (", so far\n" in report) == (sender.verdict == "dane")
    assert re.search(rf"^  From +\S+ \({sender.name}\.sender\.test\)$", report, re.MULTILINE)
