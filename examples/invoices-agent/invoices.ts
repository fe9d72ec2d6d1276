import { z } from 'zod';

const status = z.enum(['open', 'paid', 'overdue']);

export const invoiceFilter = z.strictObject({
  status: status.optional().describe('Only invoices in this state.'),
});

export const newInvoice = z.strictObject({
  customer: z.string().trim().min(1).max(100),
  cents: z.int().positive().describe('The amount in cents.'),
  currency: z.enum(['EUR', 'USD', 'GBP']).default('EUR'),
  due: z.iso.date().describe('The day by which it is to be paid, as YYYY-MM-DD.'),
});

export const invoice = newInvoice.extend({
  id: z.string().describe('e.g. INV-1001'),
  currency: z.string(),
  status,
});

export type Invoice = z.infer<typeof invoice>;
export type NewInvoice = z.infer<typeof newInvoice>;
export type InvoiceFilter = z.infer<typeof invoiceFilter>;

const SEEDS: readonly Invoice[] = [
  seed('INV-1001', 'Northwind Traders', 125_000, '2026-09-30', 'open'),
  seed('INV-1002', 'Contoso Ltd', 48_990, '2026-07-15', 'paid'),
  seed('INV-1003', 'Fabrikam GmbH', 9_900, '2026-06-01', 'overdue'),
  seed('INV-1004', 'Adventure Works', 310_050, '2026-10-15', 'open'),
];

/** The invoices, in memory: a restart brings the seeds back. */
export class Invoices {
  readonly #byId = new Map(SEEDS.map((invoice) => [invoice.id, invoice]));
  #lastNumber = 1000 + SEEDS.length;

  list(filter: InvoiceFilter = {}): Invoice[] {
    const all = [...this.#byId.values()];
    return filter.status === undefined ? all : all.filter((one) => one.status === filter.status);
  }

  get(id: string): Invoice | undefined {
    return this.#byId.get(id);
  }

  create(data: NewInvoice): Invoice {
    const created: Invoice = { id: `INV-${++this.#lastNumber}`, ...data, status: 'open' };
    this.#byId.set(created.id, created);
    return created;
  }
}

function seed(
  id: string,
  customer: string,
  cents: number,
  due: string,
  status: Invoice['status'],
): Invoice {
  return { id, customer, cents, currency: 'EUR', due, status };
}
