// The least that a proxy with mutual TLS can be, in Node: what the bench compares Sidegate with. Judges nothing.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:https';

const [cert = '', key = '', ca = '', socketPath = ''] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1000 });
const read = (file: string) => readFileSync(file);

const server = createServer(
  { cert: read(cert), key: read(key), ca: read(ca), requestCert: true, rejectUnauthorized: true },
  (incoming, response) => {
    const { method, url, headers } = incoming;
    const onward = request({ socketPath, agent, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  },
);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  process.stdout.write(`https://127.0.0.1:${port ?? 0}\n`);
});
