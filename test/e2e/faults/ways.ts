import { renameSync, rmSync, symlinkSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import type { DependencyName } from '../../../src/app/index.ts';
import type { FailureCode } from '../../../src/call/index.ts';
import { POLICY, until, type WorldOptions } from '../../support/harness.ts';
import { STS, callOut, freePort, giveToken } from '../../support/outbound.ts';
import { answerJson, startServer, type Answering, type TestServer } from '../../support/peers.ts';
import { throwawayCa } from '../../support/pki.ts';
import { idOf } from '../../support/tokens.ts';
import { ISSUER_WAYS } from './issuer-ways.ts';
import { HOUR, MINUTE, type Scene } from './scene.ts';

/** One way in which one dependency can fail, and what the table says must come of it. */
export interface Way {
  readonly of: DependencyName;
  readonly how: string;
  readonly options?: WorldOptions;
  /** What must be so before the first call. */
  readonly prepare?: (scene: Scene) => Promise<void>;
  readonly fail: (scene: Scene) => void | Promise<void>;
  readonly mend: (scene: Scene) => void | Promise<void>;
  /** Of a new call; undefined if it goes on as before. */
  readonly code?: FailureCode;
  /** Of a call of the agent to its peer, which is then not touched; undefined for a way that has no peer. */
  readonly outbound?: FailureCode;
  /** Whether the call gets to the agent in spite of its code. */
  readonly reaches?: true;
  /** What /readyz is to say: a reason, that it is degraded, or nothing, because only the call can tell. */
  readonly ready: FailureCode | 'degraded' | 'unaware';
  /** What has moved then. */
  readonly metric: RegExp;
}

const failedReload = (what: string) =>
  new RegExp(`^sidegate_reloads_total\\{what="${what}",result="failed"\\} [1-9]`, 'm');
const notFresh = (name: string) =>
  new RegExp(`^sidegate_dependency_fresh\\{dependency="${name}"\\} 0$`, 'm');
const upstreamError = (code: string) =>
  new RegExp(`^sidegate_upstream_errors_total\\{code="${code}"\\} [1-9]`, 'm');

/** What is written, read anew, and does not load: the old stays in force. */
function unloadable(of: DependencyName, what: string, file: string, how: string, text: Text): Way {
  return {
    ...{ of, how, ready: 'degraded', metric: failedReload(what) },
    fail: ({ w, path, ...rest }) => {
      renameSync(path(file), path('kept'));
      const content = text({ w, path, ...rest });
      if (content !== undefined) w.write(file, content);
      w.sidecar.reload();
    },
    mend: ({ w, path }) => {
      renameSync(path('kept'), path(file));
      w.sidecar.reload();
    },
  };
}

/** Undefined for a file that is not there. */
type Text = (scene: Scene) => string | undefined;

const missing: Text = () => undefined;
const garbled: Text = () => '-----BEGIN CERTIFICATE-----\nnonsense\n';
const empty: Text = () => '';
const foreignCa = () => throwawayCa({ trustDomain: 'acme.test' });
const ended = { notBefore: Date.now() - 2 * HOUR, notAfter: Date.now() - HOUR };

const setClock = (ahead: number) => (scene: Scene) => void (scene.clock.ahead = ahead);
const rightClock = setClock(0);

const ROOTS = (how: string, text: Text) => unloadable('roots', 'trust', 'certs/ca.crt', how, text);
const CERTIFICATE = (how: string, text: Text) =>
  unloadable('certificate', 'identity', 'certs/server.crt', how, text);
const KEY = (how: string, text: Text) =>
  unloadable('certificate', 'identity', 'certs/server.key', how, text);
const CRL = (how: string, text: Text) => unloadable('crl', 'trust', 'certs/ca.crl', how, text);
const POLICY_FILE = (how: string, text: Text) =>
  unloadable('policy', 'policy', 'policy.yaml', how, text);

const FILES: readonly Way[] = [
  ...[ROOTS('missing', missing), ROOTS('garbled', garbled), ROOTS('empty', empty)],
  ROOTS('no CA', ({ w }) => w.as('billing').certPem),
  ROOTS('expired', () => throwawayCa({ trustDomain: 'acme.test', ...ended }).certPem),
  ...[CERTIFICATE('missing', missing), CERTIFICATE('garbled', garbled)],
  CERTIFICATE('no SVID', () => foreignCa().certPem),
  CERTIFICATE('expired', ({ w }) => w.issue(ended).certPem),
  ...[KEY('without its key', missing), KEY('its key garbled', garbled)],
  KEY('its key foreign', ({ w }) => w.issue({}).keyPem),
  ...[CRL('missing', missing), CRL('garbled', garbled), CRL('empty', empty)],
  CRL('foreign', () => foreignCa().crl().pem),
  ...[
    POLICY_FILE('missing', missing),
    POLICY_FILE('garbled', () => '{'),
    POLICY_FILE('empty', empty),
  ],
  POLICY_FILE('foreign', () => 'version: 2\n'),
  POLICY_FILE('for nobody', () => POLICY.replace('version: 1', 'version: 1\nnobody: knows')),
];

const RUN_OUT: readonly Way[] = [
  {
    ...{ of: 'roots', how: 'run out while in force', metric: notFresh('roots') },
    ...{ code: 'CERTIFICATE_EXPIRED', ready: 'CERTIFICATE_EXPIRED' },
    ...{ fail: setClock(25 * HOUR), mend: rightClock },
  },
  {
    ...{ of: 'certificate', how: 'runs out while in force', metric: notFresh('certificate') },
    // Callers see to this one, in the handshake.
    ready: 'CERTIFICATE_EXPIRED',
    fail: ({ renewOwn, clock }) => {
      renewOwn(Date.now() + 10 * MINUTE);
      clock.ahead = 20 * MINUTE;
    },
    mend: ({ renewOwn }) => renewOwn(Date.now() + 10 * HOUR),
  },
  {
    ...{ of: 'crl', how: 'runs out while in force', metric: notFresh('crl') },
    ...{ code: 'REVOCATION_UNKNOWN', ready: 'REVOCATION_UNKNOWN' },
    fail: ({ w, clock }) => {
      const nextUpdate = Date.now() + 10 * MINUTE;
      w.write('certs/ca.crl', w.ca.crl({ nextUpdate, number: 3 }).pem);
      w.sidecar.reload();
      clock.ahead = 20 * MINUTE;
    },
    mend: ({ w }) => {
      w.write('certs/ca.crl', w.ca.crl({ nextUpdate: Date.now() + HOUR, number: 4 }).pem);
      w.sidecar.reload();
    },
  },
  {
    ...{ of: 'clock', how: 'steps an hour forward', fail: setClock(HOUR), mend: rightClock },
    ...{ ready: 'unaware', metric: /^sidegate_clock_steps_total\{direction="forward"\} 1$/m },
  },
  {
    ...{ of: 'clock', how: 'steps an hour back', fail: setClock(-HOUR), mend: rightClock },
    ...{ code: 'CERTIFICATE_EXPIRED', ready: 'CERTIFICATE_EXPIRED' },
    metric: /^sidegate_clock_steps_total\{direction="back"\} 1$/m,
  },
];

/** The disk fills up under the open file: its name leads to a device that is always full. */
const fillDisk = ({ w, path }: Scene): void => {
  renameSync(path('audit.jsonl'), path('kept'));
  symlinkSync('/dev/full', path('audit.jsonl'));
  w.sidecar.reload();
};
const freeDisk = ({ w, path }: Scene): void => {
  rmSync(path('audit.jsonl'));
  w.sidecar.reload();
};

const OTHERS: readonly Way[] = [
  {
    ...{ of: 'audit', how: 'on a full disk', metric: notFresh('audit'), ready: 'AUDIT_FULL' },
    ...{ code: 'AUDIT_FULL', mend: freeDisk },
    // That it is full is known when a line cannot be written.
    fail: async (scene) => {
      fillDisk(scene);
      await scene.w.call({ as: scene.caller, path: '/whoami' });
    },
  },
  {
    ...{ of: 'audit', how: 'on a full disk, with onFull: drop', metric: notFresh('audit') },
    ...{ options: { flags: { 'audit.on-full': 'drop' } }, ready: 'degraded', mend: freeDisk },
    fail: async (scene) => {
      fillDisk(scene);
      await scene.w.call({ as: scene.caller, path: '/whoami' });
    },
  },
  {
    ...{ of: 'upstream', how: 'unreachable', metric: notFresh('upstream'), ready: 'degraded' },
    code: 'UPSTREAM_UNREACHABLE',
    fail: async ({ w, agent, caller }) => {
      await agent.stop();
      await w.call({ as: caller, path: '/whoami' });
    },
    mend: async ({ w, agent, caller }) => {
      await agent.start();
      await w.call({ as: caller, path: '/whoami' });
    },
  },
  ...(['garbled', 'breaks off'] as const).map((how): Way => ({
    ...{ of: 'upstream', how, code: 'UPSTREAM_PROTOCOL', reaches: true, ready: 'unaware' },
    metric: upstreamError('UPSTREAM_PROTOCOL'),
    fail: ({ agent }) => void (agent.behave = how),
    mend: ({ agent }) => void (agent.behave = 'well'),
  })),
  {
    ...{ of: 'upstream', how: 'slow', code: 'UPSTREAM_TIMEOUT', reaches: true, ready: 'unaware' },
    options: { flags: { 'inbound.answer-timeout': '300ms' } },
    metric: upstreamError('UPSTREAM_TIMEOUT'),
    fail: ({ agent }) => void (agent.behave = 'slow'),
    mend: ({ agent }) => void (agent.behave = 'well'),
  },
];

/** Where the peer and the token service are, once they are. */
const [stsPort, ledgerPort] = [await freePort(), await freePort()];
const PEERS = `peers:
  ledger: { at: 'https://127.0.0.1:${ledgerPort}', authority: own, scopes: [invoices:read] }
`;
const askForToken = ({ w }: Scene) => callOut(w, { peer: 'ledger' });

async function startAt(
  scene: Scene,
  port: number,
  id: string,
  how: Answering,
): Promise<TestServer> {
  const shown = scene.w.issue({ id, notAfter: Date.now() + HOUR });
  return startServer(shown, scene.w.ca.certPem, how, port);
}

/** The service that is there does what it does; undefined for one that is not there. */
function tokenService(how: string, wrong: Answering | undefined): Way {
  let sts: TestServer | undefined;
  return {
    ...{ of: 'tokenService', how, ready: 'degraded', metric: notFresh('tokenService') },
    outbound: 'TOKEN_SERVICE_UNAVAILABLE',
    options: {
      policy: POLICY + PEERS,
      flags: {
        'outbound.listen': 'unix:out.sock',
        'token-service.url': `https://127.0.0.1:${stsPort}/token`,
        'token-service.id': STS,
      },
    },
    prepare: async (scene) => {
      const ok: Answering = (_seen, response) => answerJson(response, 200, {});
      scene.peer = await startAt(scene, ledgerPort, idOf('ledger'), ok);
      sts = wrong && (await startAt(scene, stsPort, STS, wrong));
    },
    fail: async (scene) => {
      await askForToken(scene);
    },
    mend: async (scene) => {
      sts ??= await startAt(scene, stsPort, STS, giveToken);
      sts.answer(giveToken);
      await askForToken(scene);
    },
  };
}

const TOKEN_SERVICES: readonly Way[] = [
  tokenService('not there', undefined),
  tokenService('broken', (_, response) => void response.writeHead(500).end()),
  tokenService('garbled', (_, response) => answerJson(response, 200, { access_token: 7 })),
  tokenService('breaks off', (_, response) => void response.destroy()),
];

/** Calls that stay open, on connections that a mend ends. */
function takeAll(most: number): Way {
  const open: TLSSocket[] = [];
  return {
    ...{ of: 'state', how: 'every place and every handle is taken', code: 'TOO_MANY_CALLS' },
    ...{ ready: 'degraded', metric: notFresh('state') },
    options: { flags: { 'outbound.listen': 'unix:out.sock', 'limits.calls': String(most) } },
    fail: async ({ w, agent, caller }) => {
      agent.behave = 'slow';
      const before = agent.reached;
      for (let i = 0; i < most; i += 1) {
        const socket = await w.raw(caller);
        socket.write('GET /whoami HTTP/1.1\r\nhost: x\r\n\r\n');
        open.push(socket);
      }
      await until(() => agent.reached === before + most || undefined);
      agent.behave = 'well';
    },
    mend: () => {
      for (const socket of open.splice(0)) socket.destroy();
    },
  };
}

export const WAYS: readonly Way[] = [
  ...FILES,
  ...RUN_OUT,
  ...OTHERS,
  ...ISSUER_WAYS,
  ...TOKEN_SERVICES,
  takeAll(4),
];
