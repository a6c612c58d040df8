"""The page in each of its states as it is seen: by axe, and in pictures for somebody to look at (HAVEDANE_SHOTS)."""

import pytest

from axe import axe
from shots import SCHEMES, look, shots
from states import STATES


@pytest.mark.parametrize("name", STATES)
def test_look(lab, page, name, tmp_path):
    with STATES[name](lab, page):
        assert len(shots(page, name, tmp_path)) == 4
        for scheme in SCHEMES:
            look(page, scheme=scheme)
            assert axe(page) == [], scheme
