"""Trouble of our own while real mail arrives: it is deferred, nobody hears of it, and Postfix's next try is recorded.

With the catch-all map, as nothing then keeps mail out before the hook sees it.
"""

import os
import shutil
import sqlite3
import subprocess

import pytest

from lab import Lab
from lab_net import until
from test_lab import delivered, deliveries_of, lines


def database_missing(lab):
    away = lab.database.parent.with_name("db.away")
    lab.database.parent.rename(away)
    return lambda: away.rename(lab.database.parent)


def replaced(lab, make):
    """Another folder in the place of the database's, with what make(FILE) puts there."""
    folder = lab.database.parent
    owner = folder.stat()
    back = database_missing(lab)
    folder.mkdir(mode=0o700)
    make(lab.database)
    for path in (folder, lab.database):
        os.chown(path, owner.st_uid, owner.st_gid)

    def mend():
        shutil.rmtree(folder)
        back()

    return mend


def not_a_database(lab):
    return replaced(lab, lambda file: file.write_bytes(b"This is not a database, and long enough to tell. " * 100))


def schema_too_new(lab):
    def make(file):
        subprocess.run([lab.prefix / "sbin/havedane", "-c", lab.conf, "init"], check=True, capture_output=True)
        with sqlite3.connect(file) as database:
            database.execute("PRAGMA user_version = 1000")
        database.close()

    return replaced(lab, make)


def database_read_only(lab):
    lab.database.chmod(0o400)
    return lambda: lab.database.chmod(0o600)


def folder_closed(lab):
    lab.database.parent.chmod(0)
    return lambda: lab.database.parent.chmod(0o700)


def database_locked(lab):
    """For longer than the hook waits."""
    holder = sqlite3.connect(lab.database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    def mend():
        holder.execute("ROLLBACK")
        holder.close()

    return mend


def configuration_missing(lab):
    away = lab.conf.with_suffix(".away")
    lab.conf.rename(away)
    return lambda: away.rename(lab.conf)


def configuration_wrong(lab):
    before = lab.conf.read_text()
    lab.conf.write_text(before + "[nonsense]\n")
    return lambda: lab.conf.write_text(before)


@pytest.fixture(scope="module")
def lab(prefix):
    with Lab(prefix, catch_all=True) as lab:
        yield lab


def test_unknown_alias_is_dropped_without_a_bounce(lab):
    lab.send("may", "aaaaaaaaaaaaaaaa", ["do"])
    dropped = ("orig_to=<aaaaaaaaaaaaaaaa@do.", "status=sent")
    until(lambda: lines(lab.log("receiver"), *dropped), 30, "the message to be dropped")
    assert not lines(lab.log("receiver"), "status=bounced")
    assert lab.api("GET", "/api/tests/aaaaaaaaaaaaaaaa")[0] == 404


def test_mail_is_recorded_while_the_service_is_down(lab):
    alias = lab.create()["alias"]
    assert lab.service_kill() == -9
    lab.send("may", alias, ["do"])
    until(lambda: lines(lab.log("receiver"), f"orig_to=<{alias}@do.", "status=sent"), 30, "the delivery")
    assert lab.api("GET", f"/api/tests/{alias}")[0] == 502
    lab.service_start()
    assert set(deliveries_of(lab.get(alias))) == {"do"}


@pytest.mark.parametrize("fault", [
    database_missing, database_locked, database_read_only, folder_closed, not_a_database, schema_too_new,
    configuration_missing, configuration_wrong,
])
def test_mail_waits_while_the_hook_has_trouble(lab, fault):
    alias = lab.create()["alias"]
    address = f"<{alias}@do.{lab.domain}>"
    mend = fault(lab)
    try:
        lab.send("may", alias, ["do"])
        until(lambda: lines(lab.log("receiver"), f"orig_to={address}", "status=deferred"), 60, "the message to be deferred")
    finally:
        mend()
    test = lab.wait(alias, delivered("do"), 60)
    assert deliveries_of(test)["do"]["transport"] == "tls"
    log = lab.log("receiver")
    assert all("dsn=4." in line for line in lines(log, f"orig_to={address}", "status=deferred"))
    assert not lines(log, "status=bounced")
    assert len(lines(lab.log("may"), f"to={address}")) == 1 and lines(lab.log("may"), f"to={address}", "status=sent")
