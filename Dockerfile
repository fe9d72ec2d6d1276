# Build: everything, to compile; then production packages only, and what V8 would compile at every start.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY bin ./bin
RUN node_modules/.bin/tsc -p tsconfig.build.json \
 && npm prune --omit=dev --ignore-scripts \
 && rm -rf src tsconfig.json tsconfig.build.json package-lock.json .npmrc \
 && mkdir -p /var/cache/sidegate /var/lib/sidegate /run/sidegate /run/agent \
 && chown 65532:65532 /var/cache/sidegate /var/lib/sidegate /run/sidegate \
 && chmod 0770 /var/lib/sidegate /run/sidegate
# The cache is kept by user and path: those of the second stage.
USER 65532:65532
ENV NODE_COMPILE_CACHE=/var/cache/sidegate
RUN node bin/sidegate.js run --help >/dev/null && node bin/sidegate.js healthy --help >/dev/null
USER 0:0
RUN chown -R 0:0 /var/cache/sidegate && chmod -R a=rX /var/cache/sidegate

# Run: glibc and libstdc++, Node, the program. No shell, no package manager, nothing to write to.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /var/cache/sidegate /var/cache/sidegate
COPY --from=build --chown=65532:65532 /var/lib/sidegate /var/lib/sidegate
COPY --from=build --chown=65532:65532 /run/sidegate /run/sidegate
COPY --from=build /app /app
ENV NODE_ENV=production NODE_COMPILE_CACHE=/var/cache/sidegate
USER 65532:65532
# Mount sidegate.yaml, policy.yaml and certificates here; paths in sidegate.yaml are relative to it.
WORKDIR /etc/sidegate
# Node 24's permission model: no child processes, workers, addons or WASI; no file but these. The cache is on a read-only
# root: it has to be named as writable for Node to use it at all. Of /proc, what the process_* metrics are read from.
# Node 26 needs --allow-net as well.
ENTRYPOINT ["/usr/local/bin/node", "--permission", "--allow-fs-read=/app", "--allow-fs-read=/etc/sidegate", "--allow-fs-read=/run", "--allow-fs-read=/var/lib/sidegate", "--allow-fs-read=/proc/self/fd", "--allow-fs-read=/proc/self/limits", "--allow-fs-read=/proc/self/status", "--allow-fs-write=/run/sidegate", "--allow-fs-write=/var/lib/sidegate", "--allow-fs-read=/var/cache/sidegate", "--allow-fs-write=/var/cache/sidegate", "/app/bin/sidegate.js"]
CMD ["run", "--config", "/etc/sidegate/sidegate.yaml"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 CMD ["/usr/local/bin/node", "--permission", "--allow-fs-read=/app", "--allow-fs-read=/etc/sidegate", "--allow-fs-read=/var/cache/sidegate", "--allow-fs-write=/var/cache/sidegate", "/app/bin/sidegate.js", "healthy", "--config", "/etc/sidegate/sidegate.yaml"]
