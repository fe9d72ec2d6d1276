import { X509Certificate, hash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { signAccessToken } from '../../../token/index.ts';
import { idOf } from '../callers.ts';
import type { Answered } from './agents.ts';
import { DEV_ISSUER, SMALL, type Hop } from './names.ts';
import type { Witness, World } from './world.ts';

/** How a call ended for whoever made it: the code of Sidegate, or the error of OAuth. */
export interface Ending {
  readonly status: number;
  readonly code: string;
}

type Who = 'portal' | 'mallory';

const problemShape = z.looseObject({ code: z.string().optional(), error: z.string().optional() });
const PATIENCE = 20_000;
const LIFE = 300;

/** Alice's token: carried by portal, bound to portal's certificate, for one sidecar, and good for little. */
export function aliceToken(world: World, audience: Hop): Promise<string> {
  const { raw } = new X509Certificate(world.credentialOf('portal').cert);
  const iat = Math.floor(world.now() / 1000);
  return signAccessToken(
    {
      ...{ iss: DEV_ISSUER, sub: 'alice', aud: idOf(audience), client_id: idOf('portal') },
      ...{ iat, exp: iat + LIFE, jti: randomBytes(16).toString('base64url'), scope: SMALL },
      cnf: { 'x5t#S256': thumbprint(raw) },
    },
    world.devKey,
  );
}

/** A call of planner's, with a token. */
export function callPlanner(world: World, as: Who, path: string, token: string): Promise<Ending> {
  const headers = { authorization: `Bearer ${token}` };
  return send(world, { to: 'planner', as, path, headers, body: '' });
}

/** An attempt to turn somebody's token into one of one's own. */
export function exchange(world: World, as: Who, token: string): Promise<Ending> {
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    client_id: idOf(as),
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: idOf('planner'),
    scope: SMALL,
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return send(world, { to: 'sts', as, path: '/token', headers, body: form.toString() });
}

interface Sending {
  readonly to: Witness;
  readonly as: Who;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function send(world: World, { to, as, path, headers, body }: Sending): Promise<Ending> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({
      ...{ host: '127.0.0.1', port: world.portOf(to), method: 'POST', path, agent: false },
      ...{ ca: world.ca, ...world.credentialOf(as), signal: AbortSignal.timeout(PATIENCE) },
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    })
      .once('response', resolve)
      .once('error', reject)
      .end(body);
  });
  return endingOf({ status: response.statusCode ?? 0, body: await text(response) });
}

/** How it ended for whoever was answered so. */
export function endingOf({ status, body }: Answered): Ending {
  const { code, error } = problemShape.parse(body === '' ? {} : JSON.parse(body));
  return { status, code: code ?? error ?? 'OK' };
}

function thumbprint(der: Buffer): string {
  return hash('sha256', der, 'base64url');
}
