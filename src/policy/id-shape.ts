import { SpiffeId, SpiffeIdError } from '../spiffe/index.ts';
import { spiffeShape } from './text-shape.ts';

/** The SPIFFE ID of somebody who has a certificate: one with a path. */
export function idShape(description: string, example: string) {
  return spiffeShape(workloadId, { description, examples: [example] });
}

function workloadId(text: string): SpiffeId {
  const id = SpiffeId.parse(text);
  if (id.path === '') throw new SpiffeIdError('the ID of an agent has a path');
  return id;
}
