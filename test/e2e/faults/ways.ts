import { renameSync, rmSync, symlinkSync } from 'node:fs';
import type { DependencyName } from '../../../src/app/index.ts';
import type { FailureCode } from '../../../src/call/index.ts';
import { POLICY, type WorldOptions } from '../../support/harness.ts';
import { throwawayCa } from '../../support/pki.ts';
import { HOUR, MINUTE, type Scene } from './scene.ts';

/** One way in which one dependency can fail, and what the table says must come of it. */
export interface Way {
  readonly of: DependencyName;
  readonly how: string;
  readonly options?: WorldOptions;
  readonly fail: (scene: Scene) => void | Promise<void>;
  readonly mend: (scene: Scene) => void | Promise<void>;
  /** Of a new call; undefined if it goes on as before. */
  readonly code?: FailureCode;
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

export const WAYS: readonly Way[] = [...FILES, ...RUN_OUT, ...OTHERS];
