"""Fixtures of the installation tests: clean roots of Debian, made once."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))

import readme  # noqa: E402
from root import bootstrap  # noqa: E402

BUILD = Path(os.environ["HAVEDANE_BUILD"])


@pytest.fixture(scope="session")
def folder():
    """pytest's own folders let nobody but root in, and are kept: these are large."""
    name = tempfile.mkdtemp(prefix="havedane-roots-")
    os.chmod(name, 0o755)
    yield Path(name)
    shutil.rmtree(name)


@pytest.fixture(scope="session")
def bare(folder):
    """Debian without anything, and systemd, as each server has it."""
    root = bootstrap(folder / "debootstrap")
    root.run("apt-get", "install", "-q", "--no-install-recommends", "systemd", "systemd-sysv", "dbus")
    return root


@pytest.fixture(scope="session")
def dressed(bare):
    """The same with the packages that the README's lines install: a container has no way to Debian's archive."""
    root = bare.fork(bare.directory.with_name("dressed"))
    for beginning in ("apt install gcc", "apt install sqlite3"):
        root.run("bash", "-c", readme.block(beginning)[0])
    root.keep_services_down(False)
    return root


@pytest.fixture(scope="session")
def tarball():
    """What `make dist` makes of the sources."""
    subprocess.run(["make", "-C", BUILD, "dist"], check=True, capture_output=True, timeout=300)
    (found,) = BUILD.glob("havedane-*.tar.gz")
    return found
