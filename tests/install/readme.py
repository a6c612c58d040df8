"""The commands of the README's section on installing, word for word."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What stands for the sysadmin's own in the README, and what it is in the laboratory.
OWN = {"example.net": "havedane.test", "192.0.2.1": "192.0.2.10", "2001:db8::1": "2001:db8:25::10"}


def blocks():
    """The indented blocks of the section, each a list of commands; a line that ends in a backslash goes on."""
    section = re.search(r"^Install\n-+\n(.*?)^\S[^\n]*\n-+\n", (ROOT / "README").read_text(), re.MULTILINE | re.DOTALL)[1]
    found = re.findall(r"(?:^  .*\n)+", section, re.MULTILINE)
    return [re.sub(r"^  ", "", block, flags=re.MULTILINE).replace("\\\n", "").strip().split("\n") for block in found]


def block(first):
    """The block whose first command begins so."""
    matching = [commands for commands in blocks() if commands[0].startswith(first)]
    assert len(matching) == 1, f"README: {len(matching)} blocks begin with: {first}"
    return matching[0]


def owned(command):
    """A command with the laboratory's domain and addresses in place of the README's."""
    for theirs, ours in OWN.items():
        command = re.sub(rf"(?<![\w.:]){re.escape(theirs)}(?![\w.:]*\w)", ours, command)
    return command
