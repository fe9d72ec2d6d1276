import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configJsonSchema } from '../../scripts/config-schema.ts';
import { withSettings } from '../../scripts/settings-table.ts';
import { adminHandlers } from '../../src/app/operator.ts';
import { FAILURE_CODES } from '../../src/call/index.ts';
import { SETTINGS, flagOf, loadConfig, variableOf } from '../../src/config/index.ts';
import { Secret, readYaml } from '../../src/lib/index.ts';
import { assertedHeaders } from '../../src/proxy/assertion.ts';
import { claimsIdentity } from '../../src/proxy/fields.ts';
import { killRecord } from '../../src/telemetry/kill-record.ts';
import { outboundRecord } from '../../src/telemetry/outbound-record.ts';
import { callRecord, connectionRecord } from '../../src/telemetry/record.ts';
import { aCall, anOutboundCall } from '../support/calls.ts';
import { metricsRows } from './metrics-table.ts';
import { HOME, blocksOf, namesIn, proseOf, readPage, regionOf, rowsOf } from './page.ts';

const page = readPage('docs/configuration.md');

describe('docs/configuration.md', () => {
  it('has the settings of the code: run npm run pages after changing them', () => {
    expect(page).toBe(withSettings(page));
    for (const setting of SETTINGS)
      for (const name of [setting.path.join('.'), `--${flagOf(setting)}`, variableOf(setting)])
        expect(page).toContain(`\`${name}\``);
  });

  it('has the metrics of the code, with type, labels and meaning', async () => {
    expect(rowsOf(regionOf(page, 'metrics'))).toEqual(await metricsRows());
  });

  it('has the fields of an audit line, and no other', () => {
    const named = rowsOf(regionOf(page, 'audit')).flatMap(([cell = '']) => namesIn(cell));
    expect(named.toSorted()).toEqual([...AUDIT_FIELDS].toSorted());
  });

  it('its audit line has only such fields, in their order', () => {
    const [json] = blocksOf(page).filter(({ language }) => language === 'json');
    const keys = Object.keys(JSON.parse(json!.text) as object);
    expect(keys).toEqual([...AUDIT_FIELDS].filter((field) => keys.includes(field)));
  });

  it('has the fields that the agent behind gets, and no other', () => {
    const named = rowsOf(regionOf(page, 'headers')).flatMap(([cell = '']) => namesIn(cell));
    expect(named.toSorted()).toEqual(namesAdded().toSorted());
  });

  it('has the questions that the admin socket answers, and no other', () => {
    const named = rowsOf(regionOf(page, 'admin')).flatMap(([cell = '']) => namesIn(cell));
    // Only the names are asked for, so nobody has to stand behind them.
    const nobody: unknown = [{}, {}, {}];
    const handlers = adminHandlers(...(nobody as Parameters<typeof adminHandlers>));
    expect(named.toSorted()).toEqual(Object.keys(handlers).toSorted());
  });

  it('names only fields that are removed', () => {
    const names = namesIn(regionOf(page, 'removed'));
    expect(names.length).toBeGreaterThan(10);
    const left = names.filter((name) => !claimsIdentity(name.replace('*', 'anything')));
    expect(left).toEqual([]);
  });

  it('names only codes that exist', () => {
    const known = new Set<string>(FAILURE_CODES);
    const codes = namesIn(proseOf(page)).filter((name) => /^[A-Z]+(_[A-Z]+)+$/.test(name));
    const unknown = codes.filter((name) => !known.has(name) && !isVariable(name));
    expect(unknown).toEqual([]);
  });
});

describe('the schema of sidegate.yaml', () => {
  const text = readFileSync(`${HOME}sidegate.yaml`, 'utf8');

  it('is named in the first line of the sample', () => {
    expect(text.split('\n')[0]).toBe(
      '# yaml-language-server: $schema=./schema/sidegate.schema.json',
    );
  });

  it('takes the sample and the examples of the page', () => {
    const schema = z.fromJSONSchema(configJsonSchema() as z.core.JSONSchema.JSONSchema);
    const examples = blocksOf(page).filter(({ language }) => language === 'yaml');
    for (const sample of [text, ...examples.map((block) => block.text)])
      expect(schema.safeParse(plain(sample)).error).toBeUndefined();
    const wrong = { ...plain(text), lstatus: { listen: '127.0.0.1:9464' } };
    expect(schema.safeParse(wrong).success).toBe(false);
  });

  it('describes every setting', () => {
    const bare: string[] = [];
    collectBare(configJsonSchema(), '', bare);
    expect(bare).toEqual([]);
  });
});

describe('the sample sidegate.yaml', () => {
  it('loads, and says where the quickstart is', () => {
    const { config, warnings } = loadConfig(`${HOME}sidegate.yaml`, {
      flags: {},
      trust: [],
      variables: {},
      folder: HOME,
    });
    expect(config.inbound.listen).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 8443 });
    expect(warnings).toEqual([]);
  });
});

const CONNECTION = { id: 'a', time: 0, code: 'NO_CERTIFICATE', detail: '', address: 'b' } as const;

/** In the order of a call's line; what only a refused connection has comes last. */
const AUDIT_FIELDS: ReadonlySet<string> = new Set([
  ...Object.keys(callRecord(aCall(), undefined)),
  ...Object.keys(outboundRecord(anOutboundCall(), undefined)),
  ...Object.keys(connectionRecord({ ...CONNECTION, claimedId: 'c', serial: 'd' })),
  ...Object.keys(killRecord({ kind: 'kill-switch', action: 'kill', time: 0, agent: 'a', by: 'b' })),
]);

/** The names of what a call gets that has everything a call can have. */
function namesAdded(): readonly string[] {
  const call = aCall();
  const { request, decision } = call;
  if (request === undefined || decision?.allowed !== true) throw new TypeError('an allowed call');
  const rule = { ...decision.rule, authorization: 'pass' } as const;
  const trace = { ...request.trace, state: 'a=b' };
  const full = {
    ...call,
    request: { ...request, headers: [], proof: 'p', trace },
    decision: { ...decision, rule },
    handle: new Secret('h'),
  };
  const self = { spiffeId: 'spiffe://acme.test/agent/x', pseudonym: 'p', authority: 'localhost' };
  return assertedHeaders(full as unknown as Parameters<typeof assertedHeaders>[0], self).map(
    ([name]) => name,
  );
}

function isVariable(name: string): boolean {
  return name.startsWith('SIDEGATE_') || name === 'NO_COLOR';
}

function plain(text: string): object {
  return JSON.parse(JSON.stringify(readYaml(text, 'sidegate.yaml').value)) as object;
}

function collectBare(node: object, path: string, bare: string[]): void {
  if (!('properties' in node)) return;
  for (const [key, inner] of Object.entries(node.properties as Record<string, object>)) {
    const isSection = 'properties' in inner || 'additionalProperties' in inner;
    if (!isSection && !('description' in inner)) bare.push(`${path}${key}`);
    collectBare(inner, `${path}${key}.`, bare);
  }
}
