# syntax=docker/dockerfile:1

# The one binary, and nothing else but the certificates that it trusts: no shell, no package manager, no root.
#
#   docker build --build-arg VERSION="$(git describe --tags --always)" -t boxoffice .

FROM --platform=$BUILDPLATFORM node:22-alpine AS client
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY api/openapi.yaml ../api/
COPY web ./
RUN npm run -s build

FROM --platform=$BUILDPLATFORM golang:1.26-alpine AS build
ARG TARGETOS TARGETARCH VERSION=dev
WORKDIR /src
COPY . .
COPY --from=client /src/web/dist web/dist
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/boxoffice ./cmd/boxoffice
# A volume that is mounted there takes the folder's owner over.
RUN mkdir /out/state

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /out/state /var/lib/boxoffice
COPY --from=build /out/boxoffice /boxoffice
USER 65532:65532
ENTRYPOINT ["/boxoffice"]
