//! What crosses a topic or the API: records, headers, topic names, formats.
