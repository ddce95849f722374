-- What this database is: a name that it gets once. A database that was lost and made anew is another one.
CREATE TABLE database_identity (
    id TEXT NOT NULL PRIMARY KEY
);
