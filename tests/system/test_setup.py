"""havedane setup on a machine as Debian leaves it: what it changes, that a second run changes nothing, and the way back."""

import re
import stat

from machine import DOMAIN

OPTIONS = ("--catch-all", "--domain", DOMAIN)
CONFIG, USAGE = 78, 64
# Copies that the tools of passwd(5) make.
USER_FILES = {f"/etc/{name}{suffix}" for name in ("passwd", "shadow", "group", "gshadow") for suffix in ("", "-")}
# What only --purge removes.
KEPT = {"/etc/havedane", "/etc/havedane/havedane.conf", "/etc/havedane/tls", "/var/lib/havedane",
        "/var/lib/havedane/havedane.db",
        *(f"/etc/havedane/tls/{name}" for name in ("ca.key", "ca.pem", "server.key", "server.pem"))}
MADE = {"/etc/havedane/postfix", "/etc/havedane/setup.state", "/etc/nginx/sites-available/havedane.conf",
        "/etc/nginx/sites-enabled/havedane.conf", "/etc/postfix/main.cf", "/etc/postfix/main.cf.before-havedane",
        "/run/havedane", *(f"/etc/havedane/postfix/{name}" for name in ("aliases", "aliases.db", "virtual", "virtual.db"))}


def test_dry_run_tells_all_and_changes_nothing(machine):
    before = machine.tree()
    told = machine.setup("--dry-run", *OPTIONS)
    assert machine.changed_since(before) == []
    done = machine.setup(*OPTIONS)
    past = {"would make": "made", "would write": "wrote", "would set": "set", "would index": "indexed",
            "would start": "started", "changes would be made": "changes made"}
    for would, did in past.items():
        assert would in told
        told = told.replace(would, did)
    assert "would" not in told
    assert told == re.sub(r"^verify .*\n", "", done, flags=re.MULTILINE)


def test_setup_then_nothing_to_change_then_all_back(machine):
    before = machine.tree()
    printed = machine.setup(*OPTIONS, "--ipv4", "192.0.2.10", "--ipv6", "2001:db8::10")
    assert set(machine.changed_since(before)) == USER_FILES | KEPT | MADE
    assert re.search(r"^\d+ changes made\.$", printed, re.MULTILINE)
    assert printed.index("havedane dns --ipv4 192.0.2.10 --ipv6 2001:db8::10") < printed.index("havedane check")
    after = machine.tree()
    for again in (OPTIONS, (), ("--dry-run",)):
        assert "\nNothing to change.\n" in machine.setup(*again)
        assert machine.changed_since(after) == []
    assert "keys, database and user stay" in machine.setup("--remove")
    assert set(machine.changed_since(before)) == USER_FILES | KEPT
    assert "\nNothing to change.\n" in machine.setup("--remove")
    machine.setup("--remove", "--purge")
    assert set(machine.changed_since(before)) <= {name for name in USER_FILES if name.endswith("-")}


def test_dry_run_of_removal_changes_nothing(machine):
    machine.setup(*OPTIONS)
    after = machine.tree()
    assert "would remove the user havedane" in machine.setup("--remove", "--purge", "--dry-run")
    assert machine.changed_since(after) == []


def test_who_may_read_and_write_what(machine):
    before = machine.tree()
    machine.setup(*OPTIONS)
    uid, gid = (int(machine("id", option, "havedane")) for option in ("-u", "-g"))
    ours = {
        "/etc/havedane": (0o755, 0, 0), "/etc/havedane/havedane.conf": (0o640, 0, gid),
        "/etc/havedane/setup.state": (0o600, 0, 0), "/etc/havedane/tls": (0o700, 0, 0),
        "/etc/havedane/tls/ca.key": (0o600, 0, 0), "/etc/havedane/tls/server.key": (0o600, 0, 0),
        # In it havedane can replace nothing, not even what is its own.
        "/etc/havedane/postfix": (0o755, 0, 0), "/etc/havedane/postfix/aliases": (0o644, uid, gid),
        "/etc/havedane/postfix/aliases.db": (0o644, uid, gid), "/etc/havedane/postfix/virtual": (0o644, 0, 0),
        "/etc/havedane/postfix/virtual.db": (0o644, 0, 0), "/var/lib/havedane": (0o700, uid, gid),
        "/var/lib/havedane/havedane.db": (0o600, uid, gid), "/run/havedane": (0o755, uid, gid)}
    for name, wanted in ours.items():
        status = machine.path(name).stat()
        assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == wanted, name
    for name in machine.changed_since(before):
        mode = machine.path(name).lstat().st_mode
        assert stat.S_ISLNK(mode) or not mode & 0o002, name
        secret = "PRIVATE KEY" in machine.path(name).read_text(errors="replace") if stat.S_ISREG(mode) else False
        assert not (secret and mode & 0o077), name


def test_a_narrow_umask_changes_nothing(machine):
    machine("sh", "-c", f"umask 077; havedane setup --catch-all --domain {DOMAIN}")
    assert stat.S_IMODE(machine.path("/etc/havedane/postfix/virtual.db").stat().st_mode) == 0o644
    assert stat.S_IMODE(machine.path("/etc/havedane").stat().st_mode) == 0o755


def test_what_is_there_is_never_overwritten(machine):
    machine.setup(*OPTIONS)
    site, conf = "/etc/nginx/sites-available/havedane.conf", "/etc/havedane/havedane.conf"
    assert f"\tserver_name {DOMAIN};\n" in machine.read(site)
    machine.write(site, machine.read(site).replace("listen 80;", "listen 80;\n\tlisten 8443;"))
    machine.write(conf, machine.read(conf) + "[test]\ngrace = 20s\n")
    after = machine.tree()
    assert "\nNothing to change.\n" in machine.setup()
    assert machine.changed_since(after) == []
    assert "sites-available/havedane.conf stays: it was changed since" in machine.setup("--remove")
    assert not machine.path("/etc/nginx/sites-enabled/havedane.conf").is_symlink()
    assert machine.path(site).exists()
    machine("nginx", "-t")


def test_what_was_lost_is_made_again(machine):
    machine.setup(*OPTIONS)
    after = machine.tree()
    machine.path("/etc/havedane/postfix/aliases.db").unlink()
    machine("chown", "root:root", "/etc/havedane/postfix/virtual", "/etc/havedane/postfix/aliases")
    machine("postalias", "/etc/havedane/postfix/aliases")  # root's now: the hook would run as nobody
    machine.path("/etc/nginx/sites-enabled/havedane.conf").unlink()
    machine("postconf", "-X", "alias_maps")
    machine("postconf", "-e", "smtpd_tls_security_level=none")
    printed = machine.setup()
    for line in ("wrote /etc/havedane/postfix/aliases anew", "indexed /etc/havedane/postfix/aliases",
                 "made the link /etc/nginx/sites-enabled/havedane.conf", "set smtpd_tls_security_level = may (was: none)",
                 "reloaded Postfix"):
        assert line in printed, line
    different = set(machine.changed_since(after))
    assert different <= {"/etc/havedane/setup.state", "/etc/postfix/main.cf", "/etc/havedane/postfix/aliases.db"}
    assert "\nNothing to change.\n" in machine.setup()


# What the user havedane can put into a folder of maps that it may write to, as that of the first version was.
PLANTS = {
    "aliases a link": "ln -sf /root/secret aliases",
    "its index a link": "ln -sf /root/secret aliases.db",
    "another index a link": "ln -sf /root/secret virtual.db",
    "a map a link": "ln -sf /root/secret virtual",
    "a map a second name": "ln -f /root/secret virtual",
    "an index a second name": "ln -f /root/secret virtual.db",
    "a link to nothing": "ln -sf /root/new virtual.db",
    "a folder": "rm aliases.db; mkdir aliases.db",
    "a pipe": "rm aliases; mkfifo aliases",
    "somebody's": "chown 12345 aliases",
    "the copy a link": "rm aliases.db; ln -s /root/secret aliases.new",
    "the copy's index a link": "rm aliases.db; ln -s /root/secret aliases.new.db",
    "what is written a link": "rm virtual aliases; ln -s /root/secret virtual.havedane-new",
}


def test_planted_links_are_not_followed(machine):
    folder, secret = "/etc/havedane/postfix", "/root/secret"
    machine.setup(*OPTIONS)
    machine("cp", "-a", folder, "/tmp/maps")
    machine.write(secret, "of root's\n")
    machine.path(secret).chmod(0o600)
    before = machine.tree()
    for claim, plant in PLANTS.items():
        machine("sh", "-c", f"rm -rf {folder}; cp -a /tmp/maps {folder}; cd {folder}; {plant}; chgrp havedane .; chmod 1775 .")
        done = machine.run("havedane", "setup")
        if claim.startswith(("the copy", "what is written")):  # made anew
            assert done.returncode == 0, (claim, done)
        else:
            assert done.returncode == CONFIG and "is in the way: it must be a file" in done.stderr, (claim, done)
        machine("rm", "-rf", folder)
        machine("cp", "-a", "/tmp/maps", folder)
        changed = set(machine.changed_since(before)) - {"/etc/havedane/setup.state", "/etc/postfix/main.cf"}
        assert not {name for name in changed if not name.startswith(folder)}, claim
        assert machine.read(secret) == "of root's\n" and not machine.path("/root/new").exists()


def test_a_folder_that_havedane_can_write_to_is_tightened(machine):
    machine.setup(*OPTIONS)
    after = machine.tree()
    for change in ("chgrp havedane {0}; chmod 1775 {0}", "chown havedane {0}", "chmod 777 {0}"):
        machine("sh", "-c", change.format("/etc/havedane/postfix"))
        assert "set owner and mode of /etc/havedane/postfix\n" in machine.setup()
        assert set(machine.changed_since(after)) <= {"/etc/havedane/setup.state"}


def test_the_index_made_anew_by_hand(machine):
    """As the comment in main.cf has it."""
    machine.setup(*OPTIONS)
    uid = int(machine("id", "-u", "havedane"))
    aliases, index = "/etc/havedane/postfix/aliases", machine.path("/etc/havedane/postfix/aliases.db")
    machine("sh", "-c", f"echo 'more: root' >>{aliases}")
    machine("postalias", f"hash:{aliases}")
    assert machine("postalias", "-q", "more", f"hash:{aliases}") == "root\n"
    assert index.stat().st_uid == uid
    index.unlink()
    assert "Permission denied" in machine.run("postalias", f"hash:{aliases}").stderr
    for command in (("chown", "root", aliases), ("postalias", f"hash:{aliases}"), ("chown", "havedane:havedane", aliases, f"{aliases}.db")):
        machine(*command)
    assert machine("postalias", "-q", "more", f"hash:{aliases}") == "root\n"
    assert index.stat().st_uid == uid


def test_a_parameter_that_somebody_changed_stays(machine):
    machine.setup(*OPTIONS)
    machine("postconf", "-e", "message_size_limit=5000000", "alias_maps=hash:/etc/aliases, hash:/etc/havedane/postfix/aliases, "
            "hash:/etc/more", "virtual_alias_domains=do.havedane.test, mine.test, dont.havedane.test, wrong.havedane.test")
    machine.write("/etc/more", "")
    machine("postalias", "/etc/more")
    printed = machine.setup("--remove")
    assert "message_size_limit stays: it was changed since" in printed
    assert "main.cf.before-havedane stays" in printed
    settings = machine("postconf", "-n")
    assert "message_size_limit = 5000000\n" in settings
    assert "alias_maps = hash:/etc/aliases, hash:/etc/more\n" in settings
    assert "virtual_alias_domains = mine.test\n" in settings
    assert "havedane" not in settings


USAGES = [
    ((), "--domain is needed"),
    (("--domain", "nodots"), "--domain nodots: "),
    (("--domain", "a b.test"), "--domain a b.test: "),
    (("--domain", DOMAIN, "--purge"), "--purge is for --remove only"),
    (("--domain", DOMAIN, "--ipv4", "mail.test"), '"mail.test" is no IPv4 address'),
    (("--domain", DOMAIN, "--ipv6", "192.0.2.1"), '"192.0.2.1" is no IPv6 address'),
    (("--domain", DOMAIN, "extra"), 'does not take "extra"'),
]


def test_usage(machine):
    before = machine.tree()
    for options, text in USAGES:
        assert text in machine.setup(*options, status=USAGE)
        assert machine.changed_since(before) == []


def test_only_root_may(machine):
    done = machine.run("setpriv", "--reuid=65534", "--clear-groups", "havedane", "setup", "--dry-run")
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "only root" in done.stderr


def test_another_domain_than_the_configuration_has(machine):
    machine.setup(*OPTIONS)
    after = machine.tree()
    assert "is for havedane.test, not for other.test" in machine.setup("--domain", "other.test", status=CONFIG)
    assert machine.changed_since(after) == []
