-- A status or an outcome that is rare among everybody's is looked for in the index alone.
DROP INDEX deliveries_open;
CREATE INDEX deliveries_open ON deliveries (first_at, id, status, outcome) WHERE state <> 'delivered';
