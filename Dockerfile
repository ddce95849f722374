# One image with every binary: the service that a container runs is its command.
#
#   docker build -t postbode .
#   docker run --rm postbode postbode --version
#   docker build --target sbom --output sbom .     # what each program is made of: sbom/postbode-delivery.cdx.json

ARG RUST=1.95
ARG DEBIAN=bookworm

FROM rust:${RUST}-slim-${DEBIAN} AS tools
# For librdkafka, which is built from source, with OpenSSL for TLS and passwords, and for what its compression and rustls's
# cryptography compile.
# Of the newest Debian has for this release: a pinned version is gone from its archive a security update later.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends cmake g++ libssl-dev make perl pkg-config zlib1g-dev \
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

FROM tools AS bill
RUN cargo install cargo-cyclonedx --locked --version 0.5.9
COPY . .
RUN cargo cyclonedx --format json --spec-version 1.5 --describe binaries --no-build-deps \
 && mkdir /out \
 && for program in postbode postbode-ingest postbode-fanout postbode-delivery postbode-retry postbode-console; do \
      find cli services -name "${program}_bin.cdx.json" -exec cp {} "/out/$program.cdx.json" \; \
   && test -s "/out/$program.cdx.json" || exit 1; \
    done

# What each program is made of, as CycloneDX. Debian's packages are the image's own to tell: /var/lib/dpkg.
FROM scratch AS sbom
COPY --from=bill /out/ /

FROM debian:${DEBIAN}-slim
# hadolint ignore=DL3008
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
# Last, since they change with every build: docker build --build-arg REVISION="$(git rev-parse HEAD)" …
ARG VERSION=0.1.0
ARG REVISION=
ARG DEBIAN
LABEL org.opencontainers.image.title="Postbode" \
      org.opencontainers.image.description="Turns a mail platform's events into signed webhooks" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="The Postbode authors" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/debian:${DEBIAN}-slim"
CMD ["postbode", "--help"]
