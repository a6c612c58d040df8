"""havedane postfix: what it prints, as Postfix's own tools read it."""

import re
import subprocess

import pytest

from admin_support import admin  # noqa: F401 (fixtures)
from admin_support import DOMAIN, PROBES, USAGE


def postfix_tool(config, tool, *arguments):
    done = subprocess.run([tool, "-c", config, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == "", done
    assert done.returncode == 0, done
    return done.stdout


@pytest.fixture
def postfix(admin):
    """A configuration folder of Postfix with what was printed, and the maps indexed."""
    maps, etc = admin.dir / "maps", admin.dir / "etc"
    maps.mkdir()
    etc.mkdir()
    (etc / "master.cf").touch()
    printed = ["postfix", "--tls", admin.tls, "--maps", maps]
    (etc / "main.cf").write_text("compatibility_level = 3.6\n" + admin(*printed, "main.cf").stdout)
    for name, tool in (("virtual", "postmap"), ("aliases", "postalias")):
        (maps / name).write_text(admin(*printed, name).stdout)
        postfix_tool(etc, tool, f"hash:{maps / name}")
    return etc


def test_postfix_main_cf(admin, postfix):
    """postconf takes every line, and knows every name."""
    lines = postfix_tool(postfix, "postconf", "-n").splitlines()
    settings = {name.strip(): value.strip() for name, value in (line.split("=", 1) for line in lines)}
    assert settings["virtual_alias_domains"].split() == [f"{probe}.{DOMAIN}" for probe in PROBES]
    assert settings["virtual_alias_maps"] == f"hash:{admin.dir}/maps/virtual"
    assert settings["alias_maps"] == f"hash:/etc/aliases, hash:{admin.dir}/maps/aliases"
    assert settings["smtpd_tls_chain_files"] == f"{admin.tls}/server.key, {admin.tls}/server.pem"
    assert settings["smtpd_tls_security_level"] == "may"
    assert settings["smtpd_tls_received_header"] == "yes"
    assert settings["maximal_queue_lifetime"] == "2d"
    names = re.findall(r"^(\w+) *=", (postfix / "main.cf").read_text(), re.MULTILINE)
    assert len(names) == len(set(names))


def test_postfix_maps(admin, postfix):
    for probe in PROBES:
        target = postfix_tool(postfix, "postmap", "-q", f"@{probe}.{DOMAIN}", f"hash:{admin.dir}/maps/virtual")
        assert target == f"havedane-{probe}@localhost\n"
        command = postfix_tool(postfix, "postalias", "-q", f"havedane-{probe}", f"hash:{admin.dir}/maps/aliases")
        assert command == f'"|{admin.hook} -c {admin.conf}"\n'
    assert admin.hook.exists()


@pytest.mark.parametrize("retention, lifetime", [("1h", "2d"), ("24h", "2d"), ("25h", "3d"), ("30d", "31d")])
def test_postfix_keeps_mail_longer_than_a_test_lives(admin, retention, lifetime):
    admin.configure(retention=retention)
    assert f"\nmaximal_queue_lifetime = {lifetime}\n" in admin("postfix", "main.cf").stdout


def test_postfix_prints_all_three(admin):
    parts = [admin("postfix", name).stdout for name in ("main.cf", "virtual", "aliases")]
    assert admin("postfix").stdout == "\n".join(parts)
    assert "%{" not in "".join(parts)
    assert parts[0].startswith("# main.cf: ")
    for part, name in zip(parts[1:], ("virtual", "aliases")):
        assert re.match(rf"# /\S+/{name}: ", part)


def test_postfix_gets_an_absolute_path(admin):
    done = admin.bare("-c", "./havedane.conf", "postfix", "aliases", cwd=admin.dir)
    assert done.stdout.count(f'-c {admin.conf}"\n') == len(PROBES)


@pytest.mark.parametrize("path", ["tls", "", "/a b", "/a,b", "/a$b", '/a"b', "/a\\b", "/a;b", "/a`b", "/a\nb", "/a|b", "/é"])
def test_postfix_refuses_paths_it_would_misread(admin, path):
    for option in ("--tls", "--maps"):
        assert option in admin("postfix", option, path, status=USAGE).stderr
    if path.startswith("/"):
        odd = admin.dir / f"conf{path[1:]}"
        odd.write_text(admin.conf.read_text())
        done = admin.bare("-c", odd, "postfix")
        assert (done.returncode, done.stdout) == (USAGE, "")
