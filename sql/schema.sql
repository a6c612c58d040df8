-- HaveDANE's database, version 2.
--
-- Embedded in the programs at build time. "havedane init" applies it to a new
-- file, in one transaction. Times are milliseconds since the epoch, UTC.
--
-- application_id is "HDAN"; user_version is the version of this schema: raise
-- it with every change, together with a file beside this one that brings the
-- version before to it, and its row in lib/sqlite_schema.c.

PRAGMA application_id = 0x4844414E;
PRAGMA user_version = 2;

-- One visitor's run.
CREATE TABLE tests (
    -- the random name, the local part of all its addresses
    alias TEXT NOT NULL PRIMARY KEY
        CHECK (length(alias) = 16 AND alias NOT GLOB '*[^a-z2-7]*'),
    created INTEGER NOT NULL,
    -- when the first message arrived, at whichever probe; NULL until then
    firstreceived INTEGER
) STRICT, WITHOUT ROWID;

-- The purge looks for the oldest.
CREATE INDEX tests_created ON tests (created);

-- A message for an alias reached a probe. The first one counts; a repeat
-- changes nothing, except that one in the clear replaces evidence of TLS (the
-- columns from transport on, not the time).
CREATE TABLE deliveries (
    alias TEXT NOT NULL REFERENCES tests (alias) ON DELETE CASCADE,
    -- its name, as in lib/probe.c
    probe TEXT NOT NULL CHECK (length(probe) BETWEEN 1 AND 16),
    -- when the hook took it on, before any wait for the store
    received INTEGER NOT NULL,
    -- how it came; unknown: no Received line of our Postfix's form
    transport TEXT NOT NULL CHECK (transport IN ('tls', 'clear', 'unknown')),
    -- such as TLSv1.3 and TLS_AES_256_GCM_SHA384; NULL where the line does not tell
    tls_protocol TEXT,
    tls_cipher TEXT,
    -- the client that handed it over: IP address, and what it said in EHLO
    client_address TEXT,
    client_helo TEXT,
    PRIMARY KEY (alias, probe),
    CHECK (transport = 'tls' OR (tls_protocol IS NULL AND tls_cipher IS NULL))
) STRICT, WITHOUT ROWID;

-- A client got as far as RCPT for an alias at a probe that expects
-- non-delivery: our Postfix was asked whether the alias is live. A sender that
-- verifies DANE turns away before that, so while no delivery follows, nothing
-- may be concluded from its absence. The first time counts.
CREATE TABLE offers (
    alias TEXT NOT NULL REFERENCES tests (alias) ON DELETE CASCADE,
    probe TEXT NOT NULL CHECK (length(probe) BETWEEN 1 AND 16),
    offered INTEGER NOT NULL,
    PRIMARY KEY (alias, probe)
) STRICT, WITHOUT ROWID;

-- When the service was last started, in one row; 0: never. While it was away
-- Postfix told senders to try again later, so waiting begins anew with it.
CREATE TABLE service (started INTEGER NOT NULL) STRICT;
INSERT INTO service VALUES (0);

-- The number of rows in tests, in one row: counting them costs a scan.
CREATE TABLE live (tests INTEGER NOT NULL) STRICT;
INSERT INTO live VALUES (0);
CREATE TRIGGER tests_insert AFTER INSERT ON tests BEGIN
    UPDATE live SET tests = tests + 1;
END;
CREATE TRIGGER tests_delete AFTER DELETE ON tests BEGIN
    UPDATE live SET tests = tests - 1;
END;

-- The table of the original recipe, for scripts written for it.
CREATE VIEW results (alias, firstreceived, "do", dont, wrong) AS
    SELECT alias, firstreceived,
        EXISTS (SELECT 1 FROM deliveries d WHERE d.alias = t.alias AND d.probe = 'do'),
        EXISTS (SELECT 1 FROM deliveries d WHERE d.alias = t.alias AND d.probe = 'dont'),
        EXISTS (SELECT 1 FROM deliveries d WHERE d.alias = t.alias AND d.probe = 'wrong')
    FROM tests t;
