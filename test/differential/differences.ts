import { loadPolicy } from '../../src/policy/index.ts';
import { claimsIdentity, foldName } from '../../src/proxy/fields.ts';
import { POLICY, type Sent } from './requests.ts';
import type { Read } from './server.ts';

const policy = loadPolicy(POLICY, 'policy.yaml', { now: Date.now() });
/** What the agent is told of its caller, and nothing else that claims anything. */
const CLAIMS = 'forwarded x-forwarded-client-cert x-sidegate-agent x-sidegate-scopes';

const PASSED: ReadonlySet<string> = new Set([
  ...['accept', 'x', 'x-odd', 'x-tab', 'x-empty', 'x_y', 'x.y', '__proto__', 'cookie', 'range'],
  ...['if-none-match', 'sec-websocket-version'],
]);

type Field = readonly [name: string, value: string];
type All = (name: string) => readonly string[];

/**
 * What the server read, held against the audit line of the call and against what was sent. Empty if all agree: the
 * policy, asked about what the server read, must give the very route that decided.
 */
export function differences(
  read: Read,
  line: Record<string, unknown> | undefined,
  authority: string,
): readonly string[] {
  if (line === undefined) return [`no call was judged for ${read.method} ${read.target}`];
  const all: All = (name) => read.fields.filter(([it]) => it === name).map(([, value]) => value);
  const one = (name: string) => (all(name).length === 1 ? all(name)[0] : undefined);
  const sent = JSON.parse(Buffer.from(one('x-sent') ?? '', 'base64url').toString()) as Sent;
  const route = policy.route({ method: read.method, path: read.path });
  const rows: readonly (readonly [what: string, is: unknown, shouldBe: unknown])[] = [
    ['decision', line.decision, 'allow'],
    ['method', read.method, line.method],
    ['method sent', read.method, sent.method],
    ['path', read.target.split('?')[0], line.path],
    ['target sent', read.target, sent.target],
    ['meaning', read.path, decodeURIComponent(String(line.path))],
    ['route', 'name' in route ? route.name : route.code, line.route],
    ['host', one('host'), authority],
    ['host asked for', /host="([^"]*)"/.exec(one('forwarded') ?? '')?.[1], sent.host],
    ['body', read.body ?? sent.body, sent.body],
    ['framing', framingOf(all), framingFor(sent, all)],
    ['agent', one('x-sidegate-agent'), 'billing'],
    ['scopes', one('x-sidegate-scopes'), 'items:read'],
    ['claims', claimsIn(read.fields), CLAIMS],
    ['other fields', othersIn(read.fields), othersIn(sent.fields.map(fieldOf))],
  ];
  return rows
    .filter(([, is, shouldBe]) => is !== shouldBe)
    .map(([what, is, shouldBe]) => `${what}: ${String(is)}, not ${String(shouldBe)}`)
    .map((what) => `${sent.method} ${sent.target}: ${what}`);
}

function fieldOf(line: string): Field {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function claimsIn(fields: readonly Field[]): string {
  const names = fields.map(([name]) => name).filter((name) => claimsIdentity(foldName(name)));
  return names.toSorted().join(' ');
}

/** Those that are passed on as they came, lines of one name together: servers may join them. */
function othersIn(fields: readonly Field[]): string {
  const values = new Map<string, string>();
  for (const [name, value] of fields) {
    if (!PASSED.has(name)) continue;
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return JSON.stringify([...values].toSorted());
}

function framingOf(all: All): string {
  return [...all('content-length'), ...all('transfer-encoding')].join(' and ');
}

/** Framed once, or not at all; by a length only if it is the length of what was sent. */
function framingFor({ body }: Sent, all: All): string {
  if (all('transfer-encoding').length > 0) return 'chunked';
  return all('content-length').length === 0 && body === '' ? '' : String(body.length);
}
