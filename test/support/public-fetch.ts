import { Agent, fetch as undiciFetch } from 'undici';
import { onTestFinished } from 'vitest';
import type { World } from './harness.ts';

/** A client that reaches the public URL with that agent's certificate, as DNS would have it. */
export function publicFetch(w: World, agent: string, publicUrl: string) {
  const { chainPem, keyPem } = w.as(agent);
  const dispatcher = new Agent({ connect: { ca: w.ca.certPem, cert: chainPem, key: keyPem } });
  onTestFinished(() => dispatcher.destroy());
  return async (url: string, asked: { method: string; headers: Record<string, string> }) => {
    const { method, headers } = asked;
    const answer = await undiciFetch(url.replace(publicUrl, w.origin), {
      method,
      headers,
      dispatcher,
    });
    const shown = [...answer.headers] as [string, string][];
    return new Response(await answer.arrayBuffer(), { status: answer.status, headers: shown });
  };
}
