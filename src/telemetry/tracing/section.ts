import { z } from 'zod';

const MUST_BE_URL = 'must be an http or https URL such as http://127.0.0.1:4318/v1/traces';
const count = z.int({ error: 'must be a whole number' }).min(1, { error: 'must be at least 1' });

/** Where spans go. Without this section none are made, and nothing of OpenTelemetry is loaded. */
export const tracingShape = z
  .strictObject({
    /** OTLP over HTTP, in protobuf; the whole address, path included. */
    endpoint: z.string({ error: MUST_BE_URL }).refine(isCollector, { error: MUST_BE_URL }),
    /** The part of all traces that is recorded. */
    sample: z
      .number({ error: 'must be a number from 0 to 1' })
      .min(0, { error: 'must be a number from 0 to 1' })
      .max(1, { error: 'must be a number from 0 to 1' })
      .default(0.1),
    /** Recorded calls a second whose trace the caller began, for it chose the trace ID. */
    callerTraces: count.default(100),
    /** `service.name` of the spans. */
    service: z
      .string({ error: 'must be a name' })
      .min(1, { error: 'must be a name' })
      .default('sidegate'),
    /** A file of `name: value` lines that are sent along, e.g. the collector's key. */
    headers: z.string({ error: 'must be the name of a file' }).min(1).optional(),
    allowPlaintext: z.boolean({ error: 'must be true or false' }).default(false),
  })
  .superRefine(({ endpoint, headers, allowPlaintext }, context) => {
    if (!isCollector(endpoint) || !isExposed(new URL(endpoint))) return;
    const path = ['endpoint'];
    if (headers !== undefined)
      context.addIssue({
        code: 'custom',
        path,
        message: 'is plain HTTP to another machine, and tracing.headers would be sent there',
        params: { remedy: 'Use https, or a collector on this machine that adds them.' },
      });
    else if (!allowPlaintext)
      context.addIssue({
        code: 'custom',
        path,
        message: 'is plain HTTP to another machine, and spans say who called what',
        params: { remedy: 'Use https or 127.0.0.1, or say tracing.allowPlaintext: true.' },
      });
  });

export type TracingSettings = Readonly<z.output<typeof tracingShape>>;

/** A URL with a password would show it wherever the address is shown. */
function isCollector(text: string): boolean {
  const url = URL.parse(text);
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  return isWeb && `${url.username}${url.password}` === '';
}

function isExposed({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
