import {
  Refusal,
  type BodyFraming,
  type CanonicalRequest,
  type Headers,
  type Sample,
  canonicalTarget,
  isHopByHop,
} from '../call/index.ts';
import { claimsIdentity, foldName, isConnectionOption, isRemade, isSingle } from './fields.ts';
import { traceOf } from './trace.ts';

/** A request head as the parser gave it: nothing in here was judged. */
export interface RawHead {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: string;
  /** name, value, name, value, ... as they came. */
  readonly fields: readonly string[];
}

const HOST = /^(?:[A-Za-z0-9\-._~]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;
const CALLER_REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
/** The parser counts bytes, and empty fields have few of them. */
const MAX_FIELDS = 200;
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * Reads a head in the one way in which it can be read, or refuses it. What is left in `headers` claims no identity,
 * frames nothing and rewrites nothing.
 *
 * @throws Refusal MALFORMED_REQUEST, HEADERS_TOO_LARGE or METHOD_NOT_ALLOWED
 */
export function readHead(head: RawHead, pseudonym: string, sample: Sample): CanonicalRequest {
  if (head.fields.length > 2 * MAX_FIELDS)
    throw new Refusal('HEADERS_TOO_LARGE', `more than ${MAX_FIELDS} header fields`);
  if (head.httpVersion !== '1.1')
    throw malformed(`HTTP/${head.httpVersion} is not taken, only 1.1`);
  if (head.method === 'CONNECT') throw malformed('CONNECT asks for a tunnel to somewhere else');
  // It would echo what we add for the agent, and no policy can list it: so shadow mode must not pass it on.
  if (head.method === 'TRACE') throw new Refusal('METHOD_NOT_ALLOWED', 'TRACE is never passed on');
  const target = canonicalTarget(head.target);
  if ('fault' in target) throw malformed(target.fault);
  const fields = sortFields(head.fields);
  const { single } = fields;
  const host = single.get('host');
  if (host === undefined || !HOST.test(host))
    throw malformed('the Host field is missing or invalid');
  const expect = single.get('expect');
  if (expect !== undefined && expect.toLowerCase() !== '100-continue')
    throw malformed('the Expect field asks for something unknown');
  checkConnection(fields.connection);
  checkVia(fields.via, pseudonym);
  const body = framingOf(single);
  if (body.kind !== 'none' && BODILESS.has(head.method))
    throw malformed(`a ${head.method} with a body is read differently by different servers`);
  const callerRequestId = single.get('x-request-id');
  return {
    path: target.path,
    meaning: target.meaning,
    query: target.query,
    headers: fields.kept,
    host,
    via: fields.via,
    body,
    upgrade: fields.upgrade?.toLowerCase(),
    callerRequestId:
      callerRequestId !== undefined && CALLER_REQUEST_ID.test(callerRequestId)
        ? callerRequestId
        : undefined,
    authorization: single.get('authorization'),
    proof: single.get('dpop'),
    trace: traceOf(fields, sample),
  };
}

interface Fields {
  readonly kept: Headers;
  readonly single: ReadonlyMap<string, string>;
  readonly connection: string;
  readonly upgrade: string | undefined;
  readonly via: string | undefined;
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
}

function sortFields(raw: readonly string[]): Fields {
  const kept: [string, string][] = [];
  const single = new Map<string, string>();
  const lists = new Map<string, string>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    if (isSingle(name)) {
      if (single.has(name)) throw malformed(`the field ${name} stands there twice`);
      single.set(name, value);
    }
    const folded = foldName(name);
    if (isHopByHop(folded) || isRemade(folded)) {
      const before = lists.get(name);
      lists.set(name, before === undefined ? value : `${before}, ${value}`);
    } else if (!claimsIdentity(folded)) {
      if (name !== folded && isSingle(folded)) throw malformed(`the field ${folded} is misspelled`);
      kept.push([name, value]);
    }
  }
  return {
    kept,
    single,
    connection: lists.get('connection') ?? '',
    upgrade: lists.get('upgrade'),
    via: lists.get('via'),
    traceparent: lists.get('traceparent'),
    tracestate: lists.get('tracestate'),
  };
}

/** An option that names a field would have a later hop drop it, our own assertions included (RFC 9110, 7.6.1). */
function checkConnection(connection: string): void {
  for (const part of connection.split(',')) {
    const option = part.trim().toLowerCase();
    if (option !== '' && !isConnectionOption(option))
      throw malformed('the Connection field names a field that is not its own');
  }
}

/** A request that has been here before would go round for ever (RFC 9110, 7.6.3). */
function checkVia(via: string | undefined, pseudonym: string): void {
  const hops = via?.split(',') ?? [];
  if (hops.some((hop) => hop.trim().split(/\s+/)[1] === pseudonym))
    throw malformed('the request has already passed this sidecar: a loop');
}

function framingOf(single: ReadonlyMap<string, string>): BodyFraming {
  const coding = single.get('transfer-encoding');
  const length = single.get('content-length');
  if (coding !== undefined) {
    if (length !== undefined) throw malformed('the body is framed twice');
    if (coding.toLowerCase() !== 'chunked')
      throw malformed('the body has an unknown transfer coding');
    return { kind: 'chunked' };
  }
  if (length === undefined) return { kind: 'none' };
  if (!/^\d{1,15}$/.test(length)) throw malformed('the Content-Length is not a number');
  return { kind: 'length', bytes: Number(length) };
}

function malformed(detail: string): Refusal {
  return new Refusal('MALFORMED_REQUEST', detail);
}
