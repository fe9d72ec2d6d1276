# Build: everything, to compile. Run: production packages and dist/, as a user without rights or shell needs.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npx tsc -p tsconfig.build.json && npm prune --omit=dev --ignore-scripts

FROM node:24.21.0-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY bin ./bin
USER node
# Mount sidegate.yaml, policy.yaml and certificates here; paths in sidegate.yaml are relative to it.
WORKDIR /etc/sidegate
ENTRYPOINT ["node", "/app/bin/sidegate.js"]
CMD ["run", "--config", "/etc/sidegate/sidegate.yaml"]
