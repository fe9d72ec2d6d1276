import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Invoices } from './invoices.ts';
import { check, sendJson } from './json.ts';
import type { Exchange, Routes } from './router.ts';

const rhythm = z.object({
  every: z.coerce.number().int().min(1).max(86_400_000).default(1000),
  count: z.coerce.number().int().min(1).optional(),
});

/** Server-sent events: one invoice after the other, for as long as the caller listens. */
export class Events {
  readonly #invoices: Invoices;
  readonly #open = new Set<ServerResponse>();

  constructor(invoices: Invoices) {
    this.#invoices = invoices;
  }

  readonly routes: Routes = {
    '/events': { GET: (exchange) => this.#stream(exchange) },
    '/events/open': {
      GET: ({ response }) => sendJson(response, 200, { open: this.#open.size }),
    },
  };

  /** Ends every open stream, as a server does that is about to stop. */
  close(): void {
    for (const response of this.#open) response.end();
  }

  #stream({ request, response, query }: Exchange): void {
    const { every, count = Infinity } = check(rhythm, Object.fromEntries(query));
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    if (request.method === 'HEAD') return void response.end();
    // Without this the caller would not even see the status before the first event.
    response.flushHeaders();

    let id = 0;
    const timer = setInterval(() => {
      // A caller that does not read must not fill our memory: its events are skipped.
      if (response.writableEnded || response.writableNeedDrain) return;
      response.write(this.#event(++id));
      if (id >= count) response.end();
    }, every);

    this.#open.add(response);
    response.once('close', () => {
      clearInterval(timer);
      this.#open.delete(response);
    });
  }

  #event(id: number): string {
    const all = this.#invoices.list();
    return `id: ${id}\nevent: invoice\ndata: ${JSON.stringify(all[(id - 1) % all.length])}\n\n`;
  }
}
