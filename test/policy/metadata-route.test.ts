import { expect, it } from 'vitest';
import { faultsOf, load, policyText } from './sample.ts';

const PATH = '/.well-known/oauth-protected-resource';
const ISSUERS = `issuers:\n  sts: { issuer: https://sts.test, keys: { file: a.json } }\n`;
const TAKES = '  GET /a: { scopes: [], token: required }';

it.each([`GET ${PATH}`, `GET,HEAD ${PATH}/**`, `GET ${PATH}/invoices/{id}`])(
  '%s can be answered with metadata, and takes no token',
  (key) => {
    const policy = load({
      head: ISSUERS,
      agents: '  a: [m]',
      routes: `  ${key}: { scopes: [m], answer: metadata, rate: 5/s }\n${TAKES}`,
    });
    expect(policy.routes[0]).toMatchObject({
      answer: 'metadata',
      tokenRule: { token: 'forbidden' },
    });
    expect(policy.routes[1]?.answer).toBeUndefined();
  },
);

it.each<[string, string, string]>([
  ['GET /a', '', 'metadata is elsewhere (RFC 9728)'],
  [`GET ${PATH}s`, '', 'metadata is elsewhere (RFC 9728)'],
  [`GET,POST ${PATH}`, '', 'metadata is only read'],
  [`GET ${PATH}`, ', body: 1KiB', `'body' has no effect where Sidegate itself answers`],
  [`GET ${PATH}`, ', upgrade: websocket', `'upgrade' has no effect where Sidegate itself answers`],
  [`GET ${PATH}`, ', token: required', `'token' has no effect where Sidegate itself answers`],
])('%s { answer: metadata%s } is refused: %s', (key, rest, message) => {
  const routes = `  ${key}: { scopes: []${rest}, answer: metadata }`;
  const faults = faultsOf(policyText({ head: ISSUERS, routes }));
  expect(faults.map((fault) => fault.replace(/^\S+ /, ''))).toContain(message);
});

it('where no issuer is named, there is nothing to tell', () => {
  const routes = `  GET ${PATH}: { scopes: [], answer: metadata }`;
  expect(faultsOf(policyText({ routes })).join()).toContain(`without 'issuers'`);
});
