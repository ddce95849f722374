-- Requests that came with an Idempotency-Key, and how they were answered: none yet where there is no status. The answer's body is
-- sealed, for it may show a secret.
CREATE TABLE idempotency (
    name         TEXT   NOT NULL PRIMARY KEY,
    fingerprint  TEXT   NOT NULL,
    owner        TEXT   NOT NULL,
    leased_until BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    status       BIGINT,
    headers      TEXT,
    sealed_by    TEXT,
    body         TEXT
);
CREATE INDEX idempotency_by_end ON idempotency (expires_at);
