"""`havedane check` on a laboratory, and ways to break the laboratory and to put it right again."""

import contextlib
import json
import os
import re
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import lab_dns
import lab_web
from lab import Lab
from lab_net import until


def arguments(lab, **options):
    """What the check must be told to look at a lab, as options of the command."""
    home = lab.receiver.directory
    given = {"resolver": lab_dns.RESOLVER[0], "trust-anchor": lab.dns.directory / "anchor", "tls": home / "tls",
             "maps": home / "maps", "postfix": home / "postfix", **options}
    return [word for name, value in given.items() for word in (f"--{name}", value)]


def run(lab, *groups, conf=None, host=None, **options):
    """Runs the check on the receiver, or on another host: the CompletedProcess."""
    host = host or lab.receiver
    return host.run([lab.prefix / "sbin/havedane", "-c", conf or lab.conf, "check", *arguments(lab, **options), *groups],
                    check=False)


@contextlib.contextmanager
def lab_of(prefix, **options):
    """A laboratory of one's own, whose maps belong to root, as on a host: but for the alias file, which is the hook's."""
    with Lab(prefix, **options) as lab:
        maps = lab.receiver.directory / "maps"
        for path in (maps, *maps.iterdir()):
            owner = "havedane" if path.name in ("aliases", "aliases.db") else "root"
            shutil.chown(path, owner, owner)
        yield lab


class Findings:
    """What the check says, by its JSON."""

    def __init__(self, lab, *groups, **options):
        done = run(lab, "--json", *groups, **options)
        assert done.stderr == "", done.stderr
        self.exit = done.returncode
        self.all = json.loads(done.stdout)
        self.points = [SimpleNamespace(**point) for point in self.all["points"]]
        assert self.exit == (1 if self.all["failures"] else 0), done

    def not_ok(self):
        return [point for point in self.points if point.status != "ok"]

    def find(self, status, point_id, *parts):
        """The points of this id and status that have all these parts in what they say."""
        return [point for point in self.points if (point.status, point.id) == (status, point_id)
                and all(part in f"{point.subject}: {point.message}; {point.mend}" for part in parts)]

    def __str__(self):
        return "\n".join(f"{p.status} {p.id} {p.subject}: {p.message}; {p.mend}" for p in self.points)


def expect(findings, wanted):
    for status, *rest in wanted:
        found = findings.find(status, *rest)
        assert found, f"not found: {status} {rest}\n{findings}"
        assert all(point.mend for point in found if point.status != "unknown"), "it says what mends it"


@contextlib.contextmanager
def zone(lab, edit=lambda text: text, **options):
    """Other records: edit(TEXT) of those that `havedane dns` prints; options as of lab_dns.publish."""
    records = lab.havedane("dns", "--dir", lab.receiver.directory / "tls", "--ipv4", lab.receiver.ipv4,
                           "--ipv6", lab.receiver.ipv6)
    edited = edit(records)
    assert edited != records or options, "nothing is edited"
    try:
        lab_dns.publish(lab.dns, lab.domain, edited, **options)
        yield
    finally:
        lab_dns.publish(lab.dns, lab.domain, records)


@contextlib.contextmanager
def kept(*paths):
    """Puts files back as they were, whatever became of them: contents, owner, mode and times."""
    saved = []
    for path in paths:
        copy = path.with_name(f"{path.name}.kept")
        shutil.copy2(path, copy)
        status = path.stat()
        saved.append((path, copy, status.st_uid, status.st_gid))
    try:
        yield
    finally:
        for path, copy, uid, gid in saved:
            shutil.chown(copy, uid, gid)
            copy.replace(path)


@contextlib.contextmanager
def changed(change, back):
    """What change() does is undone by back()."""
    change()
    try:
        yield
    finally:
        back()


def mode(path, wrong, right):
    return changed(lambda: path.chmod(wrong), lambda: path.chmod(right))


def settle(postfix):
    """Postfix's programs wait for a file to be older than a second or two, should somebody still be writing."""
    for name in ("main.cf", "master.cf"):
        past = time.time() - 10
        os.utime(postfix.etc / name, (past, past))


def main_cf(lab, *, reload=False, drop=(), **settings):
    """Postfix with other parameters: sets these, and drops those."""
    @contextlib.contextmanager
    def manager():
        postfix = lab.postfix["receiver"]
        with kept(postfix.etc / "main.cf", postfix.etc / "master.cf"):
            if settings:
                postfix.command("postconf", "-e", *(f"{name} = {value}" for name, value in settings.items()))
            if drop:
                postfix.command("postconf", "-X", *drop)
            settle(postfix)
            if reload:
                postfix.command("postfix", "reload")
            yield
        if reload:
            postfix.command("postfix", "reload")
    return manager()


@contextlib.contextmanager
def master_cf(lab, *arguments, reload=False, **settings):
    """Postfix with other services: what postconf is told, and parameters of main.cf."""
    postfix = lab.postfix["receiver"]
    with main_cf(lab, **settings):
        postfix.command("postconf", *arguments)
        settle(postfix)
        if reload:
            postfix.command("postfix", "reload")
        yield
    if reload:
        postfix.command("postfix", "reload")


@contextlib.contextmanager
def hidden(lab, path, by):
    """On the receiver alone another file or folder lies over this one: the installation may be in use elsewhere."""
    lab.receiver.run(["mount", "--bind", by, path])
    try:
        yield
    finally:
        lab.receiver.run(["umount", path])


def site_text(lab):
    """nginx's site, with what it includes."""
    text = (lab.receiver.directory / "nginx/site.conf").read_text()
    return re.sub(r"include (\S+);", lambda found: Path(found[1]).read_text(), text)


@contextlib.contextmanager
def site(lab, *replacements):
    """nginx with the first of each pair replaced in its site, and what that includes, by the second."""
    text = site_text(lab)
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    with whole_site(lab, text):
        yield


@contextlib.contextmanager
def whole_site(lab, after):
    """nginx with another site."""
    directory = lab.receiver.directory / "nginx"
    file = directory / "site.conf"
    before = file.read_text()

    def use(text):
        file.write_text(text)
        lab.receiver.run([lab_web.NGINX, "-p", directory, "-e", directory / "error.log", "-c", directory / "nginx.conf",
                          "-s", "reload"])

    def workers():
        return set(lab.receiver.run(["pgrep", "-f", "nginx: worker"], check=False).stdout.split())

    old_workers = workers()
    try:
        use(after)
        until(lambda: workers() and not workers() & old_workers, 10, "nginx to reload")
        yield
    finally:
        old_workers = workers()
        use(before)
        until(lambda: workers() and not workers() & old_workers, 10, "nginx to reload")
