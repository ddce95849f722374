-- What people set going and does not end at once. The same text runs on SQLite and on PostgreSQL: times are milliseconds
-- since the Unix epoch, booleans are 0 and 1, what has members is JSON in TEXT.
CREATE TABLE jobs (
    id          TEXT    NOT NULL PRIMARY KEY,
    account     TEXT    NOT NULL,
    webhook     TEXT,
    kind        TEXT    NOT NULL,
    request     TEXT    NOT NULL,
    asked_by    TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    progress    TEXT    NOT NULL,
    error       TEXT,
    owner       TEXT,
    leased_until BIGINT NOT NULL,
    created_at  BIGINT  NOT NULL,
    updated_at  BIGINT  NOT NULL
);

CREATE INDEX jobs_of_account ON jobs (account, created_at);

-- At most one of a kind at a time for a webhook.
CREATE UNIQUE INDEX jobs_open ON jobs (kind, webhook) WHERE state IN ('waiting', 'running');
