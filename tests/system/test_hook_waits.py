"""havedane-hook, when it waits in vain: it ends by itself, with 75. This file is the last of the hook's: see `waiting`."""

import pytest

from hook_faults import LOCKS
from hook_support import ALIAS, OK, TEMPFAIL
from support import PATIENCE

pytest_plugins = ("hook_fixtures",)

LOCK_WAIT, DEADLINE = 30, 60  # seconds
SLACK = PATIENCE / 2


def check_recovered(waiting):
    assert waiting.place.recorded() == []
    assert waiting.hook.deliver() == OK
    assert waiting.place.recorded() == [(ALIAS, "do")]


@pytest.mark.parametrize("how", LOCKS)
def test_lock_that_does_not_end(waiting, how):
    status, duration, printed = waiting[how].end(DEADLINE + PATIENCE)
    lines = waiting[how].hook.syslog.take()
    assert (status, printed) == (TEMPFAIL, b"")
    assert LOCK_WAIT <= duration < LOCK_WAIT + SLACK
    assert any("deferred: " in line.text and "locked" in line.text for line in lines), lines
    waiting[how].unlock()
    check_recovered(waiting[how])


def test_message_that_does_not_end(waiting):
    """Postfix would wait for a quarter of an hour."""
    status, duration, printed = waiting[None].end(DEADLINE + PATIENCE)
    assert (status, printed) == (TEMPFAIL, b"")
    assert DEADLINE - 1 <= duration < DEADLINE + SLACK
    check_recovered(waiting[None])
