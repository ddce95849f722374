-- All that counting dead letters takes, so that everybody's are counted without reading them.
CREATE INDEX dead_letters_counted ON dead_letters (webhook, reason, is_event, died_at, place);
