-- Attempts per account and hour: how much each account does is asked for all of them at once.
CREATE TABLE volumes (
    account   TEXT   NOT NULL,
    hour      BIGINT NOT NULL,
    successes BIGINT NOT NULL,
    failures  BIGINT NOT NULL,
    PRIMARY KEY (account, hour)
);
CREATE INDEX volumes_by_time ON volumes (hour);

-- Whose a webhook is stands in its deliveries. An hour's attempts of a webhook that has none any more stay uncounted.
INSERT INTO volumes (account, hour, successes, failures)
SELECT owned.account, hours.hour, CAST(SUM(hours.successes) AS BIGINT), CAST(SUM(hours.failures) AS BIGINT)
FROM hours JOIN (SELECT webhook, MIN(account) AS account FROM deliveries GROUP BY webhook) AS owned
    ON owned.webhook = hours.webhook
GROUP BY owned.account, hours.hour;
