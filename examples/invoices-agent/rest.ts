import { type Invoices, invoiceFilter, newInvoice } from './invoices.ts';
import { check, readJson, sendJson } from './json.ts';
import { Refusal } from './refusal.ts';
import type { Exchange, Routes } from './router.ts';

export function restRoutes(invoices: Invoices): Routes {
  return {
    '/invoices': {
      GET: ({ response, query }) => {
        const filter = check(invoiceFilter, { status: query.get('status') ?? undefined });
        sendJson(response, 200, { invoices: invoices.list(filter) });
      },
      POST: async ({ request, response }) => {
        const created = invoices.create(check(newInvoice, await readJson(request)));
        sendJson(response, 201, created, { location: `/invoices/${created.id}` });
      },
    },
    '/invoices/{id}': {
      GET: ({ response, id }) => {
        const invoice = invoices.get(id);
        if (invoice === undefined) throw new Refusal(404, `There is no invoice ${id}.`);
        sendJson(response, 200, invoice);
      },
    },
    '/admin': { GET: admin },
    '/whoami': { GET: whoami },
  };
}

/** What no peer should ever see: a policy that lists its routes never exposes it. */
function admin({ response }: Exchange): void {
  sendJson(response, 200, {
    notice: 'If you read this through Sidegate, its policy is wrong.',
    ledger: { iban: 'DE00 0000 0000 0000 0000 00', signingKey: 'this-would-be-a-secret' },
  });
}

/**
 * The headers by which the sidecar tells an agent who calls. Nothing else is echoed, tokens least, nor
 * `x-sidegate-context`, which is ours alone.
 */
const FROM_THE_SIDECAR = [
  'x-sidegate-agent',
  'x-sidegate-scopes',
  'x-forwarded-client-cert',
  'x-request-id',
  'forwarded',
  'via',
  'traceparent',
  'tracestate',
];

function whoami({ request, response }: Exchange): void {
  const headers = Object.entries(request.headers).filter(([name]) =>
    FROM_THE_SIDECAR.includes(name),
  );
  sendJson(response, 200, Object.fromEntries(headers));
}
