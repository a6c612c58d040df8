"""Laboratories come and go: side by side, interrupted at any moment, killed; and leave nothing."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

import lab_net
from lab import Lab, LabError
from lab_net import until

LABCTL = Path(__file__).resolve().parent / "labctl"


@pytest.fixture
def folder():
    """pytest's own tmp_path lets nobody but root in; the user havedane must reach a lab."""
    with tempfile.TemporaryDirectory(prefix="havedane-test-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


def labctl(prefix, *arguments):
    """Starts labctl; no signal is ignored, even if it is here (SIGINT in the background of a script, SIGHUP by nohup)."""
    return subprocess.Popen(["env", "--default-signal=INT,TERM,HUP", LABCTL, "--prefix", prefix, *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def namespaces(lab):
    return {os.readlink(f"/proc/{host.pid}/ns/{kind}") for host in lab.hosts.values() for kind in ("net", "mnt", "pid")}


def inhabited(wanted):
    """Which of these namespaces any process is in."""
    found = set()
    for kind in Path("/proc").glob("[0-9]*/ns/*"):
        try:
            found.add(os.readlink(kind))
        except OSError:
            pass
    return wanted & found


def assert_nothing_left(directory):
    assert not directory.exists()
    assert not list(lab_net.marked(directory))
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert os.fsencode(f"{directory}/") not in path.read_bytes(), path
        except (FileNotFoundError, ProcessLookupError):
            pass
    assert str(directory) not in Path("/proc/self/mountinfo").read_text()


def interfaces():
    return {name for _, name in socket.if_nameindex()}


def test_two_labs_side_by_side_and_nothing_left(lab, prefix):
    before = interfaces()
    with Lab(prefix) as other:
        assert other.url != lab.url and other.dir != lab.dir
        assert other.receiver.ipv4 == lab.receiver.ipv4
        for one, two in ((lab, other), (other, lab)):
            alias = one.create()["alias"]
            one.send("may", alias, ["do"])
            one.wait(alias, lambda test: any(probe["delivery"] for probe in test["probes"]), 30)
            assert two.api("GET", f"/api/tests/{alias}")[0] == 404
        used = namespaces(other)
        assert inhabited(used) == used
        assert interfaces() == before
    assert_nothing_left(other.dir)
    assert not inhabited(used)
    assert interfaces() == before
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", other.port), timeout=5)
    assert lab.api("GET", "/api/health")[0] == 200


MOMENTS = {"the folder": "lab.json", "the first host": "switch/holder.log", "a sender": "may/holder.log",
           "the key": "receiver/tls/ca.key", "the name server": "dns/knot.log", "Postfix": "receiver/mail.log",
           "the service": "receiver/fcgi.log"}


@pytest.mark.parametrize("number, moment", [(signal.SIGINT, moment) for moment in MOMENTS]
                         + [(signal.SIGTERM, "a sender"), (signal.SIGHUP, "Postfix")])
def test_interrupted_while_coming_up(prefix, folder, number, moment):
    directory = folder / "lab"
    process = labctl(prefix, "up", directory)
    until((directory / MOMENTS[moment]).exists, 60, moment)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else 128 + number), output
    assert_nothing_left(directory)


def test_killed_while_coming_up_then_down(prefix, folder):
    directory = folder / "lab"
    process = labctl(prefix, "up", directory)
    until((directory / "dns/knot.log").exists, 60, "the name server")
    process.kill()
    process.communicate(timeout=60)
    assert list(lab_net.marked(directory))
    assert labctl(prefix, "down", directory).wait(60) == 0
    assert_nothing_left(directory)


def test_failure_while_coming_up_is_told_and_leaves_nothing(prefix, folder):
    with pytest.raises(LabError, match='unknown inet_protocols value "nonsense"'):
        Lab(prefix, directory=folder / "lab", postfix_settings={"inet_protocols": "nonsense"}).up()
    assert_nothing_left(folder / "lab")


def test_folder_that_the_user_havedane_cannot_reach(prefix, folder):
    folder.chmod(0o700)
    with pytest.raises(LabError, match="may not enter"):
        Lab(prefix, directory=folder / "lab").up()
    assert_nothing_left(folder / "lab")


def test_up_send_show_down(prefix, folder):
    directory = folder / "lab"
    up = labctl(prefix, "up", directory)
    output, _ = up.communicate(timeout=120)
    assert up.returncode == 0, output
    try:
        lab = Lab.attach(directory)
        assert lab.url in output
        alias = lab.create()["alias"]
        assert labctl(prefix, "send", directory, "none", alias, "dont").wait(60) == 0
        test = lab.wait(alias, lambda test: any(probe["delivery"] for probe in test["probes"]), 30)
        assert [probe["probe"] for probe in test["probes"] if probe["delivery"]] == ["dont"]
        shown = subprocess.run([LABCTL, "show", directory], capture_output=True, text=True, check=True).stdout
        assert len(re.findall(r"^\S+ +up ", shown, re.MULTILINE)) == len(lab.hosts)
        assert labctl(prefix, "send", directory, "nobody", alias).wait(60) == 1
    finally:
        assert labctl(prefix, "down", directory).wait(60) == 0
    assert_nothing_left(directory)


def test_up_and_down_spare_folders_of_others(prefix, folder):
    (folder / "mine").write_text("mine")
    assert labctl(prefix, "up", folder).wait(60) == 1
    assert labctl(prefix, "down", folder).wait(60) == 1
    with pytest.raises(LabError, match="not empty"), Lab(prefix, directory=folder):
        pass
    assert (folder / "mine").read_text() == "mine"


def test_a_lab_spares_one_that_is_up(lab, prefix):
    with pytest.raises(LabError, match="not empty"), Lab(prefix, directory=lab.dir):
        pass
    assert lab.api("GET", "/api/health")[0] == 200


def test_demo_until_interrupted(prefix):
    """The table, the page, the command it names for sending to the page's alias, and the end by Ctrl-C."""
    process = labctl(prefix, "demo", "--port", "0")
    lines, directory = [], None
    try:
        deadline = time.monotonic() + 180
        while not any(line.endswith(" none ALIAS") for line in lines) and time.monotonic() < deadline:
            line = process.stdout.readline()
            assert line, "".join(lines)
            lines.append(line.rstrip())
        output = "\n".join(lines)
        directory = Path(re.search(r"Up, in (/\S+)\.", output)[1])
        assert re.search(r"^dane +delivered +delivered +refused +TLS\S+ \S+ +dane +ok$", output, re.MULTILINE), output
        assert re.search(r"^none +delivered +delivered +delivered +clear +no-tls +ok$", output, re.MULTILINE), output
        assert re.search(r"^\(no mail\) +waiting +waiting +waiting +- +waiting +ok$", output, re.MULTILINE), output
        url = re.search(r"The page is at (http://127.0.0.1:\d+/)", output)[1]
        assert b"<html" in urllib.request.urlopen(url, timeout=20).read()
        lab = Lab.attach(directory)
        alias = lab.create()["alias"]
        subprocess.run(lines[-1].replace("ALIAS", alias).split(), check=True, timeout=60)
        lab.wait(alias, lambda test: all(probe["delivery"] for probe in test["probes"]), 30)
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0, rest
    assert_nothing_left(directory)
