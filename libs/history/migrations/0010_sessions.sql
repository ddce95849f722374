-- Who is signed in on the pages. Cookies and links are stored as hashes: who reads the database cannot be anybody.
CREATE TABLE sessions (
    id_hash    TEXT   NOT NULL PRIMARY KEY,
    subject    TEXT   NOT NULL,
    csrf       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Links that sign somebody in once.
CREATE TABLE portal_links (
    token_hash TEXT   NOT NULL PRIMARY KEY,
    subject    TEXT   NOT NULL,
    expires_at BIGINT NOT NULL
);
