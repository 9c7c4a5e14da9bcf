# Both bases are pinned by digest, and the digests belong to whoever builds:
#   docker build --build-arg BUILD_IMAGE=node:26-bookworm-slim@sha256:… \
#                --build-arg RUNTIME_IMAGE=gcr.io/distroless/cc-debian12@sha256:… .
ARG BUILD_IMAGE
ARG RUNTIME_IMAGE

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# Without install scripts: the bundler needs none, and Node.js is the image's own.
RUN npm ci --ignore-scripts
COPY LICENSE tsconfig.json ./
COPY tools tools
COPY app app
# Node.js may be linked against libatomic, which the runtime base need not have.
RUN /usr/local/bin/node tools/bundle.ts /app \
    && mkdir /libraries \
    && ldd /usr/local/bin/node | awk '/libatomic/ { print $3 }' | xargs -r -I{} cp -L {} /libraries/ \
    && install -d -o 65532 -g 65532 /app/.cache
# Compiled once by the very binary, path and user of the runtime, which are part of the cache's key.
USER 65532:65532
RUN NODE_COMPILE_CACHE=/app/.cache /usr/local/bin/node /app/main.mjs --version \
    && chmod -R a+rX /app/.cache

FROM ${RUNTIME_IMAGE}
COPY --from=build /libraries/ /usr/lib/
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build --chown=0:0 /app /app
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.cache
WORKDIR /app
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["node", "/app/main.mjs"]
CMD ["--config", "/etc/claude/gateway.yaml"]
