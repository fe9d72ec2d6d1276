import { constants, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SpiffeId } from '../../src/spiffe/index.ts';
import {
  generateSigningKey,
  publicJwks,
  type FetchKeys,
  type KeysRequest,
} from '../../src/token/index.ts';
import { keysOver } from '../support/issuer.ts';
import { throwawayCa } from '../support/pki.ts';
import {
  codeOf,
  detailOf,
  headerOf,
  jws,
  p256,
  part,
  payloadOf,
  privateKeyOf,
  rig,
  type Rig,
} from './rig.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Only against hanging. */
const PATIENT = { timeout: 60_000 };

/** Whether a new token, as its issuer signs it now, is good. */
async function fresh(world: Rig): Promise<string> {
  return codeOf(await world.ask(await world.token({ exp: 4e9 })));
}

/** A key set with this many keys. */
function manyOf(count: number): string {
  const keys = Array.from({ length: count }, (_, n) => ({
    ...p256().publicKey.export({ format: 'jwk' }),
    kid: `k${n}`,
  }));
  return JSON.stringify({ keys });
}

function json(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
}

describe('keys behind a URL', () => {
  it('are fetched once, however many tokens come at the same time', async () => {
    const world = await rig();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => world.token()));
    const answers = await Promise.all(tokens.map((token) => world.ask(token)));
    expect(answers.map(codeOf)).toEqual(Array(20).fill('good'));
    expect(world.issuer.asked).toBe(1);
  });

  it('are fetched anew for a key that nobody knows, and then it counts', async () => {
    const world = await rig();
    expect(await fresh(world)).toBe('good');
    const [old, next] = [world.issuer.key, await world.issuer.rotate()];
    world.issuer.publish(old, next);
    world.pass(30 * SECOND);
    expect(await fresh(world)).toBe('good');
    expect(world.issuer.asked).toBe(2);
  });

  it('are not fetched again for one invented key name after the other', async () => {
    const world = await rig();
    expect(await fresh(world)).toBe('good');
    const { key } = world.issuer;
    const invented = Array.from({ length: 300 }, (_, n) =>
      jws(headerOf(key, { kid: `k${n}` }), payloadOf(), privateKeyOf(key)),
    );
    for (const token of invented) expect(codeOf(await world.ask(token))).toBe('TOKEN_UNTRUSTED');
    expect(world.issuer.asked).toBe(1);
    world.pass(30 * SECOND);
    const answers = await Promise.all(invented.map((token) => world.ask(token)));
    expect(new Set(answers.map(codeOf))).toEqual(new Set(['TOKEN_UNTRUSTED']));
    expect(world.issuer.asked).toBe(2);
    expect(world.verifier.size).toBe(1);
  });

  it('are not fetched for an issuer that nobody lists, or an algorithm that is not taken', async () => {
    const world = await rig();
    const { key } = world.issuer;
    await world.ask(await world.token({ iss: 'https://evil.test' }));
    await world.ask(jws(headerOf(key, { alg: 'RS256' }), payloadOf(), privateKeyOf(key)));
    expect(world.issuer.asked).toBe(0);
  });

  it('are looked at anew after ten minutes of use, while the old ones serve on', async () => {
    const world = await rig();
    expect(await fresh(world)).toBe('good');
    const held: ServerResponse[] = [];
    world.issuer.misbehave((_, response) => held.push(response));
    world.pass(10 * MINUTE - 1);
    expect(await fresh(world)).toBe('good');
    expect(world.issuer.asked).toBe(1);
    world.pass(1);
    expect(await fresh(world)).toBe('good');
    await expect.poll(() => held.length, PATIENT).toBe(1);
    expect(await fresh(world)).toBe('good');
    json(held[0]!, '{"keys":[]}');
    await expect.poll(() => fresh(world), PATIENT).toBe('TOKEN_UNTRUSTED');
    expect(world.issuer.asked).toBe(2);
  });

  it('that were withdrawn count no more, not even for a token that is remembered', async () => {
    const world = await rig();
    const token = await world.token();
    expect(codeOf(await world.ask(token))).toBe('good');
    world.issuer.publish(await world.issuer.rotate());
    await world.verifier.refresh(world.entries);
    expect(world.verifier.size).toBe(0);
    expect(codeOf(await world.ask(token))).toBe('TOKEN_UNTRUSTED');
  });

  it('that were all withdrawn leave nobody who is believed', async () => {
    const world = await rig();
    expect(await fresh(world)).toBe('good');
    world.issuer.publish();
    await world.verifier.refresh(world.entries);
    expect(await fresh(world)).toBe('TOKEN_UNTRUSTED');
  });

  it('that are fetched anew and are the same leave what is remembered as it was', async () => {
    const world = await rig();
    expect(await fresh(world)).toBe('good');
    await world.verifier.refresh(world.entries);
    expect([world.issuer.asked, world.verifier.size]).toEqual([2, 1]);
  });

  it('that cannot be had are believed for one hour from when they last could', async () => {
    const world = await rig();
    expect(await fresh(world)).toBe('good');
    await world.issuer.close();
    for (const minutes of [10, 20, 29]) {
      world.pass(minutes * MINUTE);
      expect(await fresh(world)).toBe('good');
    }
    world.pass(MINUTE);
    expect(await fresh(world)).toBe('ISSUER_UNAVAILABLE');
    expect(world.verifier.health(world.entries)).toEqual([
      expect.objectContaining({
        name: 'sts',
        usable: false,
        fault: expect.stringMatching('ECONNREFUSED') as string,
      }),
    ]);
  });

  it('that cannot be had stop counting for a token that is remembered as well', async () => {
    const world = await rig();
    const token = await world.token({ exp: 4e9 });
    expect(codeOf(await world.ask(token))).toBe('good');
    world.issuer.misbehave((_, response) => void response.writeHead(500).end());
    world.pass(HOUR);
    expect(codeOf(await world.ask(token))).toBe('ISSUER_UNAVAILABLE');
    world.issuer.publish(world.issuer.key);
    world.pass(5 * SECOND);
    expect(codeOf(await world.ask(token))).toBe('good');
  });

  it('are told of once when they cannot be had, and once when they can again', async () => {
    const world = await rig();
    world.issuer.misbehave((_, response) => void response.writeHead(503).end());
    for (let n = 0; n < 5; n++) {
      expect(await fresh(world)).toBe('ISSUER_UNAVAILABLE');
      world.pass(5 * SECOND);
    }
    expect(world.issuer.asked).toBe(5);
    world.issuer.publish(world.issuer.key);
    expect(await fresh(world)).toBe('good');
    const { keysUrl } = world.issuer;
    expect(world.log).toEqual([
      `the keys at ${keysUrl} cannot be had: the server answered with status 503`,
      `the keys at ${keysUrl} are at hand again`,
    ]);
  });

  it('are not asked for again at once by everybody whom a failure refused', async () => {
    const world = await rig();
    world.issuer.misbehave((_, response) => void response.writeHead(503).end());
    for (let n = 0; n < 50; n++) expect(await fresh(world)).toBe('ISSUER_UNAVAILABLE');
    expect(world.issuer.asked).toBe(1);
  });

  it('outlive a policy that names the same place, and go with one that does not', async () => {
    const world = await rig();
    expect(await fresh(world)).toBe('good');
    const reloaded = [world.issuer.entry({ name: 'renamed' })];
    expect(codeOf(await world.ask(await world.token(), { issuers: reloaded }))).toBe('good');
    expect(world.issuer.asked).toBe(1);
    await world.ask(await world.token(), { issuers: [] });
    const again = [world.issuer.entry()];
    expect(codeOf(await world.ask(await world.token(), { issuers: again }))).toBe('good');
    expect(world.issuer.asked).toBe(2);
  });

  it('of one issuer sign nothing for another', async () => {
    const [world, other] = [await rig(), await rig()];
    const entries = [...world.entries, other.issuer.entry({ issuer: 'https://other.test' })];
    const token = await world.token({ iss: 'https://other.test' });
    const ask = keysOver(world.issuer.ca);
    const both: FetchKeys = (request) =>
      request.url === other.issuer.keysUrl ? other.issuer.fetchKeys(request) : ask(request);
    const verifying = await rig({ fetchKeys: both });
    expect(codeOf(await verifying.ask(token, { issuers: entries }))).toBe('TOKEN_UNTRUSTED');
    expect(codeOf(await verifying.ask(await world.token(), { issuers: entries }))).toBe('good');
  });

  it('are asked for with whom to expect and how much to read', async () => {
    const asked: KeysRequest[] = [];
    const world = await rig({
      fetchKeys: (request) => {
        asked.push(request);
        return Promise.reject(new Error('not now'));
      },
    });
    const url = 'https://sts.acme.test:8444/jwks';
    const spiffeId = SpiffeId.parse('spiffe://acme.test/sts');
    const places = [undefined, spiffeId].map((id) => ({ kind: 'url', url, spiffeId: id }) as const);
    for (const keys of places)
      await world.ask(await world.token(), { issuers: [world.issuer.entry({ keys })] });
    expect(asked.map((request) => [request.url, request.spiffeId, request.maxBytes])).toEqual([
      [url, undefined, 262_144],
      [url, spiffeId, 262_144],
    ]);
  });

  it('are nobody’s business where the issuer is not believed', async () => {
    const world = await rig({ entry: { development: true } });
    expect(world.verifier.health(world.entries)).toEqual([]);
    await world.verifier.refresh(world.entries);
    expect(await fresh(world)).toBe('TOKEN_UNTRUSTED');
    expect(world.issuer.asked).toBe(0);
  });

  it('are begun to be fetched by whoever asks how they are', async () => {
    const world = await rig();
    const health = () => world.verifier.health(world.entries)[0];
    expect(health()).toEqual({
      name: 'sts',
      usable: false,
      fetchedAt: undefined,
      fault: undefined,
    });
    await expect
      .poll(health, PATIENT)
      .toEqual({ name: 'sts', usable: true, fetchedAt: world.now(), fault: undefined });
    expect(world.issuer.asked).toBe(1);
  });
});

describe('a server of keys that is hostile', () => {
  const endless = (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const chunk = Buffer.alloc(64 * 1024, ' ');
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more).on('error', () => undefined);
    more();
  };

  it.each<[string, (response: ServerResponse, body: string) => void, RegExp]>([
    ['answers without end', endless, /too large/],
    [
      'answers with more than 256 KiB',
      (response, body) => json(response, body + ' '.repeat(256 * 1024)),
      /too large/,
    ],
    ['never answers', () => undefined, /did not answer within/],
    [
      'answers a byte at a time',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const timer = setInterval(() => response.write(' '), 10);
        response.on('close', () => clearInterval(timer));
      },
      /did not answer within/,
    ],
    [
      'redirects',
      (response, body) =>
        void response
          .writeHead(302, { location: '/elsewhere', 'content-type': 'application/json' })
          .end(body),
      /status 302/,
    ],
    [
      'finds nothing',
      (response, body) =>
        void response.writeHead(404, { 'content-type': 'application/json' }).end(body),
      /status 404/,
    ],
    [
      'says that it is HTML',
      (response, body) => void response.writeHead(200, { 'content-type': 'text/html' }).end(body),
      /something else than JSON/,
    ],
    [
      'says nothing of what it is',
      (response, body) => void response.writeHead(200).end(body),
      /something else than JSON/,
    ],
    [
      'breaks off',
      (response) =>
        void response
          .writeHead(200, { 'content-type': 'application/json', 'content-length': 100 })
          .write('{', () => response.destroy()),
      /aborted|hang up|ECONNRESET/,
    ],
    ['speaks no HTTP', (response) => void response.socket?.end('SSH-2.0\r\n\r\n'), /./],
    ['sends no JSON', (response) => json(response, '<keys>'), /no JSON object/],
    ['sends a list', (response) => json(response, '[]'), /no JSON object/],
    ['sends an object without keys', (response) => json(response, '{}'), /no list of keys/],
    ['sends keys that are no list', (response) => json(response, '{"keys":{}}'), /no list of keys/],
    [
      'sends keys twice',
      (response, body) => json(response, `{"keys":[],${body.slice(1)}`),
      /a member twice/,
    ],
    [
      'sends a key with x twice',
      (response, body) => json(response, body.replace('"x":', '"x":"A","x":')),
      /a member twice/,
    ],
    ['sends 65 keys', (response) => json(response, manyOf(65)), /more than 64/],
    [
      'sends what is nested without end',
      (response) => json(response, `{"keys":${'['.repeat(9000)}${']'.repeat(9000)}}`),
      /too deep/,
    ],
    [
      'sends what is not UTF-8',
      (response) =>
        void response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(Buffer.from([0x7b, 0xff])),
      /UTF-8/,
    ],
  ])('%s: nobody is believed, and nothing breaks', async (_, misbehave, reason) => {
    const isSlow = reason.source.startsWith('did not answer');
    const world = await rig({ fetchWithin: isSlow ? 300 : 30_000 });
    const body = JSON.stringify(publicJwks([world.issuer.key]));
    world.issuer.misbehave((__, response) => misbehave(response, body));
    const answer = await world.ask(await world.token());
    expect(codeOf(answer)).toBe('ISSUER_UNAVAILABLE');
    expect(detailOf(answer)).toMatch(reason);
    world.issuer.publish(world.issuer.key);
    const later = () => {
      world.pass(5 * SECOND);
      return fresh(world);
    };
    await expect.poll(later, PATIENT).toBe('good');
  });

  it.each<[string, string]>([
    ['without its certificate in order', 'b.test'],
    ['that is not there', ''],
  ])('%s is not believed', async (_, domain) => {
    const world = await rig({
      fetchKeys: keysOver(throwawayCa({ trustDomain: domain || 'a.test' })),
    });
    if (domain === '') await world.issuer.close();
    expect(await fresh(world)).toBe('ISSUER_UNAVAILABLE');
  });

  it('is not asked without https', async () => {
    const asked: string[] = [];
    const fetchKeys: FetchKeys = async ({ url }) =>
      Promise.reject(new Error(String(asked.push(url))));
    const world = await rig({ fetchKeys });
    const keys = { kind: 'url', url: 'http://127.0.0.1/jwks', spiffeId: undefined } as const;
    const answer = await world.ask(await world.token(), {
      issuers: [world.issuer.entry({ keys })],
    });
    expect([codeOf(answer), asked]).toEqual(['ISSUER_UNAVAILABLE', []]);
  });

  it.each<[string, FetchKeys]>([
    ['never comes back', () => new Promise(() => undefined)],
    [
      'throws',
      () => {
        throw new TypeError('broken');
      },
    ],
    [
      'gives more than it was told to',
      () =>
        Promise.resolve({
          status: 200,
          contentType: 'application/json',
          bytes: Buffer.from(`{"keys":[]}${' '.repeat(256 * 1024)}`),
        }),
    ],
  ])('and a fetcher that %s do no harm', async (_, fetchKeys) => {
    const world = await rig({ fetchKeys, fetchWithin: 50 });
    expect(await fresh(world)).toBe('ISSUER_UNAVAILABLE');
  });

  it('is let go of when the verifier is closed', async () => {
    const world = await rig();
    world.issuer.misbehave(() => undefined);
    const answer = fresh(world);
    await expect.poll(() => world.issuer.asked, PATIENT).toBe(1);
    world.verifier.close();
    expect(await answer).toBe('ISSUER_UNAVAILABLE');
    world.pass(HOUR);
    expect(await fresh(world)).toBe('ISSUER_UNAVAILABLE');
    expect(world.issuer.asked).toBe(1);
  });
});

describe('among the keys of an issuer', () => {
  const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
  const published = async (world: Rig, ...keys: readonly unknown[]) => {
    const body = JSON.stringify({ keys });
    world.issuer.misbehave((_, response) => json(response, body));
    await world.verifier.refresh(world.entries);
  };
  /** An odd number with exactly so many bits. */
  const modulus = (bits: number) => {
    const bytes = randomBytes(bits / 8);
    bytes[0]! |= 0x80;
    bytes[bytes.length - 1]! |= 1;
    return bytes.toString('base64url');
  };
  const jwk = (key: KeyObject, more: object = {}) => ({
    ...key.export({ format: 'jwk' }),
    kid: 'k',
    ...more,
  });

  it.each<
    [string, string, (own: { publicKey: KeyObject; privateKey: KeyObject }) => readonly unknown[]]
  >([
    ['good', 'with nothing but its numbers and a name', ({ publicKey }) => [jwk(publicKey)]],
    [
      'good',
      'with use, alg and key_ops that agree',
      ({ publicKey }) => [jwk(publicKey, { use: 'sig', alg: 'ES256', key_ops: ['verify'] })],
    ],
    [
      'good',
      'beside others that are of no use',
      ({ publicKey }) => [
        null,
        7,
        'x',
        {},
        { kty: 'oct', k: 'AAAA', kid: 'k' },
        { kty: 'AKP', kid: 'k' },
        { kty: 'EC', crv: 'P-256', x: 'A', y: 'A', kid: 'k' },
        jwk(publicKey),
      ],
    ],
    [
      'good',
      'beside one for encryption with its name',
      ({ publicKey }) => [jwk(p256().publicKey, { use: 'enc' }), jwk(publicKey)],
    ],
    [
      'TOKEN_UNTRUSTED',
      'that is for encryption',
      ({ publicKey }) => [jwk(publicKey, { use: 'enc' })],
    ],
    [
      'TOKEN_UNTRUSTED',
      'that is for another algorithm',
      ({ publicKey }) => [jwk(publicKey, { alg: 'ES384' })],
    ],
    [
      'TOKEN_UNTRUSTED',
      'with an alg that is a list',
      ({ publicKey }) => [jwk(publicKey, { alg: ['ES256'] })],
    ],
    [
      'TOKEN_UNTRUSTED',
      'that is for signing',
      ({ publicKey }) => [jwk(publicKey, { key_ops: ['sign'] })],
    ],
    [
      'TOKEN_UNTRUSTED',
      'whose key_ops are text',
      ({ publicKey }) => [jwk(publicKey, { key_ops: 'verify' })],
    ],
    ['TOKEN_UNTRUSTED', 'that is no secret any more', ({ privateKey }) => [jwk(privateKey)]],
    [
      'TOKEN_UNTRUSTED',
      'without the name that the token says',
      ({ publicKey }) => [jwk(publicKey, { kid: undefined })],
    ],
    ['TOKEN_UNTRUSTED', 'whose name is a number', ({ publicKey }) => [jwk(publicKey, { kid: 7 })]],
    ['TOKEN_UNTRUSTED', 'twice', ({ publicKey }) => [jwk(publicKey), jwk(publicKey)]],
    [
      'TOKEN_UNTRUSTED',
      'beside another with its name',
      ({ publicKey }) => [jwk(publicKey), jwk(p256().publicKey)],
    ],
    [
      'TOKEN_UNTRUSTED',
      'of a curve that it does not lie on',
      ({ publicKey }) => [jwk(publicKey, { x: jwk(p256().publicKey).x })],
    ],
  ])('%s: one %s', async (code, _, keysOf) => {
    const world = await rig();
    const pair = p256();
    await published(world, ...keysOf(pair));
    const header = headerOf(world.issuer.key, { kid: 'k' });
    expect(codeOf(await world.ask(jws(header, payloadOf(), pair.privateKey)))).toBe(code);
  });

  it.each<[string, string, (own: KeyObject) => object]>([
    ['an RSA key of 2048 bits is taken', 'good', (own) => jwk(own)],
    ['one of 1024 bits is not', 'no key fits RS256', () => jwk(rsa(1024).publicKey)],
    ['one of 8200 bits is not', 'no key fits RS256', (own) => jwk(own, { n: modulus(8200) })],
    ['one whose exponent is 1 is not', 'no key fits RS256', (own) => jwk(own, { e: 'AQ' })],
  ])('%s', async (_, said, keyOf) => {
    const world = await rig({ entry: { algorithms: ['ES256', 'RS256'] } });
    const { publicKey, privateKey } = rsa(2048);
    await published(world, keyOf(publicKey));
    const header = headerOf(world.issuer.key, { kid: 'k', alg: 'RS256' });
    const answer = await world.ask(jws(header, payloadOf(), privateKey));
    expect(detailOf(answer)).toMatch(said);
  });

  it('one that says for which algorithm it is, is taken for no other of its type', async () => {
    const world = await rig({ entry: { algorithms: ['RS256', 'PS256'] } });
    const { publicKey, privateKey } = rsa(2048);
    const input = [headerOf(world.issuer.key, { kid: 'k', alg: 'PS256' }), payloadOf()].map(part);
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const signature = sign('sha256', Buffer.from(input.join('.')), {
      key: privateKey,
      padding,
      saltLength: 32,
    });
    const token = [...input, part(signature)].join('.');
    await published(world, jwk(publicKey));
    expect(detailOf(await world.ask(token))).toBe('good');
    await published(world, jwk(publicKey, { alg: 'RS256' }));
    expect(detailOf(await world.ask(token))).toMatch('no key fits PS256');
  });

  it('one of each algorithm is taken, where the entry lists it', async () => {
    const pairs = {
      ES384: generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
      ES512: generateKeyPairSync('ec', { namedCurve: 'secp521r1' }),
      Ed25519: generateKeyPairSync('ed25519'),
      EdDSA: generateKeyPairSync('ed25519'),
    };
    const digests = { ES384: 'sha384', ES512: 'sha512', Ed25519: null, EdDSA: null };
    const world = await rig({ entry: { algorithms: Object.keys(pairs) } });
    const all = Object.entries(pairs) as [keyof typeof pairs, (typeof pairs)['ES384']][];
    await published(world, ...all.map(([alg, { publicKey }]) => jwk(publicKey, { kid: alg })));
    for (const [alg, { privateKey }] of all) {
      const header = headerOf(world.issuer.key, { kid: alg, alg });
      const token = jws(header, payloadOf(), privateKey, digests[alg]);
      expect([alg, detailOf(await world.ask(token))]).toEqual([alg, 'good']);
    }
  });

  it('a token without a name of a key has the only one that fits, or none', async () => {
    const world = await rig();
    const { key } = world.issuer;
    const token = jws(headerOf(key, { kid: undefined }), payloadOf(), privateKeyOf(key));
    expect(codeOf(await world.ask(token))).toBe('good');
    world.issuer.publish(key, await generateSigningKey());
    await world.verifier.refresh(world.entries);
    const answer = await world.ask(token);
    expect([codeOf(answer), detailOf(answer)]).toEqual([
      'TOKEN_UNTRUSTED',
      'more than one key fits ES256, without a kid',
    ]);
  });
});

describe('keys in a file', () => {
  async function inFile() {
    const folder = mkdtempSync(join(tmpdir(), 'sidegate-keys-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'jwks.json');
    const world = await rig({ entry: { keys: { kind: 'file', path } } });
    const write = (text: string) => writeFileSync(path, text);
    write(JSON.stringify(publicJwks([world.issuer.key])));
    return { world, write, path };
  }

  it('are read, and nobody is asked', async () => {
    const { world } = await inFile();
    expect(await fresh(world)).toBe('good');
    expect(world.issuer.asked).toBe(0);
  });

  it('are read anew within two seconds of use, also for a token that is remembered', async () => {
    const { world, write } = await inFile();
    const old = await world.token();
    expect(codeOf(await world.ask(old))).toBe('good');
    write(JSON.stringify(publicJwks([await world.issuer.rotate()])));
    expect(codeOf(await world.ask(old))).toBe('good');
    world.pass(2 * SECOND);
    expect(codeOf(await world.ask(old))).toBe('TOKEN_UNTRUSTED');
    expect(await fresh(world)).toBe('good');
  });

  it.each<[string, string]>([
    ['are broken', '{"keys":['],
    ['are more than 256 KiB', `{"keys":[]}${' '.repeat(256 * 1024)}`],
  ])('that %s leave the old ones in force for an hour, and none at the start', async (_, text) => {
    const { world, write } = await inFile();
    expect(await fresh(world)).toBe('good');
    write(text);
    world.pass(HOUR - 1);
    expect(await fresh(world)).toBe('good');
    expect(world.log).toEqual([expect.stringMatching(/^the keys at .*jwks.json cannot be had: /)]);
    world.pass(2 * SECOND);
    expect(await fresh(world)).toBe('ISSUER_UNAVAILABLE');
  });

  it('that are not there are told of with the reason', async () => {
    const { world, path } = await inFile();
    rmSync(path);
    const answer = await world.ask(await world.token());
    expect(codeOf(answer)).toBe('ISSUER_UNAVAILABLE');
    expect(detailOf(answer)).toMatch(/there is no such file/);
  });
});
