//! Configuration, telemetry, lifecycle, health and metrics endpoints.
