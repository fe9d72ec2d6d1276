import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Refusal, type RefusedConnection } from '../../src/call/index.ts';
import { OperatorFault } from '../../src/lib/index.ts';
import { auditShape, createTelemetry, type AuditSettings } from '../../src/telemetry/index.ts';
import { aCall, aDenial, ended } from '../support/calls.ts';
import { keptOutput } from '../support/output.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidegate-audit-'));
  file = join(folder, 'audit.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

function started(settings: Partial<AuditSettings> = {}) {
  const output = keptOutput();
  const audit = { file, onFull: 'refuse' as const, ...settings };
  return { output, ...createTelemetry({ output, audit }) };
}

function written(): Record<string, unknown>[] {
  const text = readFileSync(file, 'utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const REFUSED: RefusedConnection = {
  id: 'refusedrefusedab',
  time: Date.UTC(2026, 6, 1),
  code: 'UNTRUSTED_CERTIFICATE',
  detail: 'self-signed certificate',
  address: '192.0.2.7:4711',
  claimedId: 'spiffe://acme.test/agent/billing',
  serial: '77',
};

describe('the audit file', () => {
  it('has every field of an allowed call, in the order that the plan gives', async () => {
    const telemetry = started();
    telemetry.emit(ended(aCall({ id: 'abcdefghijklmnop', callerRequestId: 'theirs-1' })));
    await telemetry.close();
    const [line] = written();
    expect(Object.entries(line!)).toEqual([
      ['time', '2026-07-01T12:00:00.000Z'],
      ['event', 'call'],
      ['id', 'abcdefghijklmnop'],
      ['callerRequestId', 'theirs-1'],
      ['direction', 'inbound'],
      ['decision', 'allow'],
      ['code', 'OK'],
      ['rule', 'GET /invoices/{id}'],
      ['ruleAt', '/etc/sidegate/policy.yaml:21'],
      ['policyDigest', 'd1ge57'.repeat(8)],
      ['agent', 'billing'],
      ['spiffeId', 'spiffe://acme.test/agent/billing'],
      ['certSerial', '0a1b2c'],
      ['certSha256', 'ab'.repeat(32)],
      ['address', '127.0.0.1:50123'],
      ['method', 'GET'],
      ['route', 'GET /invoices/{id}'],
      ['path', '/invoices/INV-1001'],
      ['status', 200],
      ['bytesIn', 10],
      ['bytesOut', 200],
      ['durationMs', 3.123],
      ['overheadMs', 0.25],
      ['how', 'complete'],
      ['traceId', '1'.repeat(32)],
      ['seq', 1],
      ['prev', ''],
    ]);
  });

  it('names the rule, its line, the stage and what was missing of a denial', async () => {
    const telemetry = started();
    const denial = aDenial('SCOPE_MISSING', {
      missing: 'invoices:write',
      missingScopes: ['invoices:write'],
    });
    telemetry.emit(ended(aCall({ method: 'POST', denial }), { status: 403 }));
    await telemetry.close();
    expect(written()[0]).toMatchObject({
      decision: 'deny',
      code: 'SCOPE_MISSING',
      stage: 'authorization',
      rule: 'POST /invoices',
      ruleAt: '/etc/sidegate/policy.yaml:21',
      missing: 'invoices:write',
      status: 403,
    });
    expect(written()[0]).not.toHaveProperty('overheadMs');
  });

  it('says of the nearest rule that it did not match', async () => {
    const telemetry = started();
    const denial = aDenial('NO_ROUTE', { nearest: true, missing: 'a route' });
    telemetry.emit(ended(aCall({ denial, route: undefined })));
    await telemetry.close();
    expect(written()[0]).toMatchObject({ nearest: true, rule: 'POST /invoices' });
    expect(written()[0]).not.toHaveProperty('route');
  });

  it("names the agent's own line when its kill switch refused the call", async () => {
    const telemetry = started();
    telemetry.emit(ended(aCall({ route: undefined, refusal: new Refusal('AGENT_DISABLED') })));
    await telemetry.close();
    expect(written()[0]).toMatchObject({
      decision: 'deny',
      rule: 'agent billing',
      ruleAt: '/etc/sidegate/policy.yaml:5',
    });
  });

  it('records a softened denial as shadow-deny with its code', async () => {
    const telemetry = started();
    telemetry.emit(ended(aCall({ denial: aDenial('SCOPE_MISSING'), shadowed: true })));
    await telemetry.close();
    expect(written()[0]).toMatchObject({
      decision: 'shadow-deny',
      code: 'SCOPE_MISSING',
      status: 200,
    });
  });

  it.each([
    ['callerLeft', 'CALLER_LEFT'],
    ['upstreamBroke', 'UPSTREAM_PROTOCOL'],
    ['cut', 'CUT'],
  ] as const)('gives an allowed call that ended as %s the code %s', async (how, code) => {
    const telemetry = started();
    telemetry.emit(ended(aCall(), { end: { how } }));
    await telemetry.close();
    expect(written()[0]).toMatchObject({ decision: 'allow', how, code });
  });

  it('has exactly one line a call and a refused connection, and a begun line with the same ID', async () => {
    const telemetry = started();
    const open = aCall({ id: 'openopenopenopen' });
    telemetry.emit({ kind: 'call-begun', call: open });
    telemetry.emit({ kind: 'handshake', result: 'OK' });
    telemetry.emit({ kind: 'connections', open: 1 });
    telemetry.emit({ kind: 'live-calls', open: 1 });
    telemetry.emit({
      kind: 'reload',
      first: false,
      what: 'policy',
      result: { ok: true, digest: 'd' },
    });
    telemetry.emit({ kind: 'log', level: 'info', message: 'hello' });
    telemetry.emit({ kind: 'refused-connection', connection: REFUSED, verified: false });
    telemetry.emit(ended(open));
    await telemetry.close();
    expect(written().map(({ event, id }) => [event, id])).toEqual([
      ['begun', 'openopenopenopen'],
      ['refused-connection', REFUSED.id],
      ['call', 'openopenopenopen'],
    ]);
    expect(written()[0]).not.toHaveProperty('status');
    expect(written()[0]).not.toHaveProperty('durationMs');
  });

  it('keeps of a refused connection what it claimed, as a claim', async () => {
    const telemetry = started();
    telemetry.emit({ kind: 'refused-connection', connection: REFUSED, verified: false });
    await telemetry.close();
    expect(written()[0]).toEqual({
      time: '2026-07-01T00:00:00.000Z',
      event: 'refused-connection',
      id: REFUSED.id,
      direction: 'inbound',
      decision: 'deny',
      code: 'UNTRUSTED_CERTIFICATE',
      stage: 'authentication',
      detail: 'self-signed certificate',
      claimedId: 'spiffe://acme.test/agent/billing',
      certSerial: '77',
      address: '192.0.2.7:4711',
      seq: 1,
      prev: '',
    });
  });

  it('has no query, no token, no header and no password of a target', async () => {
    const telemetry = started();
    const refusal = new Refusal('MALFORMED_REQUEST', 'absolute target');
    const target = 'http://user:PASSWORD-SECRET@host/x?QUERY-SECRET';
    telemetry.emit(ended(aCall({ target: '/invoices/1?QUERY-SECRET' })));
    telemetry.emit(ended(aCall({ target, understood: false, refusal })));
    await telemetry.close();
    expect(readFileSync(file, 'utf8')).not.toContain('SECRET');
    expect(written()[1]).toMatchObject({ path: 'http://host/x', decision: 'deny' });
  });

  it('clips what a caller can make long', async () => {
    const telemetry = started();
    const refusal = new Refusal('MALFORMED_REQUEST', 'd'.repeat(5000));
    const target = `/${'x'.repeat(16_000)}`;
    telemetry.emit(ended(aCall({ target, understood: false, refusal, method: 'M'.repeat(9000) })));
    telemetry.emit(ended(aCall({ target, callerRequestId: 'r'.repeat(9000) })));
    await telemetry.close();
    const [raw, canonical] = written();
    expect(String(raw!.path)).toHaveLength(257);
    expect(JSON.stringify(raw).length).toBeLessThan(1500);
    expect(JSON.stringify(canonical).length).toBeLessThan(3500);
  });

  it.each([
    ['eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl', '(a token)'],
    ['/invoices/eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl/x', '/invoices/(a token)/x'],
    [`eyJhbGciOiJFUzI1NiJ9.${'eyJz'.repeat(60)}`, '(a token)'],
    ['eyJhbGciOiJFUzI1NiJ9', 'eyJhbGciOiJFUzI1NiJ9'],
    ['/keyJ.json', '/keyJ.json'],
  ])('has no token where a name belongs: %s', async (target, path) => {
    const telemetry = started();
    telemetry.emit(ended(aCall({ target })));
    await telemetry.close();
    expect(written()[0]).toMatchObject({ path });
  });

  it('stays one line of harmless characters, whatever a caller writes', async () => {
    const telemetry = started();
    const target = '/a\nb\u001b[2J\u009b31m\u202e\u2028\u007f\u{e0001}';
    const refusal = new Refusal('MALFORMED_REQUEST');
    telemetry.emit(ended(aCall({ target, understood: false, refusal })));
    await telemetry.close();
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^[\x20-\x7e]+\n$/);
    expect(written()[0]).toMatchObject({ path: target });
  });

  it('is made with mode 0600 and appended to, never truncated', async () => {
    const first = started();
    first.emit(ended(aCall()));
    await first.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const second = started();
    second.emit(ended(aCall()));
    await second.close();
    expect(written().map(({ event }) => event)).toEqual(['call', 'resumed', 'call']);
  });

  it('has every line of a flood, in order, after close', async () => {
    const telemetry = started();
    const ids = Array.from({ length: 3000 }, (_, i) => `call-${i}`);
    for (const id of ids) {
      telemetry.emit(ended(aCall({ id })));
      if (id.endsWith('00')) await telemetry.flush();
    }
    await telemetry.close();
    expect(written().map(({ id }) => id)).toEqual(ids);
  });

  it.each([
    [
      'in a folder that is not there',
      () => join(folder, 'no', 'a.jsonl'),
      'its folder is not there',
    ],
    ['that is a folder', () => folder, 'it is a folder'],
  ])('%s is an operator fault with a remedy', (_, path, reason) => {
    const fault = faultOf(() => started({ file: path() }));
    expect(fault.message).toContain(reason);
    expect(fault.remedy).toContain('audit.file');
  });

  it('is not made where nobody asked for it', async () => {
    const telemetry = createTelemetry({ output: keptOutput() });
    telemetry.emit(ended(aCall()));
    expect(telemetry.mayRecord()).toBe(true);
    await telemetry.flush();
    await telemetry.close();
    expect(existsSync(file)).toBe(false);
  });
});

describe.skipIf(!existsSync('/dev/full'))('on a full disk (/dev/full)', () => {
  const full = '/dev/full';

  it('refuse: new calls may not be recorded any more, and the log says so once', async () => {
    const { output, ...telemetry } = started({ file: full });
    expect(telemetry.mayRecord()).toBe(true);
    telemetry.emit(ended(aCall()));
    await telemetry.flush();
    telemetry.emit(ended(aCall()));
    await telemetry.flush();
    expect(telemetry.mayRecord()).toBe(false);
    expect(output.lines()).toHaveLength(1);
    expect(JSON.parse(output.lines()[0]!)).toMatchObject({
      level: 'error',
      msg: 'the audit /dev/full cannot be written, new calls are refused until it can',
      err: { code: 'ENOSPC' },
    });
    await telemetry.close();
    expect(await telemetry.metrics()).toContain('sidegate_audit_dropped_total 2');
  });

  it('drop: calls go on', async () => {
    const telemetry = started({ file: full, onFull: 'drop' });
    telemetry.emit(ended(aCall()));
    await telemetry.flush();
    expect(telemetry.mayRecord()).toBe(true);
    await telemetry.close();
  });
});

describe('the section `audit` of sidegate.yaml', () => {
  it('refuses calls on a full disk unless it is told otherwise', () => {
    expect(auditShape.parse({ file: 'a.jsonl' })).toEqual({ file: 'a.jsonl', onFull: 'refuse' });
  });

  it.each([{}, { file: '' }, { file: 'a', onFull: 'ignore' }, { file: 'a', more: 1 }])(
    'does not take %j',
    (value) => expect(auditShape.safeParse(value).success).toBe(false),
  );
});

function faultOf(action: () => unknown): OperatorFault {
  try {
    action();
  } catch (error) {
    if (error instanceof OperatorFault) return error;
  }
  throw new Error('there was no operator fault');
}

it('an audit file that is there keeps its mode, because a shipper may have to read it', async () => {
  writeFileSync(file, '', { mode: 0o644 });
  const before = statSync(file).mode;
  await started().close();
  expect(statSync(file).mode).toBe(before);
});
