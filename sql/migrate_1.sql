-- From version 1 to 2: offers, and the service's start. What each is for: schema.sql.

CREATE TABLE offers (
    alias TEXT NOT NULL REFERENCES tests (alias) ON DELETE CASCADE,
    probe TEXT NOT NULL CHECK (length(probe) BETWEEN 1 AND 16),
    offered INTEGER NOT NULL,
    PRIMARY KEY (alias, probe)
) STRICT, WITHOUT ROWID;

CREATE TABLE service (started INTEGER NOT NULL) STRICT;
INSERT INTO service VALUES (0);

PRAGMA user_version = 2;
