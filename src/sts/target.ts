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
  const fault = faultOf(audience, client, registry);
  if (fault !== undefined) throw new TokenRefusal('invalid_target', fault);
  return audience;
}

/**
 * The audiences of a task grant: as with scopes, what is left of what was asked for. One peer that is disabled keeps no
 * work from the others.
 *
 * @throws TokenRefusal if nothing is left, for the first of them
 */
export function narrowedAudiences(
  asked: readonly string[],
  client: Client,
  registry: Registry,
): readonly string[] {
  const left = asked.filter((audience) => faultOf(audience, client, registry) === undefined);
  if (left.length > 0) return left;
  return [audienceOf({ audience: asked[0], resource: undefined }, client, registry)];
}

/** Why no token of this client may be for it; undefined if one may. */
function faultOf(audience: string, client: Client, registry: Registry): string | undefined {
  if (!client.audiences.includes(audience))
    return `the audience is none of the peers of ${client.name}`;
  const peer = registry.withId(audience);
  return peer?.disabled === false ? undefined : 'the audience is no agent that is enabled';
}
