-- What happened, read from the topics `attempts` and `dead-letters.*`. All of it can be made anew from them.

-- Up to where each partition is in here, and how old the newest record is that was read of it: advanced in the transaction
-- that writes what was read, so that nothing counts twice.
CREATE TABLE positions (
    topic  TEXT   NOT NULL,
    part   BIGINT NOT NULL,
    next   BIGINT NOT NULL,
    newest BIGINT NOT NULL,
    PRIMARY KEY (topic, part)
);

-- One row per attempt: the record as it was read, under the name that the receiver saw: a delivery's, or a batch's.
CREATE TABLE attempts (
    delivery   TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    number     BIGINT NOT NULL,
    record     TEXT   NOT NULL,
    PRIMARY KEY (delivery, started_at, number)
);
CREATE INDEX attempts_by_time ON attempts (started_at);

-- In which batches a delivery was sent.
CREATE TABLE batches (
    delivery TEXT   NOT NULL,
    batch    TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (delivery, batch)
);
CREATE INDEX batches_by_time ON batches (at);

-- One row per delivery, by its newest word: `standing` orders words, and a success stands above all else.
CREATE TABLE deliveries (
    id        TEXT   NOT NULL PRIMARY KEY,
    account   TEXT   NOT NULL,
    webhook   TEXT   NOT NULL,
    event     TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    message   TEXT,
    recipient TEXT,
    origin    TEXT,
    replays   BIGINT NOT NULL,
    test      BIGINT NOT NULL,
    first_at  BIGINT NOT NULL,
    last_at   BIGINT NOT NULL,
    standing  BIGINT NOT NULL,
    state     TEXT   NOT NULL,
    attempts  BIGINT NOT NULL,
    status    BIGINT,
    outcome   TEXT,
    next_due  BIGINT
);
CREATE INDEX deliveries_by_time ON deliveries (first_at, id);
CREATE INDEX deliveries_by_last ON deliveries (last_at);
CREATE INDEX deliveries_of_account ON deliveries (account, first_at, id);
CREATE INDEX deliveries_of_type ON deliveries (account, kind, first_at, id);
CREATE INDEX deliveries_of_webhook ON deliveries (webhook, first_at, id);
CREATE INDEX deliveries_of_event ON deliveries (event, first_at, id);
CREATE INDEX deliveries_of_message ON deliveries (message, first_at, id) WHERE message IS NOT NULL;
CREATE INDEX deliveries_of_recipient ON deliveries (recipient, first_at, id) WHERE recipient IS NOT NULL;
-- What people look for most is rare among what went well.
CREATE INDEX deliveries_open ON deliveries (first_at, id) WHERE state <> 'delivered';
CREATE INDEX deliveries_open_of_account ON deliveries (account, first_at, id) WHERE state <> 'delivered';
CREATE INDEX deliveries_open_of_webhook ON deliveries (webhook, first_at, id) WHERE state <> 'delivered';

-- Attempts per webhook, hour and latency: bucket n holds what took from 2^(n/4) to 2^((n+1)/4) milliseconds.
CREATE TABLE hours (
    webhook   TEXT   NOT NULL,
    hour      BIGINT NOT NULL,
    bucket    BIGINT NOT NULL,
    successes BIGINT NOT NULL,
    failures  BIGINT NOT NULL,
    PRIMARY KEY (webhook, hour, bucket)
);
CREATE INDEX hours_by_time ON hours (hour);

-- One row per dead letter, under its place: <topic>-<partition>-<offset>. An event that nobody understood may have no
-- account, and has no webhook and no delivery.
CREATE TABLE dead_letters (
    place       TEXT   NOT NULL PRIMARY KEY,
    died_at     BIGINT NOT NULL,
    is_event    BIGINT NOT NULL,
    account     TEXT,
    webhook     TEXT,
    delivery    TEXT,
    event       TEXT,
    kind        TEXT,
    origin      TEXT,
    reason      TEXT   NOT NULL,
    explanation TEXT   NOT NULL,
    attempts    BIGINT NOT NULL,
    status      BIGINT,
    error       TEXT
);
CREATE INDEX dead_letters_by_time ON dead_letters (died_at, place);
CREATE INDEX dead_letters_of_account ON dead_letters (account, died_at, place);
CREATE INDEX dead_letters_of_webhook ON dead_letters (webhook, died_at, place);

-- What became of a dead letter. It may be read before the letter is, and is about the one that died then.
CREATE TABLE dispositions (
    place       TEXT   NOT NULL PRIMARY KEY,
    disposition TEXT   NOT NULL,
    decided_by  TEXT   NOT NULL,
    decided_at  BIGINT NOT NULL,
    note        TEXT,
    died        BIGINT
);
CREATE INDEX dispositions_by_time ON dispositions (decided_at);
