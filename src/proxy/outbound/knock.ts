import { createHash, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../../call/index.ts';
import { Secret } from '../../lib/index.ts';
import { foldName } from '../fields.ts';
import type { RawHead } from '../head.ts';

/** The handle of the inbound call that the agent works on. */
export const CONTEXT = 'x-sidegate-context';
/** What opens the door where it is on TCP. */
export const SECRET = 'x-sidegate-secret';

const OUR_HOST = /^sidegate\.internal(?::(\d{1,5}))?$/;
const PEER_HOST = /^([a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)\.peer\.internal(?::(\d{1,5}))?$/;

/**
 * Whether somebody may speak at this door at all: no page of a browser, no proxy client, nobody without the secret. Of
 * what a request says, nothing else is looked at yet.
 *
 * @throws Refusal OUTBOUND_REFUSED
 */
export function checkKnock({ method, target, fields }: RawHead, secret: Secret | undefined): void {
  if (method === 'CONNECT') throw refused('CONNECT asks for a tunnel');
  if (!target.startsWith('/') && target !== '*') throw refused('it is meant for a proxy');
  for (let i = 0; i < fields.length; i += 2) {
    const name = foldName(fields[i] ?? '');
    // A browser cannot leave them out, and nobody else sends them.
    if (name === 'origin' || name.startsWith('sec-fetch-'))
      throw refused(`a browser sent it: it has ${name}`);
  }
  if (secret !== undefined) checkSecret(fields, secret);
}

/**
 * The peer is the first label of `Host`, and nothing else says who it is.
 *
 * @param port that of the door, which clients put into `Host` where it is on TCP
 * @throws Refusal OUTBOUND_REFUSED
 */
export function peerLabel(host: string, port: number | undefined): string {
  const [, label, given] = PEER_HOST.exec(host) ?? [];
  if (label === undefined) throw refused('Host is not <peer>.peer.internal');
  checkPort(given, port);
  return label;
}

/**
 * Whether it is for this sidecar itself.
 *
 * @throws Refusal OUTBOUND_REFUSED
 */
export function isForUs(host: string, port: number | undefined): boolean {
  const [ours, given] = OUR_HOST.exec(host) ?? [];
  if (ours === undefined) return false;
  checkPort(given, port);
  return true;
}

function checkPort(given: string | undefined, port: number | undefined): void {
  if (given !== undefined && given !== '80' && given !== String(port))
    throw refused('Host names a port that is not the one of this door');
}

/**
 * The handle that the agent sent; undefined if none. Any spelling counts: one that were overlooked would turn a call for
 * somebody into a call for nobody.
 *
 * @throws Refusal CONTEXT_REFUSED
 */
export function sentHandle(fields: readonly string[]): Secret | undefined {
  const sent = valuesOf(fields, CONTEXT);
  const [handle, another] = sent.values;
  if (handle === undefined) return undefined;
  if (another !== undefined) throw new Refusal('CONTEXT_REFUSED', 'it stands there twice');
  if (sent.misspelled) throw new Refusal('CONTEXT_REFUSED', `${CONTEXT} is misspelled`);
  return new Secret(handle);
}

function checkSecret(fields: readonly string[], secret: Secret): void {
  const { values, misspelled } = valuesOf(fields, SECRET);
  const [value] = values;
  if (value === undefined) throw refused(`${SECRET} is missing`);
  if (values.length > 1 || misspelled || !isSame(value, secret.reveal()))
    throw refused(`${SECRET} is wrong`);
}

/** Over hashes, which are of one length: how long it takes says nothing of the secret. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(hashOf(one), hashOf(other));
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest();
}

function valuesOf(fields: readonly string[], wanted: string) {
  const values: string[] = [];
  let misspelled = false;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (foldName(name) !== wanted) continue;
    values.push(fields[i + 1] ?? '');
    misspelled ||= name.toLowerCase() !== wanted;
  }
  return { values, misspelled };
}

function refused(detail: string): Refusal {
  return new Refusal('OUTBOUND_REFUSED', detail);
}
