//! Signs and POSTs deliveries, retries, defers and dead-letters them.
