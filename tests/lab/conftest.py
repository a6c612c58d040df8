"""The laboratory as a pytest fixture: one for the whole session, made from the installation in $HAVEDANE_PREFIX."""

import os

import pytest

from lab import Lab


@pytest.fixture(scope="session")
def prefix():
    if not os.environ.get("HAVEDANE_PREFIX"):
        pytest.fail("HAVEDANE_PREFIX is not set: install HaveDANE somewhere and say where")
    return os.environ["HAVEDANE_PREFIX"]


@pytest.fixture(scope="session")
def lab(prefix):
    with Lab(prefix) as lab:
        yield lab
