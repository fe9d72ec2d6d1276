import { rmSync } from 'node:fs';
import { generateSigningKey, publicJwks, signAccessToken } from '../../../src/token/index.ts';
import { claimsOf } from '../../support/issuer.ts';
import { AUDIENCE, ISSUER, confirmation, idOf, tokenPolicy } from '../../support/tokens.ts';
import { STS, freePort } from '../../support/outbound.ts';
import { answerJson, startServer, type Answering, type TestServer } from '../../support/peers.ts';
import { HOUR, type Scene } from './scene.ts';
import type { Way } from './ways.ts';

const KEYS = 'sts-jwks.json';
const OTHER = 'other-jwks.json';
const POLICY = tokenPolicy(
  '  GET /whoami: { scopes: [invoices:read], token: required, onBehalfOf: required }',
);
const STALE = /^sidegate_dependency_fresh\{dependency="issuerKeys"\} 0$/m;
const REFUSED = /^sidegate_requests_total\{[^}]*code="ISSUER_UNAVAILABLE"[^}]*\} [1-9]/m;

const key = generateSigningKey();
const keys = async () => JSON.stringify(publicJwks([await key]));

/** The keys are there, and the caller has a token. */
async function prepare(scene: Scene): Promise<void> {
  scene.w.write(KEYS, await keys());
  const bound = { client_id: idOf('billing'), cnf: confirmation(scene.caller) };
  const token = await signAccessToken(claimsOf(ISSUER, AUDIENCE, bound), await key);
  scene.headers = { authorization: `Bearer ${token}` };
  scene.w.write('policy.yaml', POLICY);
  scene.w.sidecar.reload();
}

const port = await freePort();
const BY_URL = POLICY.replace(
  `{ file: ${KEYS} }`,
  `{ url: 'https://127.0.0.1:${port}/jwks', id: ${STS} }`,
);

/** Keys on a server, which is not there, or does what it does, until it is mended. */
function server(how: string, wrong: Answering | undefined): Way {
  let issuer: TestServer | undefined;
  const start = async ({ w }: Scene, answering: Answering) => {
    const shown = w.issue({ id: STS, notAfter: Date.now() + HOUR });
    issuer = await startServer(shown, w.ca.certPem, answering, port);
  };
  return {
    ...{ of: 'issuerKeys', how, code: 'ISSUER_UNAVAILABLE', ready: 'degraded', metric: REFUSED },
    prepare,
    fail: async (scene) => {
      if (wrong !== undefined) await start(scene, wrong);
      scene.w.write('policy.yaml', BY_URL);
      scene.w.sidecar.reload();
    },
    mend: async (scene) => {
      const published: unknown = JSON.parse(await keys());
      const right: Answering = (_, response) => answerJson(response, 200, published);
      if (issuer === undefined) await start(scene, right);
      else issuer.answer(right);
    },
  };
}

export const ISSUER_WAYS: readonly Way[] = [
  {
    ...{ of: 'issuerKeys', how: 'the file is gone', prepare },
    fail: ({ path }) => rmSync(path(KEYS)),
    mend: async ({ w }) => w.write(KEYS, await keys()),
    ready: 'degraded',
    metric: STALE,
  },
  {
    ...{ of: 'issuerKeys', how: 'the file is garbled', prepare },
    fail: ({ w }) => w.write(KEYS, '{ "keys": [ {'),
    mend: async ({ w }) => w.write(KEYS, await keys()),
    ready: 'degraded',
    metric: STALE,
  },
  {
    ...{ of: 'issuerKeys', how: 'there never were any', prepare },
    fail: ({ w }) => {
      w.write('policy.yaml', POLICY.replace(KEYS, OTHER));
      w.sidecar.reload();
    },
    mend: async ({ w }) => w.write(OTHER, await keys()),
    code: 'ISSUER_UNAVAILABLE',
    ready: 'degraded',
    metric: REFUSED,
  },
  server('its server is not there', undefined),
  server('its server is broken', (_, response) => void response.writeHead(500).end()),
];
