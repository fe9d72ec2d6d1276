import { join } from 'node:path';
import { expect, it } from 'vitest';
import { world, type World } from '../support/harness.ts';
import {
  callWith,
  outsiderPolicy,
  startOutsider,
  type Alg,
  type Outsider,
} from '../support/outsider.ts';
import { throwawayCa } from '../support/pki.ts';
import { startProcess } from '../support/process.ts';
import { OK, scriptedAgent, type ScriptedAgent } from '../support/scripted-agent.ts';

interface Scene {
  readonly w: World;
  readonly agent: ScriptedAgent;
  readonly outsider: Outsider;
  readonly port: number;
}

/** A process that is told of the server's CA in the way of Node; what the test's own process trusts does not matter. */
async function scene(alg: Alg): Promise<Scene> {
  const ca = throwawayCa({ trustDomain: 'acme.test' });
  const outsider = await startOutsider(ca, alg);
  const agent = await scriptedAgent((socket) => void socket.write(OK));
  const w = await world({ ca, policy: outsiderPolicy(outsider), upstream: agent.upstream });
  w.write('web.crt', outsider.web.certPem);
  const env = { NODE_EXTRA_CA_CERTS: join(w.folder, 'web.crt') };
  const port = await startProcess(w, { env }).port();
  return { w, agent, outsider, port };
}

it.each(['RS256', 'ES256'] as const)('signed with %s', async (alg) => {
  const { w, agent, outsider, port } = await scene(alg);
  const planner = w.as('planner');
  const [own, alices] = [await outsider.own(planner), await outsider.onBehalf(planner)];
  const codeOf = async (path: string, token: string, as = 'planner') => {
    const answer = await callWith(w, path, token, as, port);
    return answer.status === 200 ? 'OK' : answer.json().code;
  };
  expect(await codeOf('/own', own)).toBe('OK');
  expect(await codeOf('/for-alice', alices)).toBe('OK');
  expect(agent.heads).toHaveLength(2);
  expect(agent.bytes()).not.toMatch(/authorization|bearer/i);
  expect(await codeOf('/own', alices)).toBe('DELEGATION_FORBIDDEN');
  expect(await codeOf('/for-alice', own)).toBe('DELEGATION_REQUIRED');
  expect(await codeOf('/for-alice', alices, 'billing')).toBe('TOKEN_BOUND_ELSEWHERE');
  expect(agent.heads).toHaveLength(2);
});

it('not where nobody vouches for the server of its keys', async () => {
  const { w, agent, outsider } = await scene('ES256');
  const token = await outsider.own(w.as('planner'));
  // The world's own sidecar, in a process that was told of no CA.
  const answer = await callWith(w, '/own', token);
  expect(answer.json().code).toBe('ISSUER_UNAVAILABLE');
  expect(agent.heads).toEqual([]);
  const [line] = await w.audit();
  expect(line?.detail).toMatch(/^PEER_UNTRUSTED: /);
});
