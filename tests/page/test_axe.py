"""What axe finds wrong with the page: nothing."""

import struct

import pytest

from axe import axe
from shots import PHONE, SCHEMES, WIDE, look, shots


def open_new(page):
    page.open()
    page.until(lambda: page.find("#all-addresses").is_displayed())


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_a_new_test(page, scheme, width):
    look(page, width, scheme)
    open_new(page)
    assert axe(page) == []


# An element that is wrong, by what it is made of: name, text, attributes.
FAULTS = {
    "image-alt": ("img", "", {"src": "mark.svg"}),
    "button-name": ("button", "", {}),
    "color-contrast": ("p", "hardly to be seen", {"id": "fault"}),
    "region": ("p", "outside of all landmarks", {}),
}


def test_faults_are_found(page):
    """Rules of the standard and of best practice, or the test above would prove nothing."""
    open_new(page)
    for rule, (name, text, attributes) in FAULTS.items():
        page.driver.execute_script("""
            const made = Object.assign(document.createElement(arguments[0]), {textContent: arguments[1]});
            Object.entries(arguments[2]).forEach(([name, value]) => made.setAttribute(name, value));
            if (arguments[3] === 'color-contrast')
                Object.assign(made.style, {color: '#bbb', background: '#ccc'});
            (arguments[3] === 'region' ? document.body : document.querySelector('main')).append(made);""",
                                   name, text, attributes, rule)
    found = axe(page)
    assert {line.split()[0] for line in found} == FAULTS.keys(), found


def size(png):
    return struct.unpack(">II", png[16:24])


def test_pictures(page, tmp_path):
    """Each is of the whole page, in its colours."""
    open_new(page)
    paths = shots(page, "new-test", tmp_path)
    pictures = [path.read_bytes() for path in paths]
    assert all(png.startswith(b"\x89PNG") for png in pictures) and len(set(pictures)) == 4
    assert [size(png)[0] for png in pictures] == [WIDE, WIDE, PHONE, PHONE]
    assert all(size(png)[1] > 800 for png in pictures)
