import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_PATH,
  ATTR_URL_SCHEME,
} from '@opentelemetry/semantic-conventions';
import type { CallRecord } from '../record.ts';
import type { CallSpan } from './call-span.ts';

const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PATCH',
]);

/**
 * The semantic conventions of HTTP servers, and what Sidegate decided. All of it is in the audit too, but for the host
 * that was asked for: no query, no field, no body.
 */
export function attributesOf({ record, host }: CallSpan, failure: string | undefined): Attributes {
  const method = knownMethod(record.method);
  const server = hostAndPort(host);
  const peer = hostAndPort(record.address);
  return withoutUndefined({
    [ATTR_HTTP_REQUEST_METHOD]: method ?? '_OTHER',
    [ATTR_HTTP_REQUEST_METHOD_ORIGINAL]: method === undefined ? record.method : undefined,
    [ATTR_HTTP_RESPONSE_STATUS_CODE]: record.status === 0 ? undefined : record.status,
    [ATTR_HTTP_ROUTE]: routePath(record),
    [ATTR_URL_SCHEME]: 'https',
    [ATTR_URL_PATH]: record.path,
    [ATTR_SERVER_ADDRESS]: server.host,
    [ATTR_SERVER_PORT]: server.port,
    [ATTR_NETWORK_PEER_ADDRESS]: peer.host,
    [ATTR_NETWORK_PEER_PORT]: peer.port,
    [ATTR_NETWORK_PROTOCOL_VERSION]: '1.1',
    [ATTR_ERROR_TYPE]: failure,
    'sidegate.id': record.id,
    'sidegate.agent': record.agent,
    'sidegate.spiffe_id': record.spiffeId,
    'sidegate.decision': record.decision,
    'sidegate.code': record.code,
    'sidegate.rule': record.nearest === true ? undefined : record.rule,
    'sidegate.how': record.how,
    'sidegate.overhead_ms': record.overheadMs,
  });
}

/** Undefined for a method that the conventions do not list: there may be any number of those. */
export function knownMethod(method: string): string | undefined {
  return METHODS.has(method) ? method : undefined;
}

/** The path template of the route, without its methods. */
export function routePath({ route }: CallRecord): string | undefined {
  return route?.slice(route.indexOf(' ') + 1);
}

function hostAndPort(text: string): { readonly host: string; readonly port: number | undefined } {
  const match = /^(.*?):(\d{1,5})$/.exec(text);
  // An IPv6 address without brackets has colons of its own.
  if (match === null || (match[1]?.includes(':') === true && !match[1].endsWith(']')))
    return { host: text.replace(/^\[|\]$/g, ''), port: undefined };
  return { host: (match[1] ?? '').replace(/^\[|\]$/g, ''), port: Number(match[2]) };
}

function withoutUndefined(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
