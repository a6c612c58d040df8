"""Fixtures of the system tests. They drive the programs installed in $HAVEDANE_PREFIX."""

import os
from pathlib import Path

import pytest

from machine import Machine, build
from nginx import Site
from support import Place


@pytest.fixture(scope="session")
def prefix():
    path = os.environ.get("HAVEDANE_PREFIX")
    if not path:
        pytest.fail("HAVEDANE_PREFIX is not set: install HaveDANE somewhere and say where")
    return Path(path).resolve()


@pytest.fixture
def bare_place(prefix):
    """A place with a configuration and no database."""
    place = Place(prefix)
    yield place
    place.close()


@pytest.fixture
def place(bare_place):
    """A place with an empty database; no service runs."""
    return bare_place.init()


@pytest.fixture(scope="module")
def site(prefix):
    """A site for a whole file: its tests share the database, and must leave it in order."""
    place = Place(prefix).init()
    try:
        site = Site(place)
        yield site
        site.nginx.stop()
    finally:
        place.close()


@pytest.fixture(params=["fastcgi", "nginx"])
def ask(request, site):
    """ask(METHOD, URI, ...) of the site: over FastCGI, and by HTTP through nginx."""
    return site.ways[request.param]


@pytest.fixture(scope="session")
def staged(tmp_path_factory):
    """The files of an installation in /usr and /etc, for machine.Machine."""
    return build(tmp_path_factory.mktemp("usr"))


@pytest.fixture
def machine(staged):
    """A machine on which HaveDANE is installed, and no more."""
    machine = Machine(staged)
    yield machine
    machine.close()
