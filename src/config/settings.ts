import { OUTBOUND_SETTINGS } from './outbound-settings.ts';

/** A setting that a flag or a variable may override. */
export interface Setting {
  /** Keys from the root of the file. */
  readonly path: readonly [string, ...string[]];
  /** The short flag, where there is one; every setting also has the dotted one. */
  readonly flag?: string;
  readonly kind: 'text' | 'number' | 'boolean';
  /** How its value is named in the help. */
  readonly value: string;
  readonly help: string;
  /** Its value is a file, or an address that may be `unix:` and a file. */
  readonly holds?: 'file' | 'address';
}

/** Every setting but maps, which are file-only (`trust` has a flag of its own form). */
export const SETTINGS: readonly Setting[] = [
  {
    path: ['inbound', 'listen'],
    flag: 'listen',
    kind: 'text',
    value: 'host:port',
    help: 'where callers connect',
    holds: 'address',
  },
  {
    path: ['inbound', 'upstream'],
    flag: 'upstream',
    kind: 'text',
    value: 'url',
    help: 'the agent: http://127.0.0.1:3000 or unix:/run/agent.sock',
    holds: 'address',
  },
  {
    path: ['inbound', 'allowPlaintextUpstream'],
    kind: 'boolean',
    value: 'true|false',
    help: 'allow an agent on another machine over plain HTTP',
  },
  {
    path: ['inbound', 'minTls'],
    kind: 'text',
    value: 'version',
    help: "oldest TLS version taken: '1.3' or '1.2'",
  },
  {
    path: ['inbound', 'answerTimeout'],
    kind: 'text',
    value: 'time',
    help: 'how long the agent may think before it begins to answer',
  },
  {
    path: ['inbound', 'publicUrl'],
    kind: 'text',
    value: 'url',
    help: 'how callers reach this sidecar, told to those who need a token',
  },
  ...OUTBOUND_SETTINGS,
  {
    path: ['identity', 'cert'],
    kind: 'text',
    value: 'file',
    help: 'our own certificate',
    holds: 'file',
  },
  { path: ['identity', 'key'], kind: 'text', value: 'file', help: 'its key', holds: 'file' },
  {
    path: ['policy'],
    flag: 'policy',
    kind: 'text',
    value: 'file',
    help: 'the policy',
    holds: 'file',
  },
  {
    path: ['mode'],
    flag: 'mode',
    kind: 'text',
    value: 'mode',
    help: "overrides the policy's mode: enforce, or shadow (forward, and record what would be denied)",
  },
  {
    path: ['development'],
    kind: 'boolean',
    value: 'true|false',
    help: "believe the policy's issuers that are for development",
  },
  {
    path: ['status', 'listen'],
    kind: 'text',
    value: 'host:port',
    help: 'where /livez, /readyz and /metrics are',
    holds: 'address',
  },
  {
    path: ['admin', 'listen'],
    kind: 'text',
    value: 'unix:file',
    help: "the operator's socket: why, reload, kill",
    holds: 'address',
  },
  {
    path: ['admin', 'killed'],
    kind: 'text',
    value: 'file',
    help: "where killed agents are remembered; left out, beside the operator's socket",
    holds: 'file',
  },
  {
    path: ['audit', 'file'],
    kind: 'text',
    value: 'file',
    help: 'one JSON line a call',
    holds: 'file',
  },
  {
    path: ['audit', 'onFull'],
    kind: 'text',
    value: 'refuse|drop',
    help: 'what to do if the audit cannot be written',
  },
  {
    path: ['tracing', 'endpoint'],
    kind: 'text',
    value: 'url',
    help: 'where spans go: an OTLP collector, e.g. http://127.0.0.1:4318/v1/traces',
  },
  {
    path: ['tracing', 'sample'],
    kind: 'number',
    value: '0..1',
    help: 'the part of all traces that is recorded',
  },
  {
    path: ['tracing', 'callerTraces'],
    kind: 'number',
    value: 'n',
    help: 'recorded calls a second whose trace the caller began',
  },
  {
    path: ['tracing', 'service'],
    kind: 'text',
    value: 'name',
    help: 'service.name of the spans',
  },
  {
    path: ['tracing', 'headers'],
    kind: 'text',
    value: 'file',
    help: "lines 'name: value' that are sent to the collector, such as its key",
    holds: 'file',
  },
  {
    path: ['tracing', 'allowPlaintext'],
    kind: 'boolean',
    value: 'true|false',
    help: 'allow a collector on another machine over plain HTTP',
  },
  { path: ['limits', 'headers'], kind: 'text', value: 'size', help: 'header fields of a call' },
  {
    path: ['limits', 'connections'],
    kind: 'number',
    value: 'n',
    help: 'open connections in all',
  },
  {
    path: ['limits', 'connectionsPerAgent'],
    kind: 'number',
    value: 'n',
    help: 'open connections of one identity',
  },
  {
    path: ['limits', 'calls'],
    kind: 'number',
    value: 'n',
    help: 'calls under way in all',
  },
  {
    path: ['limits', 'callsPerAgent'],
    kind: 'number',
    value: 'n',
    help: 'calls under way of one agent',
  },
  {
    path: ['limits', 'handshakes'],
    kind: 'number',
    value: 'n',
    help: 'handshakes under way at a time',
  },
  {
    path: ['limits', 'handshakesPerAddress'],
    kind: 'number',
    value: 'n',
    help: 'handshakes under way at a time of one IP address',
  },
  {
    path: ['limits', 'handshakeRate'],
    kind: 'number',
    value: 'n',
    help: 'handshakes a second of one IP address; more wait for their turn',
  },
  {
    path: ['limits', 'refusalRate'],
    kind: 'number',
    value: 'n',
    help: 'refusals a second that one caller is answered at once; more wait for up to 0.8 s',
  },
  {
    path: ['limits', 'headTimeout'],
    kind: 'text',
    value: 'time',
    help: 'for a request head to arrive',
  },
  {
    path: ['limits', 'bodyTimeout'],
    kind: 'text',
    value: 'time',
    help: 'to wait for bytes of a body',
  },
  {
    path: ['limits', 'sendTimeout'],
    kind: 'text',
    value: 'time',
    help: 'for a caller to take bytes of its answer',
  },
  {
    path: ['limits', 'minRate'],
    kind: 'text',
    value: 'size',
    help: 'a second, sent or taken by a caller that is waited for longer',
  },
  {
    path: ['limits', 'buffered'],
    kind: 'text',
    value: 'size',
    help: 'kept between callers and the agent, in all',
  },
  {
    path: ['limits', 'idleTimeout'],
    kind: 'text',
    value: 'time',
    help: 'for an idle connection to be kept',
  },
  {
    path: ['limits', 'drain'],
    kind: 'text',
    value: 'time',
    help: 'for open calls to end after SIGTERM',
  },
  {
    path: ['limits', 'startWait'],
    kind: 'text',
    value: 'time',
    help: 'for certificate, key and roots to appear at start',
  },
];

/** `--limits.head-timeout` without its dashes. */
export function flagOf(setting: Setting): string {
  return setting.path.map((part) => part.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)).join('.');
}

/** `SIDEGATE_LIMITS_HEAD_TIMEOUT`. */
export function variableOf(setting: Setting): string {
  return `SIDEGATE_${flagOf(setting).replace(/[.-]/g, '_').toUpperCase()}`;
}
