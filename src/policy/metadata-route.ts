import type { SourceFault, YamlSource } from '../lib/index.ts';
import type { RouteKey } from './route-key.ts';
import { fieldOf, sectionOf } from './section.ts';
import { tokenFields } from './token-shape.ts';

/** Where the metadata of a protected resource is: between its host and its path (RFC 9728, 3). */
export const METADATA_PATH = '/.well-known/oauth-protected-resource';

/** What only matters where the agent is asked. */
const OF_THE_AGENT = ['body', 'upgrade', 'authorization', ...Object.keys(tokenFields)];

/** What is wrong with a route that says `answer: metadata`. */
export function metadataFaults(
  source: YamlSource,
  { text, key, value }: { text: string; key: RouteKey; value: unknown },
): SourceFault[] {
  if (fieldOf(value, 'answer') !== 'metadata') return [];
  const refuse = (field: string, message: string, remedy: string): SourceFault =>
    source.fault(source.valueAt(['routes', text, field]), message, remedy);
  const faults = OF_THE_AGENT.filter((field) => fieldOf(value, field) !== undefined).map((field) =>
    refuse(field, `'${field}' has no effect where Sidegate itself answers`, 'Remove it.'),
  );
  const { text: path } = key.template;
  if (path !== METADATA_PATH && !path.startsWith(`${METADATA_PATH}/`))
    faults.push(
      refuse('answer', 'metadata is elsewhere (RFC 9728)', `Write 'GET ${METADATA_PATH}/**'.`),
    );
  if (key.methods.some((method) => method !== 'GET' && method !== 'HEAD'))
    faults.push(refuse('answer', 'metadata is only read', 'Let the route list GET alone.'));
  if (sectionOf(source, 'issuers').length === 0)
    faults.push(
      refuse(
        'answer',
        `there is nothing to tell without 'issuers'`,
        `Add 'issuers', or remove the route.`,
      ),
    );
  return faults;
}
