"""The page's HTML is valid: html-validate, with the rules of htmlvalidate.cjs."""

import subprocess
from pathlib import Path

import pytest

from axe import modules

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "www/index.html"


def validate(path):
    """What html-validate says of a file; nothing when all is well."""
    done = subprocess.run([modules() / ".bin/html-validate", "--config", HERE / "htmlvalidate.cjs", "--formatter", "text", path],
                          capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode == 0) == (done.stdout == ""), done
    return done.stdout


def test_page_is_valid():
    assert validate(PAGE) == ""


@pytest.mark.parametrize("good, bad, rule", [
    ("</main>", "", "close-order"), ('lang="en">', ">", "element-required-attributes"), ("<p ", '<p style="color: red" ', "no-inline-style"),
    ('alt="" ', "", "wcag/h37"), ("<noscript>", "<noscript><div id=top></div>", "no-dup-id")])
def test_what_is_not_valid_is_found(tmp_path, good, bad, rule):
    text = PAGE.read_text()
    assert good in text
    (tmp_path / "index.html").write_text(text.replace(good, bad, 1))
    assert rule in validate(tmp_path / "index.html")
