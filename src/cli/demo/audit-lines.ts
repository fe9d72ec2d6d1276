import { z } from 'zod';
import { readText } from '../../files/index.ts';

/** Not every line is about a call or a connection. */
const eventShape = z.looseObject({ event: z.string() });

const lineShape = z.object({
  event: z.string(),
  id: z.string(),
  code: z.string(),
  stage: z.string().optional(),
  /** Of a refused connection: the SPIFFE ID in what it showed, which nobody has verified. */
  claimedId: z.string().optional(),
});

export type AuditLine = Readonly<z.infer<typeof lineShape>>;

/** What the audit says of calls and connections that are over; a line about one still open is no record of its end. */
export function readAudit(file: string): readonly AuditLine[] {
  return readText(file, { what: 'the audit of the demo', ifMissing: 'Run the demo again.' })
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => eventShape.parse(JSON.parse(line)))
    .filter(({ event }) => event === 'call' || event === 'refused-connection')
    .map((line) => lineShape.parse(line));
}
