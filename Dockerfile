# syntax=docker/dockerfile:1
# Both bases are pinned by digest, and the digests belong to whoever builds:
#   docker build --build-arg BUILD_IMAGE=node:26-bookworm-slim@sha256:… \
#                --build-arg RUNTIME_IMAGE=gcr.io/distroless/cc-debian12@sha256:… .
ARG BUILD_IMAGE
ARG RUNTIME_IMAGE

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY LICENSE tsconfig.json ./
COPY tools tools
COPY app app
RUN node tools/bundle.ts /app
# Compiled once with the very binary and path that the image runs, so that a cold start need not.
RUN NODE_COMPILE_CACHE=/app/.cache /usr/local/bin/node /app/main.mjs --version

FROM ${RUNTIME_IMAGE}
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.cache
WORKDIR /app
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["node", "/app/main.mjs"]
CMD ["--config", "/etc/claude/gateway.yaml"]
