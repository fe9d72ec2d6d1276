import { describe, expect, it } from 'vitest';
import { routed, routesOnly } from './sample.ts';

describe('a path', () => {
  const policy = routesOnly(
    'GET /',
    'GET /invoices',
    'GET /invoices/{id}',
    'GET /invoices/{id}/lines',
    'GET /invoices/latest',
    'GET /invoices/latest/raw',
    'GET /files/**',
    'GET /files/{name}/meta',
    'POST /files/public/{name}',
  );
  it.each([
    ['/', 'GET /'],
    ['/invoices', 'GET /invoices'],
    ['/invoices/7', 'GET /invoices/{id}'],
    ['/invoices/latest', 'GET /invoices/latest'],
    ['/invoices/latest/lines', 'GET /invoices/{id}/lines'],
    ['/invoices/7/raw', 'NO_ROUTE'],
    ['/files', 'NO_ROUTE'],
    ['/files/', 'NO_ROUTE'],
    ['/files/a', 'GET /files/**'],
    ['/files/a/', 'GET /files/**'],
    ['/files/a/b/c', 'GET /files/**'],
    ['/files/a/meta', 'GET /files/{name}/meta'],
    ['/files/a/meta/x', 'GET /files/**'],
    ['/files/public/a/b', 'GET /files/**'],
    ['/files/public/a', 'METHOD_NOT_ALLOWED'],
    ['/files/public/meta', 'METHOD_NOT_ALLOWED'],
    ['/nothing', 'NO_ROUTE'],
    ['/files//a', 'NO_ROUTE'],
    ['invoices', 'NO_ROUTE'],
    ['', 'NO_ROUTE'],
    ['/__proto__', 'NO_ROUTE'],
    ['/constructor', 'NO_ROUTE'],
    ['/invoices/__proto__', 'GET /invoices/{id}'],
    ['/invoices/{id}', 'GET /invoices/{id}'],
  ])('%s belongs to %s', (path, route) => {
    expect(routed(policy, `GET ${path}`)).toBe(route);
  });

  it('of many segments matches /** alone, and is not even split further than the longest template', () => {
    expect(routed(policy, `GET /files${'/a'.repeat(4000)}`)).toBe('GET /files/**');
    expect(routed(policy, `GET /invoices${'/a'.repeat(4000)}`)).toBe('NO_ROUTE');
  });
});

describe('a method', () => {
  const policy = routesOnly(
    'GET /a',
    'POST,PUT /a',
    'GET /b',
    'HEAD /b',
    'DELETE /c/{x}',
    'GET /c/**',
    'POST /d',
  );
  it.each([
    ['GET /a', 'GET /a'],
    ['HEAD /a', 'GET /a'],
    ['PUT /a', 'POST,PUT /a'],
    ['DELETE /a', 'METHOD_NOT_ALLOWED'],
    ['OPTIONS /a', 'METHOD_NOT_ALLOWED'],
    ['get /a', 'METHOD_NOT_ALLOWED'],
    ['HEAD /b', 'HEAD /b'],
    ['GET /c/1', 'METHOD_NOT_ALLOWED'],
    ['HEAD /d', 'METHOD_NOT_ALLOWED'],
    ['constructor /a', 'METHOD_NOT_ALLOWED'],
  ])('%s: %s, whatever a less specific route allows', (call, route) => {
    expect(routed(policy, call)).toBe(route);
  });

  it('that is not listed is denied by the strictest line of its path', () => {
    const denial = routesOnly('GET /a').route({ method: 'PUT', path: '/a' });
    expect(denial).toMatchObject({
      code: 'METHOD_NOT_ALLOWED',
      nearest: false,
      missing: 'method PUT',
      rule: { name: 'GET /a' },
    });
  });
});

describe('an ambiguous path', () => {
  const policy = routesOnly(
    'GET /{page}',
    'GET /admin',
    'GET /Reports/{id}',
    'GET /reports/special',
    'GET /files/**',
    'GET /files/{name}',
    'GET /caf%C3%A9',
    'GET /x/{a}',
    'GET /X/{a}',
  );
  it.each([
    ['/admin', 'GET /admin'],
    ['/ADMIN', 'AMBIGUOUS_PATH'],
    ['/Admin', 'AMBIGUOUS_PATH'],
    ['/other', 'GET /{page}'],
    ['/Other', 'GET /{page}'],
    ['/admin/', 'NO_ROUTE'],
    ['/Reports/1', 'GET /Reports/{id}'],
    ['/reports/1', 'NO_ROUTE'],
    ['/Reports/special', 'AMBIGUOUS_PATH'],
    ['/Reports/Special', 'AMBIGUOUS_PATH'],
    ['/reports/special', 'GET /reports/special'],
    ['/files/a', 'GET /files/{name}'],
    ['/files/a/', 'AMBIGUOUS_PATH'],
    ['/files/a/b/', 'GET /files/**'],
    ['/CAF\u00c9', 'AMBIGUOUS_PATH'],
    ['/x/1', 'GET /x/{a}'],
    ['/X/1', 'GET /X/{a}'],
  ])('%s: %s', (path, route) => {
    expect(routed(policy, `GET ${path}`)).toBe(route);
  });

  it('names the more specific route that it would match', () => {
    expect(policy.route({ method: 'GET', path: '/Admin' })).toMatchObject({
      code: 'AMBIGUOUS_PATH',
      rule: { name: 'GET /admin' },
      nearest: true,
    });
  });
});

describe('a call without a route names the nearest one', () => {
  const policy = routesOnly('GET /invoices/{id}', 'GET /invoices/{id}/lines', 'GET /events');
  it.each([
    ['/invoices/7/x', 'GET /invoices/{id}'],
    ['/invoices/7/lines/x', 'GET /invoices/{id}/lines'],
    ['/invoices', 'GET /invoices/{id}'],
    ['/Events', 'GET /events'],
    ['/events/', 'GET /events'],
    ['/nothing', undefined],
  ])('%s: %s', (path, nearest) => {
    const denial = policy.route({ method: 'GET', path });
    expect(denial).toMatchObject({ code: 'NO_ROUTE', nearest: nearest !== undefined });
    expect('allowed' in denial ? denial.rule?.name : '').toBe(nearest);
  });
});
