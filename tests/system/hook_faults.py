"""Trouble that the hook can be in: each of these brings it about in a HookPlace, and ends it again."""

import contextlib
import os
import shutil

from hook_support import USER


@contextlib.contextmanager
def replaced(path, make):
    """Something else at a path for a while; make(path) puts it there, or nothing."""
    kept = path.with_name(path.name + ".kept")
    path.rename(kept)
    try:
        make(path)
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        for rest in ("-wal", "-shm"):
            path.with_name(path.name + rest).unlink(missing_ok=True)
        kept.rename(path)


@contextlib.contextmanager
def rights(path, owner, mode):
    """Another owner and mode for a while."""
    before = path.stat()
    shutil.chown(path, owner, owner)
    path.chmod(mode)
    try:
        yield
    finally:
        os.chown(path, before.st_uid, before.st_gid)
        path.chmod(before.st_mode & 0o7777)


@contextlib.contextmanager
def changed(place, change, undo):
    place.sql(change)
    try:
        yield
    finally:
        place.sql(undo)


def nothing(path):
    """Leaves the place empty."""


def file(content):
    def make(path):
        path.write_bytes(content)
        shutil.chown(path, USER, USER)
    return make


def cut(path):
    """The first half of what was there."""
    whole = path.with_name(path.name + ".kept").read_bytes()
    file(whole[:len(whole) // 2])(path)


def damaged(path):
    """What was there, with nothing right but the first page."""
    whole = path.with_name(path.name + ".kept").read_bytes()
    file(whole[:4096] + b"\xff" * (len(whole) - 4096))(path)


def folder(path):
    path.mkdir()
    shutil.chown(path, USER, USER)


def configuration(text):
    return lambda place: replaced(place.conf, lambda path: path.write_text(text.format(database=place.database)))


SOUND = "[service]\ndomain = havedane.test\n[store]\npath = {database}\n"

# name: (how to bring it about, what the hook says of it)
DATABASE = {
    "missing": (lambda p: replaced(p.database, nothing), "havedane init"),
    "folder missing": (lambda p: replaced(p.data, nothing), "havedane init"),
    "a folder": (lambda p: replaced(p.database, folder), "unable to open"),
    "a link to nowhere": (lambda p: replaced(p.database, lambda path: path.symlink_to("nowhere")), "unable to open"),
    "not a database": (lambda p: replaced(p.database, file(b"x" * 20000)), "not a database"),
    "a short text": (lambda p: replaced(p.database, file(b"no database\n")), "not a database"),
    "empty": (lambda p: replaced(p.database, file(b"")), "is empty"),
    "cut": (lambda p: replaced(p.database, cut), "malformed"),
    "damaged": (lambda p: replaced(p.database, damaged), "malformed"),
    "read-only": (lambda p: rights(p.database, USER, 0o400), "may not write"),
    "root's, to be read only": (lambda p: rights(p.database, "root", 0o644), "may not write"),
    "root's": (lambda p: rights(p.database, "root", 0o600), "unable to open"),
    "folder read-only": (lambda p: rights(p.data, USER, 0o500), "readonly database"),
    "folder root's": (lambda p: rights(p.data, "root", 0o700), "unable to open"),
    "schema too new": (lambda p: changed(p, "PRAGMA user_version = 3", "PRAGMA user_version = 2"), "newer"),
    "schema too old": (lambda p: changed(p, "PRAGMA user_version = 1", "PRAGMA user_version = 2"), "restart the service"),
    "schema without a version": (lambda p: changed(p, "PRAGMA user_version = 0", "PRAGMA user_version = 2"), "no version"),
    "somebody else's": (lambda p: changed(p, "PRAGMA application_id = 1", "PRAGMA application_id = 0x4844414E"),
                        "not a database of HaveDANE"),
    "nobody's": (lambda p: changed(p, "PRAGMA application_id = 0", "PRAGMA application_id = 0x4844414E"),
                 "not a database of HaveDANE"),
    "table missing": (lambda p: changed(p, "ALTER TABLE deliveries RENAME TO away", "ALTER TABLE away RENAME TO deliveries"),
                      "no such table"),
}
CONFIGURATION = {
    "missing": (lambda p: replaced(p.conf, nothing), "cannot open"),
    "a folder": (lambda p: replaced(p.conf, folder), "not a regular file"),
    "unreadable": (lambda p: rights(p.conf, "root", 0o600), "Permission denied"),
    "in a folder that is closed": (lambda p: rights(p.dir, "root", 0o700), "Permission denied"),
    "empty": (configuration(""), 'must set "domain"'),
    "domain missing": (configuration("[store]\npath = {database}\n"), 'must set "domain"'),
    "domain empty": (configuration(SOUND.replace("havedane.test", "")), "domain"),
    "no INI file": (configuration("havedane.test\n"), "neither [section] nor key"),
    "unknown key": (configuration(SOUND + "pfad = x\n"), 'no key "pfad"'),
    "unknown section": (configuration(SOUND + "[x]\n"), "[x] is no section"),
    "out of range": (configuration(SOUND + "[test]\nretention = 59s\n"), "retention = 59s"),
    "two domains": (configuration(SOUND + "[service]\ndomain = example.org\n"), "set on line 2 already"),
    "another back end": (configuration(SOUND + "backend = postgresql\n"), "postgresql"),
    "binary": (configuration("\0" + SOUND), "NUL"),
}
FAULTS = {**{f"database {name}": fault for name, fault in DATABASE.items()},
          **{f"configuration {name}": fault for name, fault in CONFIGURATION.items()}}

# Somebody who holds the lock: against writers, against all, and with the file for himself.
LOCKS = {"immediate": "BEGIN IMMEDIATE", "exclusive": "BEGIN EXCLUSIVE", "whole": "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE"}


def lock(place, how):
    """A connection that holds a lock until it is closed."""
    database = place.connect()
    for statement in LOCKS[how].split(";"):
        database.execute(statement)
    return database
