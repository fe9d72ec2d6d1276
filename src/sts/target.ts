import type { Client, Registry } from './client.ts';
import { TokenRefusal } from './refusal.ts';

/** Where a token is to be used, as asked for: by RFC 8693 or by RFC 8707. */
export interface AskedTarget {
  readonly audience: string | undefined;
  readonly resource: string | undefined;
}

/**
 * The one audience of a token: the SPIFFE ID of a peer of the client. With more than one, whoever gets the token could
 * use it at the others.
 *
 * @throws TokenRefusal
 */
export function audienceOf(asked: AskedTarget, client: Client, registry: Registry): string {
  const [audience, another] = [asked.audience, asked.resource].filter((one) => one !== undefined);
  if (audience === undefined) throw new TokenRefusal('invalid_target', 'no audience was asked for');
  if (another !== undefined)
    throw new TokenRefusal('invalid_target', 'both audience and resource were asked for');
  if (!client.audiences.includes(audience))
    throw new TokenRefusal('invalid_target', `the audience is none of the peers of ${client.name}`);
  const peer = registry.withId(audience);
  if (peer?.disabled !== false)
    throw new TokenRefusal('invalid_target', 'the audience is no agent that is enabled');
  return audience;
}
