# The sample agent, only so that the deployments have something to stand in front of. Yours takes its place.
FROM node:24.21.0-bookworm-slim
WORKDIR /agent
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY examples/invoices-agent ./examples/invoices-agent
USER 10001:10001
# The umask makes the socket 0660; the folder around it says whose group that is.
CMD ["node", "--import", "data:text/javascript,process.umask(0o117)", "examples/invoices-agent/main.ts", "--listen", "unix:/run/agent/agent.sock"]
