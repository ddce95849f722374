//! The end-to-end harness: real Kafka, built binaries, scripted receivers.
