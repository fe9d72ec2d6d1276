import {
  localhostOriginValidation,
  type NodeIncomingMessageLike,
  toNodeHandler,
} from '@modelcontextprotocol/node';
import { type CallToolResult, createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { invoice, invoiceFilter, type Invoices, newInvoice } from './invoices.ts';
import type { Exchange, Routes } from './router.ts';

/**
 * The same data as three MCP tools. One endpoint serves both eras of the protocol: clients that
 * `initialize` (2025-11-25 and older) and clients that do not (2026-07-28). No sessions in either.
 */
export class Mcp {
  readonly #handler;
  readonly #answer;
  readonly #fromHere = localhostOriginValidation();

  constructor(invoices: Invoices) {
    this.#handler = createMcpHandler(() => mcpServer(invoices), { responseMode: 'sse' });
    this.#answer = toNodeHandler(this.#handler, { onerror: report });
  }

  readonly routes: Routes = {
    '/mcp': {
      GET: (exchange) => this.#serve(exchange),
      POST: (exchange) => this.#serve(exchange),
      DELETE: (exchange) => this.#serve(exchange),
    },
  };

  close(): Promise<void> {
    return this.#handler.close();
  }

  async #serve({ request, response }: Exchange): Promise<void> {
    // A web page in a local browser may not use the tools (DNS rebinding). Who else may is
    // Sidegate's question, not this agent's.
    if (!this.#fromHere(request, response)) return;
    // Node's type says `method?: string | undefined`, the SDK's `method?: string`.
    await this.#answer(request as NodeIncomingMessageLike, response);
  }
}

function mcpServer(invoices: Invoices): McpServer {
  const server = new McpServer({ name: 'invoices-agent', version: '1.0.0' });
  server.registerTool(
    'list_invoices',
    {
      description: 'Lists the invoices, all of them or those in one state.',
      inputSchema: invoiceFilter,
      outputSchema: z.object({ invoices: z.array(invoice) }),
      annotations: { readOnlyHint: true },
    },
    (filter) => result({ invoices: invoices.list(filter) }),
  );
  server.registerTool(
    'get_invoice',
    {
      description: 'Reads one invoice.',
      inputSchema: invoice.pick({ id: true }),
      outputSchema: invoice,
      annotations: { readOnlyHint: true },
    },
    ({ id }) => {
      const found = invoices.get(id);
      return found === undefined ? failure(`There is no invoice ${id}.`) : result(found);
    },
  );
  server.registerTool(
    'create_invoice',
    { description: 'Creates an invoice.', inputSchema: newInvoice, outputSchema: invoice },
    (data) => result(invoices.create(data)),
  );
  return server;
}

/** As data for programs, and as text for models that read only text. */
function result(structuredContent: Record<string, unknown>): CallToolResult {
  return {
    content: [{ type: 'text', text: JSON.stringify(structuredContent) }],
    structuredContent,
  };
}

function failure(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true };
}

/** What the SDK answered with 500; a caller who left before its body was complete is no failure. */
function report(error: Error): void {
  if (!('code' in error) || error.code !== 'ECONNRESET') console.error(error);
}
