"""Rules about the sources and the programs that a machine can check (HACKING, "Style")."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["HAVEDANE_BUILD"])
C_FILES = sorted(
    path for folder in ("lib", "fcgi", "hook", "admin", "tests/unit")
    for path in (ROOT / folder).glob("*.[ch]") if path.name != "schema_sql.h"
)
PAGE_FILES = sorted(path for path in (ROOT / "www").rglob("*") if path.suffix in (".js", ".css", ".html", ".svg"))
LAYERS = {"lib": set(), "fcgi": {"lib"}, "hook": {"lib"}, "admin": {"lib"}}
PROGRAMS = ("havedane", "havedane-fcgi", "havedane-hook")


def code(path):
    """A C file without comments and string literals."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)


def run(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def test_there_are_sources():
    assert len(C_FILES) > 40


def test_clang_format():
    done = subprocess.run(
        ["clang-format-14", "--dry-run", "--Werror", *map(str, C_FILES)],
        cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]


@pytest.mark.parametrize("layer", LAYERS)
def test_includes_point_downwards(layer):
    own = {path.name for path in (ROOT / layer).glob("*.h")}
    below = {path.name for lower in LAYERS[layer] for path in (ROOT / lower).glob("*.h")}
    for path in (ROOT / layer).glob("*.[ch]"):
        for name in re.findall(r'#include "([^"]+)"', path.read_text()):
            assert name in own | below | {"schema_sql.h"}, f"{path}: {name}"


@pytest.mark.parametrize("banned", ["exit", "_exit", "abort", "getenv", "FCGX_\\w*", "getopt\\w*"])
def test_the_library_leaves_to_programs(banned):
    for path in (ROOT / "lib").glob("*.[ch]"):
        assert not re.search(rf"\b{banned}\s*\(", code(path)), f"{path}: {banned}"


@pytest.mark.parametrize(
    "banned", ["sprintf", "vsprintf", "strcat", "strncat", "strncpy", "gets", "atoi", "atol",
               "scanf", "sscanf", "alloca", "system", "popen", "tmpnam", "mktemp", "strtok",
               "localtime", "gmtime", "ctime", "asctime", "strerror_l", "setjmp"])
def test_no_banned_function(banned):
    for path in C_FILES:
        if path.parts[-2] != "unit":
            assert not re.search(rf"\b{banned}\s*\(", code(path)), f"{path}: {banned}"


def test_private_fields_of_libfcgi_in_one_file():
    for path in (ROOT / "fcgi").glob("*.[ch]"):
        if path.name != "connection.c":
            assert not re.search(r"\b(ipcFd|keepConnection)\b", code(path)), path


def test_files_have_one_idea():
    """But for tables of texts, which are as long as they are."""
    page = [path for path in PAGE_FILES if path.parent.name != "lang"]
    for path in C_FILES + page + sorted((ROOT / "tests").rglob("*.py")):
        lines = len(path.read_text().splitlines())
        assert lines <= 450, f"{path}: {lines} lines"


@pytest.mark.parametrize("banned", ["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe", "document\\.write", "eval", "Function",
                                    "DOMParser", "createContextualFragment", "javascript:"])
def test_no_text_becomes_markup_or_script(banned):
    for path in PAGE_FILES:
        if path.suffix in (".js", ".html", ".svg"):
            assert not re.search(rf"(?<![\w.'-]){banned}(?!\w)|\.{banned}(?!\w)", path.read_text()), f"{path}: {banned}"


def test_nothing_inline_in_the_page():
    text = (ROOT / "www/index.html").read_text()
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle\s*=|\son\w+\s*=", text)


def test_lock_file_names_no_registry():
    """Each machine has its own; and versions are exact."""
    folder = ROOT / "tests/page"
    lock = (folder / "package-lock.json").read_text()
    assert "://" not in lock and '"resolved"' not in lock
    packages = json.loads(lock)["packages"]
    wanted = json.loads((folder / "package.json").read_text())["devDependencies"]
    assert packages[""]["devDependencies"] == wanted
    for name, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert packages[f"node_modules/{name}"]["version"] == version, name
    assert all("integrity" in entry for path, entry in packages.items() if path)


def test_global_symbols_carry_the_prefix():
    archives = set(BUILD.rglob("*.a")) - set(BUILD.rglob("tests/**/*.a"))
    assert len(archives) == 4
    for archive in archives:
        for line in run("nm", "--defined-only", "--extern-only", str(archive)).splitlines():
            fields = line.split()
            if len(fields) == 3:
                assert fields[2].startswith("hd_"), f"{archive.name}: {fields[2]}"


@pytest.mark.parametrize("name, needed", [
    ("havedane-hook", {"libc.so.6", "libsqlite3.so.0", "libinih.so.1"}),
    ("havedane", {"libc.so.6", "libsqlite3.so.0", "libinih.so.1", "libcrypto.so.3",
                  "libjson-c.so.5", "libssl.so.3", "libunbound.so.8"}),
    ("havedane-fcgi", {"libc.so.6", "libsqlite3.so.0", "libinih.so.1", "libcrypto.so.3",
                       "libjson-c.so.5", "libfcgi.so.0"}),
])
def test_programs_need_no_other_library(name, needed):
    found = set(re.findall(r"NEEDED.*\[(.*?)\]", run("readelf", "-d", str(BUILD / name))))
    assert found == needed


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_hardened(name):
    headers = run("readelf", "-hldW", str(BUILD / name))
    assert "DYN (Position-Independent Executable file)" in headers
    assert "GNU_RELRO" in headers
    assert re.search(r"\(FLAGS(_1)?\).*\bNOW\b", headers)
    assert not re.search(r"GNU_STACK.*RWE", headers)
    symbols = run("nm", "-D", str(BUILD / name))
    assert "__stack_chk_fail" in symbols
    assert "_chk@" in symbols.replace("__stack_chk_fail@", "")


def test_nothing_unfinished_in_the_tree():
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b")
    for path in ROOT.rglob("*"):
        if path.is_file() and ".git" not in path.parts and path.suffix in {
                ".c", ".h", ".py", ".js", ".css", ".html", ".sql", ".in", ".inc", ".ac", ".am"}:
            if path != Path(__file__).resolve() and path.name not in {"Makefile.in", "aclocal.m4"}:
                assert not marks.search(path.read_text()), path
