import {
  Call,
  NO_TOKENS,
  OutboundCall,
  addressed,
  consent,
  denied,
  failed,
  forwarded,
  identified,
  newCallId,
  permit,
  proved,
  received,
  receivedOutbound,
  Refusal,
  routed,
  shadow,
  verifiedPeer,
  type AgentEntry,
  type CanonicalRequest,
  type Denial,
  type End,
  type Event,
  type FailureCode,
  type PeerEntry,
  type PinnedPolicy,
  type RouteEntry,
} from '../../src/call/index.ts';
import type { SourcePosition } from '../../src/lib/index.ts';
import { SpiffeId } from '../../src/spiffe/index.ts';

/** How the call went; everything has a value that makes an allowed, finished `GET /invoices/INV-1001` by `billing`. */
export interface CallStory {
  readonly id?: string;
  readonly time?: number;
  readonly method?: string;
  readonly target?: string;
  /** False for a call whose head was never understood. */
  readonly understood?: boolean;
  /** Undefined for a caller that is no agent. */
  readonly agent?: AgentEntry | undefined;
  readonly route?: RouteEntry | undefined;
  readonly denial?: Denial;
  readonly shadowed?: boolean;
  readonly refusal?: Refusal;
  /** When it was handed on, in milliseconds after it began; undefined for a call that never was. */
  readonly forwardedAfter?: number | undefined;
  readonly callerRequestId?: string;
}

export interface EndingStory {
  readonly status?: number;
  readonly durationMs?: number;
  readonly end?: Partial<End>;
}

const TIME = Date.UTC(2026, 6, 1, 12);

export function position(
  line: number,
  text = '',
  file = '/etc/sidegate/policy.yaml',
): SourcePosition {
  return { file, line, column: 3, text };
}

export function anAgent(name: string, line = 5): AgentEntry {
  const spiffeId = SpiffeId.parse(`spiffe://acme.test/agent/${name}`);
  return { name, spiffeId, disabled: false, at: position(line, `  ${name}: [invoices:read]`) };
}

export function aRoute(name: string, line = 21): RouteEntry {
  return {
    name,
    scopes: ['invoices:read'],
    limits: { rate: undefined, concurrency: undefined, body: undefined },
    upgrade: 'none',
    authorization: 'strip',
    tokenRule: NO_TOKENS,
    mode: 'enforce',
    at: position(line, `  ${name}: [invoices:read]`),
  };
}

export function aDenial(code: FailureCode, rest: Partial<Denial> = {}): Denial {
  const base = { rule: aRoute('POST /invoices'), nearest: false, missing: '', missingScopes: [] };
  return { allowed: false, code, ...base, ...rest };
}

/** A call as the corridor leaves it, without sockets, certificates or a policy. */
export function aCall(story: CallStory = {}): Readonly<Call> {
  const { method = 'GET', target = '/invoices/INV-1001?secret=1', time = TIME } = story;
  const agent = 'agent' in story ? story.agent : anAgent('billing');
  const route = 'route' in story ? story.route : aRoute('GET /invoices/{id}');
  const call = new Call({
    id: story.id ?? newCallId(),
    time,
    tick: 1000,
    peer: aPeer(agent?.name ?? 'stranger'),
    policy: POLICY,
    method,
    target,
  });
  walk(call, story, agent, route);
  if (story.refusal !== undefined) failed(call, story.refusal);
  const forwardedAfter = 'forwardedAfter' in story ? story.forwardedAfter : defaultForward(story);
  if (forwardedAfter !== undefined) forwarded(call, 1000 + forwardedAfter);
  return call;
}

/** A call of our agent to a peer, as the corridor leaves it. */
export function anOutboundCall(story: { readonly id?: string; readonly refusal?: Refusal } = {}) {
  const call = new OutboundCall({
    id: story.id ?? newCallId(),
    time: TIME,
    tick: 1000,
    self: {
      agent: undefined,
      spiffeId: 'spiffe://acme.test/agent/invoices',
      serial: '0d0e0f',
      sha256: 'cd'.repeat(32),
    },
    policy: POLICY,
    method: 'GET',
    target: '/entries/7?secret=1',
    address: 'unix',
  });
  const received = receivedOutbound(call, aRequest(call.target, undefined), undefined);
  const peer = addressed(received, aPeerEntry('ledger'));
  if (story.refusal === undefined) forwarded(consent(peer), 1000.25);
  else failed(peer, story.refusal);
  return call;
}

function aPeerEntry(name: string): PeerEntry {
  return {
    name,
    ...{ host: 'ledger.acme.test', port: 8443, audience: '', scopes: [] },
    spiffeId: SpiffeId.parse(`spiffe://acme.test/agent/${name}`),
    ...{ authority: 'none', evenOnBehalf: false },
    at: position(31, `  ${name}: { at: https://ledger.acme.test:8443 }`),
  };
}

/** The event with which the hall reports it. */
export function ended(call: Readonly<Call>, story: EndingStory = {}): Event {
  const { status = 200, durationMs = 3.1234567 } = story;
  const end: End = { bytesIn: 10, bytesOut: 200, how: 'complete', ...story.end };
  return { kind: 'call', call, status, durationMs, end };
}

function walk(
  call: Call,
  story: CallStory,
  agent: AgentEntry | undefined,
  route: RouteEntry | undefined,
): void {
  const { denial } = story;
  if (story.understood === false) return;
  const heard = received(call, aRequest(call.target, story.callerRequestId));
  if (agent === undefined) return;
  const known = identified(heard, agent);
  if (route !== undefined) routed(known, route);
  if (denial !== undefined && story.shadowed === true) shadow(known, denial);
  else if (denial !== undefined) denied(known, denial);
  else if (route !== undefined && !refusedByUs(story.refusal))
    permit(proved(routed(known, route), undefined), {
      allowed: true,
      rule: route,
      scopes: ['invoices:read'],
    });
}

function defaultForward({ denial, shadowed, refusal, understood, ...rest }: CallStory) {
  const stranger = 'agent' in rest && rest.agent === undefined;
  const stopped = refusedByUs(refusal) || understood === false || stranger;
  return stopped || (denial !== undefined && shadowed !== true) ? undefined : 0.25;
}

/** What fails behind us was permitted and handed on first. */
function refusedByUs(refusal: Refusal | undefined): boolean {
  return refusal !== undefined && refusal.failure.stage !== 'upstream';
}

function aPeer(name: string) {
  return verifiedPeer({
    spiffeId: SpiffeId.parse(`spiffe://acme.test/agent/${name}`),
    serial: '0a1b2c',
    sha256: 'ab'.repeat(32),
    notBefore: TIME - 1000,
    notAfter: TIME + 3_600_000,
    trustGeneration: 1,
    address: '127.0.0.1:50123',
  });
}

function aRequest(target: string, callerRequestId: string | undefined): CanonicalRequest {
  const path = target.split('?')[0] ?? '';
  return {
    path,
    meaning: path,
    query: target.slice(path.length),
    headers: [['x-api-key', 'HEADER-SECRET']],
    host: 'invoices.test',
    via: undefined,
    body: { kind: 'none' },
    upgrade: undefined,
    callerRequestId,
    authorization: 'Bearer TOKEN-SECRET',
    proof: undefined,
    trace: {
      traceId: '1'.repeat(32),
      spanId: '2'.repeat(16),
      parentId: undefined,
      recorded: false,
      sampled: false,
      random: true,
      state: undefined,
    },
  };
}

const POLICY: PinnedPolicy = {
  digest: 'd1ge57'.repeat(8),
  mode: 'enforce',
  findAgent: () => undefined,
  route: () => aDenial('NO_ROUTE'),
  decide: () => aDenial('SCOPE_MISSING'),
  issuers: [],
  whoIs: () => undefined,
  peers: new Map(),
  peerNamed: () => undefined,
};
