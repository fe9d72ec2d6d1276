import { expect, test } from 'vitest';
import { newSandbox, type Sandbox } from './sandbox.ts';

/** A matcher that says its type: vitest's own are `any`. */
const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const UPSTREAM = '--upstream http://127.0.0.1:1';
const made = (box: Sandbox) => box.run('init', 'invoices', ...UPSTREAM.split(' '));
const withCa = (box: Sandbox) => box.run('ca', 'init');
const withCases = async (box: Sandbox) => {
  await made(box);
  box.write('policy.test.yaml', "cases: [{ as: client, call: 'GET /', expect: allow }]\n");
};

type Row = readonly [
  line: string,
  given: ((box: Sandbox) => Promise<unknown>) | undefined,
  holds: object,
];

test.each([
  ['init invoices', undefined, { caller: 'client', name: 'invoices' }],
  ['check', made, { ok: false, findings: {} }],
  ['explain client GET /', made, { allowed: true, code: 'OK', rule: { name: 'GET /' } }],
  ['explain client POST /', made, { allowed: false, code: 'METHOD_NOT_ALLOWED' }],
  ['explain client GET //', made, { allowed: false, code: 'MALFORMED_REQUEST' }],
  ['matrix', made, [{ agent: 'client', routes: [{ route: 'GET /', code: 'OK' }] }]],
  ['test', withCases, [{ as: 'client', expect: 'allow', actual: 'allow', passed: true }]],
  ['ca init', undefined, { trustDomain: 'acme.test', notAfter: like(/Z$/) }],
  ['ca mint x', withCa, { id: 'spiffe://acme.test/agent/x', notAfter: like(/Z$/) }],
  ['ca renew', made, { renewed: [], revoked: [], failed: [] }],
  ['ca revoke client', made, { name: 'client', serials: [like(/^[0-9A-F]{34}$/)] }],
  ['ca list', made, [{ name: 'ca' }, { name: 'client', state: 'valid' }, { name: 'invoices' }]],
  ['ca show client', made, { name: 'client', certificate: { dns: [] }, earlier: [] }],
] as readonly Row[])(
  '%s --json prints one JSON document and nothing else',
  async (line, given, holds) => {
    const box = newSandbox();
    await given?.(box);
    const more = line.startsWith('init') ? UPSTREAM.split(' ') : [];
    const { out, err } = await box.run(...line.split(' '), ...more, '--json');
    expect(err).toBe('');
    expect(JSON.parse(out)).toMatchObject(holds);
  },
);
