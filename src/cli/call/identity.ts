import { join } from 'node:path';
import { readText } from '../../files/index.ts';

/** What a caller shows, and whom it trusts; PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** The certificate and key of an agent, and the CA, as `sidegate ca` leaves them in a folder. */
export function readIdentity(folder: string, agent: string): Identity {
  const read = (name: string, what: string, ifMissing: string) =>
    readText(join(folder, name), { what, ifMissing });
  const dirHint = 'or name the folder of the certificates with --dir';
  return {
    ca: read('ca.crt', 'the certificate of the CA', `Run: sidegate ca init, ${dirHint}.`),
    cert: read(`${agent}.crt`, 'the certificate', `Run: sidegate ca mint ${agent}, ${dirHint}.`),
    key: read(`${agent}.key`, 'the key', `Run: sidegate ca renew, ${dirHint}.`),
  };
}
