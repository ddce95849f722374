-- Who did what in the console, read from the topic `audit`: the record as it was read, and what people search it by.
CREATE TABLE audit (
    id      TEXT   NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    action  TEXT   NOT NULL,
    account TEXT,
    object  TEXT,
    done_by TEXT,
    record  TEXT   NOT NULL
);
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_of_account ON audit (account, at, id);
CREATE INDEX audit_of_object ON audit (object, at, id);
CREATE INDEX audit_of_action ON audit (action, at, id);
