"""The units: sound to systemd, explained, and as closed as HACKING says."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = Path(os.environ["HAVEDANE_PREFIX"]) / "lib/systemd/system"
SERVICE = UNITS / "havedane-fcgi.service"
SOCKETS = {"fcgi": UNITS / "havedane-fcgi.socket", "alias": UNITS / "havedane-alias.socket"}


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False)


def settings(unit):
    return re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE)


def test_units_are_sound():
    done = analyze("verify", "--man=no", SERVICE, *SOCKETS.values())
    assert done.returncode == 0 and done.stderr == "", done


def test_exposure_is_as_recorded():
    done = analyze("security", "--offline=true", "--threshold=10", SERVICE)
    assert done.returncode == 0, done.stdout
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", done.stdout)[1]
    recorded = re.search(r"exposure is (\d+\.\d+)", (ROOT / "HACKING").read_text())[1]
    assert float(found) <= 1.0 and found == recorded


def test_a_threshold_can_fail(tmp_path):
    """That the check above finds what it is there to find."""
    worse = tmp_path / SERVICE.name
    worse.write_text(re.sub(r"^(?:CapabilityBoundingSet|SystemCallFilter|ProtectSystem|Private\w+)=.*\n", "", SERVICE.read_text(),
                            flags=re.MULTILINE))
    assert analyze("security", "--offline=true", "--threshold=10", worse).returncode != 0


@pytest.mark.parametrize("unit", [SERVICE, *SOCKETS.values()], ids=lambda unit: unit.name)
def test_each_directive_is_explained(unit):
    """By a comment above it, or above the directives it stands with."""
    explained = False
    for line in unit.read_text().split("[Install]")[0].splitlines():
        if line.startswith("#"):
            explained = True
        elif line == "" or line.startswith("["):
            explained = False
        elif not line.startswith(("Description=", "Documentation=", "ListenStream=", "Service=")):
            assert explained, line


@pytest.mark.parametrize("name, group", [("fcgi", "www-data"), ("alias", "postfix")])
def test_socket(name, group):
    found = dict(settings(SOCKETS[name]))
    wanted = {"ListenStream": f"/run/havedane/{name}.sock", "FileDescriptorName": name, "SocketGroup": group, "SocketMode": "0660",
              "DirectoryMode": "0755", "RemoveOnStop": "yes", "Service": "havedane-fcgi.service", "BindsTo": "havedane-fcgi.service"}
    assert wanted.items() <= found.items()
    assert "SocketUser" not in found  # root's: the service shall not be able to open it to others


def test_service_brings_its_sockets():
    for name in ("Sockets", "Also"):
        assert (name, "havedane-fcgi.socket havedane-alias.socket") in settings(SERVICE)


def test_service_never_runs_as_root_and_comes_back():
    wanted = {"Type": "notify", "User": "havedane", "Group": "havedane", "Restart": "on-failure", "UMask": "0077",
              "StartLimitIntervalSec": "0"}
    assert wanted.items() <= dict(settings(SERVICE)).items()
    assert "WatchdogSec" in dict(settings(SERVICE))
