"""Fixtures of the tests of the hook; those name this file in pytest_plugins, so that they share what is of the session."""

import threading
import time

import pytest

from hook_faults import LOCKS, lock
from hook_support import ALIAS, OTHER, HookPlace, HookRunner
from support import DOMAIN, MESSAGE


class Waiting:
    """A hook that takes long to end, in a place of its own."""

    def __init__(self, prefix, how=None):
        """how: the lock that is held; None: the message does not end."""
        self.place = HookPlace(prefix).init()
        self.place.create(ALIAS)
        self.hook = HookRunner(self.place)
        self.lock = how and lock(self.place, how)
        self.begun = time.monotonic()
        self.process = self.hook.start(f"{ALIAS}@do.{DOMAIN}")
        self.process.stdin.write(MESSAGE)
        self.process.stdin.flush()
        if how:
            self.process.stdin.close()
        self.duration = None
        self.watcher = threading.Thread(target=self._watch)
        self.watcher.start()

    def _watch(self):
        self.process.wait()
        self.duration = time.monotonic() - self.begun

    def end(self, seconds):
        """Waits until it ends by itself, which may take so many seconds more; (exit status, duration, what it printed)."""
        self.watcher.join(seconds)
        assert self.duration is not None, "the hook does not end"
        return self.process.returncode, self.duration, self.process.stdout.read() + self.process.stderr.read()

    def unlock(self):
        if self.lock:
            self.lock.close()
            self.lock = None

    def close(self):
        self.process.kill()
        self.watcher.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()
        self.unlock()
        self.hook.close()
        self.place.close()


@pytest.fixture(scope="session")
def waiting(prefix):
    """Hooks that take up to a minute, by what they wait for; they start early, and other tests run meanwhile."""
    started = {}
    try:
        for how in (*LOCKS, None):
            started[how] = Waiting(prefix, how)
        yield started
    finally:
        for one in started.values():
            one.close()


@pytest.fixture(scope="module")
def runner(prefix, waiting):
    place = HookPlace(prefix)
    try:
        runner = HookRunner(place)
        try:
            yield runner
        finally:
            runner.close()
    finally:
        place.close()


@pytest.fixture
def hook(runner):
    """The hook, with a database in which there are two tests, ALIAS and OTHER, and an empty log."""
    runner.place.init()
    runner.place.clear()
    runner.place.create(ALIAS, OTHER)
    runner.syslog.take()
    yield runner
    runner.syslog.take()  # for what it checks of every line
