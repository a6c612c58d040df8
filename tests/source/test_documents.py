"""Manual pages and the sample configuration say what the programs do."""

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["HAVEDANE_BUILD"])
PREFIX = Path(os.environ["HAVEDANE_PREFIX"])
SAMPLE = PREFIX / "share/havedane/havedane.conf.sample"
PAGES = ("man8/havedane.8", "man8/havedane-fcgi.8", "man8/havedane-hook.8", "man5/havedane.conf.5")
SECTIONS = ("NAME", "SYNOPSIS", "DESCRIPTION", "FILES", "EXAMPLES", "SEE ALSO")

# Prints the table of the configuration's keys: the source itself, with a main() behind it.
PRINT_KEYS = """\
#include "config.c"
int
main(void)
{
	for (unsigned i = 0; i < KEY_COUNT; i++)
		printf("%s\\t%s\\t%s\\t%s\\n", keys[i].section, keys[i].name,
		    keys[i].value == NULL ? "required" : keys[i].value, keys[i].doc);
	return 0;
}
"""


class Key(NamedTuple):
    section: str
    name: str
    value: str  # its default, "" or "required"
    doc: str


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    (folder / "keys.c").write_text(PRINT_KEYS)
    rule = f"{folder}/keys: {folder}/keys.c\n\t$(CC) $(DEFS) $(AM_CPPFLAGS) $(AM_CFLAGS) $(AM_LDFLAGS) -o $@ $< $(LIBS) " \
        "lib/libhavedane.a $(INIH_LIBS)\n"
    subprocess.run(["make", "-f", "Makefile", "-f", "-", folder / "keys"], cwd=BUILD, input=rule, text=True, check=True)
    rows = subprocess.run([folder / "keys"], capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(rows) >= 13
    return [Key(*row.split("\t")) for row in rows]


def render(page):
    """A page as it is read, in one line."""
    text = subprocess.run(["mandoc", "-Tascii", "-Owidth=500", PREFIX / "share/man" / page], capture_output=True, text=True,
                          check=True).stdout
    return re.sub(r"\s+", " ", re.sub(".\b", "", text))


def program_help(*argv):
    return subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=True).stdout


# Manual pages


@pytest.mark.parametrize("page", PAGES)
def test_page_is_clean(page):
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", PREFIX / "share/man" / page], capture_output=True, text=True,
                          check=False)
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("page", PAGES)
def test_page_has_all_sections(page):
    source = (PREFIX / "share/man" / page).read_text()
    wanted = SECTIONS + (() if page.endswith(".5") else ("ENVIRONMENT", "EXIT STATUS"))
    assert set(wanted) <= set(re.findall(r"^\.Sh (.*)$", source, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_page_names_paths_of_this_installation(page):
    source = (PREFIX / "share/man" / page).read_text()
    assert f"{PREFIX}/etc/havedane/havedane.conf" in source
    assert not re.search("@[a-z]+@", source)


def exit_codes(text):
    """The exit statuses that a help text tells."""
    listed = re.search(r"^Exit status:(.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)[1]
    codes = set(re.findall(r"(?:^|[;:]|\n)\s*(\d+)\b", listed))
    assert {"0", "64", "78"} <= codes
    return codes


def documented_exit_codes(page):
    source = (PREFIX / "share/man" / page).read_text()
    section = source.split(".Sh EXIT STATUS")[1].split(".Sh ")[0]
    return set(re.findall(r"^\.It (\d+)$", section, re.MULTILINE))


@pytest.mark.parametrize("program", ["havedane", "havedane-fcgi"])
def test_page_tells_each_exit_status(program):
    text = program_help(PREFIX / "sbin" / program, "--help")
    assert documented_exit_codes(f"man8/{program}.8") == exit_codes(text)


def test_page_of_the_hook_tells_each_exit_status():
    """It has no help to print; HACKING says what it may exit with."""
    assert documented_exit_codes("man8/havedane-hook.8") == {"0", "75"}


def options(text):
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z0-9-]*\b", text))


def test_page_tells_each_option_of_the_service():
    page = render("man8/havedane-fcgi.8")
    for option in options(program_help(PREFIX / "sbin/havedane-fcgi", "--help")):
        assert f" {option} " in page, option


def commands():
    text = program_help(PREFIX / "sbin/havedane", "--help")
    return re.findall(r"^  ([a-z]+) ", text.split("Commands:\n")[1].split("\n\n")[0], re.MULTILINE)


def test_page_tells_each_command_and_its_options():
    source = (PREFIX / "share/man/man8/havedane.8").read_text()
    described = {}
    for part in re.split(r"^\.It Cm ", source.split(".Sh COMMANDS")[1].split(".Sh ")[0], flags=re.MULTILINE)[1:]:
        described.setdefault(part.split()[0], []).append(part)
    found = commands()
    assert {"init", "cert", "dns", "postfix", "show", "purge"} <= set(found) <= set(described)
    for command in found:
        text = program_help(PREFIX / "sbin/havedane", command, "--help").split("Exit status:")[0]
        text = text.replace("[-c CONF]", "")
        items = re.findall(r"^\.It Fl -(\S+)", "".join(described[command]), re.MULTILINE)
        assert {f"--{item}" for item in items} == options(text) - {"-c"}, command
        for operand in re.findall(r"\b(?:main\.cf|virtual|aliases|probes|ALIAS)\b", text.splitlines()[0]):
            assert operand in described[command][0], f"{command}: {operand}"


def test_page_of_the_configuration_tells_each_key(keys):
    page = (PREFIX / "share/man/man5/havedane.conf.5").read_text()
    text = page.split(".Sh DESCRIPTION")[1].split(".Sh FILES")[0]
    told = []
    for section in re.split(r"^\.Ss ", text, flags=re.MULTILINE)[1:]:
        name = re.match(r"\[(\w+)\]", section)[1]
        for item in re.split(r"^\.It Cm ", section, flags=re.MULTILINE)[1:]:
            told.append((name, item.split("\n")[0], " ".join(item.split())))
    assert [(section, name) for section, name, _ in told] == [(key.section, key.name) for key in keys]
    for key, (_, _, item) in zip(keys, told):
        assert {"": "Default: empty", "required": "Required"}.get(key.value, f"Default: .Ql {key.value} .") in item, key
        assert (found := re.search(r"\d+\w? to \d+\w?", key.doc)) is None or found[0] in item, key


# The sample configuration


def test_sample_has_each_key_with_its_default_and_a_comment(keys):
    found, section, comment = [], None, ""
    for line in SAMPLE.read_text().splitlines():
        if line.startswith("["):
            section, comment = line.strip("[]"), ""
        elif line.startswith(";"):
            comment += line
        elif line:
            name, value = re.fullmatch(r"(\w+) =(?: (.*))?", line).groups("")
            found.append((section, name, value))
            key = next((key for key in keys if (key.section, key.name) == (section, name)), None)
            assert key, line
            assert len(comment) > 20, f"{line}: has no comment of its own"
            assert (limits := re.search(r"\d+\w? to \d+\w?", key.doc)) is None or limits[0] in comment, line
            comment = ""
    assert found == [(key.section, key.name, "example.net" if key.value == "required" else key.value) for key in keys]


def test_sample_loads(tmp_path):
    """As it is, up to what the command needs beyond the configuration: certificates."""
    done = subprocess.run([PREFIX / "sbin/havedane", "-c", SAMPLE, "cert", "--dir", tmp_path / "tls"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    names = subprocess.run(["openssl", "x509", "-in", tmp_path / "tls/server.pem", "-noout", "-ext", "subjectAltName"],
                           capture_output=True, text=True, check=True).stdout
    assert "DNS:do.example.net" in names
