# syntax=docker/dockerfile:1
# The plugin alone, for the registries docker and grpc:
#   docker build --build-arg VERSION=v0.1.0 --tag cq-source-pipedrive:v0.1.0 .
FROM --platform=$BUILDPLATFORM golang:1.26.5-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=development
ARG TARGETOS
ARG TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH make build VERSION=$VERSION

# Only certificates, time zones and an unprivileged user.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /src/bin/cq-source-pipedrive /cq-source-pipedrive
USER 65532:65532
EXPOSE 7777
ENTRYPOINT ["/cq-source-pipedrive"]
CMD ["serve", "--address", "[::]:7777"]
