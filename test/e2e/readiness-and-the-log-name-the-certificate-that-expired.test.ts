import { expect, it } from 'vitest';
import { until, world } from '../support/harness.ts';

const SERVER = { id: 'spiffe://acme.test/agent/invoices', dns: ['localhost'], ip: ['127.0.0.1'] };

it('our certificate expires: not ready, with the code, and one line that names it; renewed: ready', async () => {
  const w = await world();
  const { status } = w.sidecar;
  const url = `http://127.0.0.1:${status?.kind === 'tcp' ? status.port : 0}/readyz`;
  const reasons = async () => ((await (await fetch(url)).json()) as { reasons: unknown }).reasons;
  const end = Math.floor(Date.now() / 1000) * 1000 + 2000;
  const put = (one: { certPem: string; keyPem: string }) => {
    w.write('certs/server.crt', one.certPem);
    w.write('certs/server.key', one.keyPem);
    w.sidecar.reload();
  };
  put(w.issue({ ...SERVER, notAfter: end }));
  expect(await reasons()).toEqual([]);
  const line = /our certificate \S+certs\/server\.crt \(serial \w+\) expired at (\S+):/g;
  const [told] = await until(() => {
    const found = [...w.log().matchAll(line)];
    return found.length > 0 ? found : undefined;
  });
  expect(told?.[1]).toBe(new Date(end).toISOString());
  expect(await reasons()).toEqual(['CERTIFICATE_EXPIRED']);
  put(w.issue(SERVER));
  expect(await reasons()).toEqual([]);
  expect([...w.log().matchAll(line)]).toHaveLength(1);
});
