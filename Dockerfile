# syntax=docker/dockerfile:1
# The images of Interstate. None has a shell, a package manager or a root user.
#   docker build --target service --build-arg SERVICE=booking --tag interstate-booking .
#   docker build --target platform --tag interstate .          all services in one process, and the operator's tools
#   docker build --target sandbox --tag interstate-sandbox .   a payment provider to test against
ARG RUST=1.95.0
ARG DEBIAN=bookworm

FROM rust:${RUST}-slim-${DEBIAN} AS toolchain
# librdkafka and SQLite are built from C; librdkafka encrypts by OpenSSL, which the images below bring with them.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends g++ libssl-dev make pkg-config zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
ENV CARGO_INCREMENTAL=0 CARGO_PROFILE_RELEASE_DEBUG=false CARGO_PROFILE_RELEASE_STRIP=true

# The manifests with empty sources. The next stage copies them by what is in them, so that it is built again when a
# dependency changes, and not when a line of code does. That is what cargo-chef does, without a tool to keep.
FROM toolchain AS manifests
COPY . .
RUN find . -type f ! -name Cargo.toml ! -name Cargo.lock ! -name rust-toolchain.toml -delete \
 && find . -name Cargo.toml -exec grep -l '^\[package\]' {} + | while read -r manifest; do \
      folder=$(dirname "$manifest"); mkdir -p "$folder/src"; \
      : > "$folder/src/lib.rs"; echo 'fn main() {}' > "$folder/src/main.rs"; \
    done \
 && find . -type d -empty -delete

FROM toolchain AS dependencies
COPY --from=manifests /src .
RUN cargo build --release --locked --package interstate --package interstate-sandbox --features interstate/kafka-tls

# All programs at once: they share nearly everything, and each image takes its own.
FROM dependencies AS programs
COPY . .
# The empty sources were compiled later than these were written, and cargo compares times.
RUN find platform sandbox schemas services shared -name '*.rs' -exec touch {} + \
 && cargo build --release --locked --package interstate --package interstate-sandbox --features interstate/kafka-tls \
      --bins \
 && mkdir -p /out /empty/data /empty/keys \
 && find target/release -maxdepth 1 -type f -executable -name 'interstate*' -exec cp {} /out/ \; \
 # librdkafka is linked with zlib, which the images below do not have
 && mkdir -p /libraries && cp -L /usr/lib/*-linux-gnu/libz.so.1 /libraries/

FROM gcr.io/distroless/cc-debian12:nonroot AS base
COPY --from=programs /libraries/ /usr/local/lib/
COPY --from=programs /src/LICENSE /src/NOTICE /licenses/
# Volumes begin with these folders' owner. Everything else may be mounted read-only.
COPY --from=programs --chown=nonroot:nonroot /empty/data /data
COPY --from=programs --chown=nonroot:nonroot /empty/keys /keys
ENV LD_LIBRARY_PATH=/usr/local/lib BIND=0.0.0.0 DATA_DIR=/data KEYS_DIR=/keys LOG_FORMAT=json
USER nonroot
VOLUME ["/data", "/keys"]
STOPSIGNAL SIGTERM
LABEL org.opencontainers.image.source="https://github.com/interstate-cabs/interstate" \
      org.opencontainers.image.licenses="Apache-2.0"

FROM base AS sandbox
COPY --from=programs /out/interstate-sandbox /interstate
ENV INTERSTATE_SANDBOX_HOST=0.0.0.0 INTERSTATE_SANDBOX_DATA=/data
EXPOSE 8090
ENTRYPOINT ["/interstate"]

FROM base AS platform
COPY --from=programs /out/interstate /interstate
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["/interstate", "health"]
ENTRYPOINT ["/interstate"]
CMD ["up", "--plain"]

FROM base AS service
ARG SERVICE
COPY --from=programs /out/interstate-${SERVICE} /interstate
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["/interstate", "health"]
ENTRYPOINT ["/interstate"]
