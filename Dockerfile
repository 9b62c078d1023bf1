# syntax=docker/dockerfile:1

# Builds the program. The checked statements are in the tree: no database is needed.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin threadpay && \
    install -D target/release/threadpay /out/threadpay

# The C library and certificates, no shell, no package manager; user 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/threadpay /usr/local/bin/threadpay
ENV THREADPAY_LISTEN=0.0.0.0:8080
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["threadpay", "ready"]
ENTRYPOINT ["threadpay"]
CMD ["serve"]
