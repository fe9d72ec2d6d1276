import { join } from 'node:path';
import { expect, it } from 'vitest';
import { until, world, type World } from '../support/harness.ts';
import { startProcess } from '../support/process.ts';

const FAULTY = join(import.meta.dirname, '../support/faulty-sidegate.ts');

function openTo(w: World, port: number) {
  return w.open({ as: 'planner', path: '/events?every=60000', port });
}

it.each([['SIGUSR2', 'thrown in a timer'] as const, ['SIGWINCH', 'rejected by nobody'] as const])(
  'after %s (an error %s) nothing goes on, the audit is written, and the last line says why',
  async (signal, message) => {
    const w = await world();
    const faulty = startProcess(w, { script: FAULTY });
    const stream = await openTo(w, await faulty.port());
    const broken = stream.toArray();
    await until(() => faulty.audit().find(({ event }) => event === 'begun'));
    faulty.child.kill(signal);
    await expect(broken).rejects.toThrow('aborted');
    expect(await faulty.ended).toBe(1);
    const call = faulty.audit().find(({ event }) => event === 'call');
    expect(call).toMatchObject({ code: 'CUT', how: 'cut', agent: 'planner' });
    const [sentence, remedy] = faulty.said().trimEnd().split('\n').slice(-2);
    expect(sentence).toBe(`sidegate: stopped by an error that nobody foresaw: ${message}`);
    expect(remedy).toMatch(/^ {2}This is a defect/);
  },
);
