-- What each webhook's account was told last: of several consoles one tells it, and not too often.
CREATE TABLE notices (
    webhook TEXT   NOT NULL PRIMARY KEY,
    told    TEXT   NOT NULL,
    told_at BIGINT NOT NULL
);
