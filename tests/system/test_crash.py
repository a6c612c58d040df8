"""kill -9 of the service amid creations: what was answered is there, and the database is sound."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import fcgi_client
from claims import check_answer
from support import until

TESTS = "/api/tests"
CLIENTS = 8
CREATIONS = 1000


class Visitors:
    """Clients that create tests until the service is gone."""

    def __init__(self, service):
        self.service = service
        self.aliases = []   # that were answered with 201
        self.others = []    # answers that were not 201
        self.pool = ThreadPoolExecutor(CLIENTS)
        self.clients = [self.pool.submit(self._create) for _ in range(CLIENTS)]

    def _create(self):
        while len(self.aliases) < CREATIONS:
            try:
                answer = self.service.request("POST", TESTS)
            except (OSError, fcgi_client.ProtocolError):
                return  # the service is gone, perhaps in the middle of this answer
            if answer.status == 201:
                self.aliases.append(answer.json()["alias"])
            else:
                self.others.append(answer)
                return

    def join(self):
        for client in self.clients:
            client.result()
        self.pool.shutdown()


@pytest.mark.parametrize("at", [50, 300, 600])
def test_kill_amid_creations(place, at):
    service = place.start()
    visitors = Visitors(service)
    try:
        until(lambda: len(visitors.aliases) >= at, "the creations to begin")
    finally:
        service.kill()
        visitors.join()
    assert visitors.others == []
    assert at <= len(visitors.aliases) < CREATIONS, "the service was not killed in the middle"

    service = place.start()
    stored = {alias for alias, in place.sql("SELECT alias FROM tests")}
    assert set(visitors.aliases) <= stored
    # Each client may have had one more on its way.
    assert len(stored) <= len(visitors.aliases) + CLIENTS
    assert place.sql("PRAGMA integrity_check") == [("ok",)]
    assert place.sql("PRAGMA foreign_key_check") == []
    assert place.sql("SELECT tests FROM live") == [(len(stored),)]
    for alias in visitors.aliases:
        check_answer(service.request("GET", f"{TESTS}/{alias}"), 200)
    check_answer(service.request("POST", TESTS), 201)


def test_killed_again_and_again(place):
    """Also while it starts; what is left each time is a database, and a socket that the next one replaces."""
    aliases = set()
    for _ in range(10):
        service = place.start()
        aliases.add(check_answer(service.request("POST", TESTS), 201).json()["alias"])
        service.kill()
        starting = place.launch()
        until(lambda: not starting.running() or starting.log, "the start to begin")
        starting.kill()
    place.start()
    assert {alias for alias, in place.sql("SELECT alias FROM tests")} == aliases
    assert place.sql("PRAGMA integrity_check") == [("ok",)]
