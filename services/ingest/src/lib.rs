//! Takes events over HTTP and writes them to Kafka.
