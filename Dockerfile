# One image with every binary: the service that a container runs is its command.
#
#   docker build -t postbode .
#   docker run --rm postbode postbode-delivery --check-config

ARG RUST=1.95
ARG DEBIAN=bookworm

FROM rust:${RUST}-slim-${DEBIAN} AS tools
# For librdkafka, which is built from source, with OpenSSL for TLS and passwords, and for what its compression and rustls's
# cryptography compile.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends g++ libssl-dev make perl pkg-config zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*
RUN cargo install cargo-chef --locked --version 0.1.78
WORKDIR /build

# The recipe is the workspace without its sources: as long as no manifest changes, the dependencies' layer stays.
FROM tools AS recipe
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM tools AS binaries
# Named one by one, so that what only the tests need is neither built nor able to switch on features.
ENV PACKAGES="-p postbode-cli -p postbode-ingest -p postbode-fanout -p postbode-delivery -p postbode-retry -p postbode-console"
COPY --from=recipe /build/recipe.json .
RUN cargo chef cook --release --locked --bins $PACKAGES --recipe-path recipe.json
COPY . .
RUN cargo build --release --locked --bins $PACKAGES \
 && mkdir /out \
 && cp target/release/postbode \
       target/release/postbode-ingest \
       target/release/postbode-fanout \
       target/release/postbode-delivery \
       target/release/postbode-retry \
       target/release/postbode-console \
       /out/

FROM debian:${DEBIAN}-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates libssl3 zlib1g \
 && rm -rf /var/lib/apt/lists/*
COPY --from=binaries /out/ /usr/local/bin/
# Where the console keeps its history unless it is told otherwise: a volume takes its owner from here.
RUN install --directory --owner=65532 --group=65532 /var/lib/postbode
WORKDIR /var/lib/postbode
# A number, since Kubernetes' runAsNonRoot does not look names up.
USER 65532:65532
# 8080: a service's API; 9090: health and metrics.
EXPOSE 8080 9090
CMD ["postbode", "--help"]
