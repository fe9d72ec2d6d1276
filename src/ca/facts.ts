import { X509Certificate } from 'node:crypto';
import { OperatorFault } from '../lib/index.ts';
import { SpiffeId } from '../spiffe/index.ts';
import { parseName, type DistinguishedName } from './name.ts';
import type { Validity } from './profile.ts';

/** What one of our own certificates says. */
export interface CertificateFacts extends Validity {
  readonly x509: X509Certificate;
  readonly id: SpiffeId;
  readonly dns: readonly string[];
  readonly ip: readonly string[];
  readonly subject: DistinguishedName;
  /** Hexadecimal, upper case. */
  readonly serial: string;
}

/**
 * Reads a certificate that this CA has made. It is not a way to read a peer's: Node's text of the names can be misled by
 * what a foreign CA writes, so anything that we would not have written ourselves is refused.
 *
 * @throws OperatorFault that names the file
 */
export function readFacts(pem: string, path: string, remedy: string): CertificateFacts {
  try {
    const x509 = new X509Certificate(pem);
    const names = (x509.subjectAltName ?? '').split(', ').map(splitName);
    const values = (type: string) =>
      names.filter((name) => name.type === type).map(({ value }) => value);
    const [uri, ...others] = values('URI');
    if (uri === undefined || others.length > 0) throw new TypeError('it has not exactly one URI');
    return {
      x509,
      id: SpiffeId.parse(uri),
      dns: values('DNS'),
      ip: values('IP Address'),
      subject: parseName(x509.subject),
      serial: x509.serialNumber,
      notBefore: x509.validFromDate.getTime(),
      notAfter: x509.validToDate.getTime(),
    };
  } catch (error) {
    throw new OperatorFault(`${path} is not a certificate that sidegate made`, remedy, {
      cause: error,
    });
  }
}

function splitName(text: string): { type: string; value: string } {
  if (/["\\]/.test(text)) throw new TypeError('a name needs quotes');
  const colon = text.indexOf(':');
  return { type: text.slice(0, colon), value: text.slice(colon + 1) };
}
