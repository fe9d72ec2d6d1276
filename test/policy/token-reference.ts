import {
  UNIVERSE,
  idOf,
  type AgentSketch,
  type Sketch,
  type TokenSketch,
  type Who,
} from './token-arbitrary.ts';

type Code = string;

const held = (agent: AgentSketch): readonly string[] =>
  UNIVERSE.filter((scope) =>
    agent.scopes.some((one) =>
      one.endsWith(':*') ? scope.startsWith(one.slice(0, -1)) : one === scope,
    ),
  );

type Scopes = readonly string[];
const both = (a: Scopes, b: Scopes): Scopes => a.filter((one) => b.includes(one));
const within = (a: Scopes, b: Scopes): boolean => a.every((one) => b.includes(one));

/** The rules of the language word for word, with sets, over the sketch alone. */
export function reference(sketch: Sketch, name: string, token: TokenSketch | undefined): Code {
  const { rule, agents } = sketch;
  const agent = agents.find((one) => one.name === name)!;
  if (agent.disabled) return 'AGENT_DISABLED';
  const granted = held(agent);
  const free = both(granted, rule.withoutToken);
  const required = rule.scopes;
  if (token === undefined) {
    if (rule.token === 'required') return 'TOKEN_MISSING';
    if (!within(required, granted)) return 'SCOPE_MISSING';
    return rule.token === 'optional' && !within(required, free) ? 'TOKEN_MISSING' : 'OK';
  }
  if (rule.token === 'forbidden') return 'TOKEN_NOT_TAKEN';
  if (token.issuer === 'foreign') return 'TOKEN_UNTRUSTED';
  const refused = refusal(sketch, agent, token);
  if (refused !== undefined) return refused;

  const whom = known(sketch, token.subject);
  const carried = [token.scopes, ...chainGrants(sketch, token)].reduce(both, granted);
  const own = rule.token === 'optional' ? free : both(free, token.scopes);
  const alone = whom === agent && rule.onBehalfOf === 'allowed';
  const effective = alone ? own : [...own, ...carried];
  if (within(required, effective)) return 'OK';
  if (!within(required, granted)) return 'SCOPE_MISSING';
  const lost = required.filter((one) => !effective.includes(one));
  return alone && !within(lost, free) ? 'DELEGATION_REQUIRED' : 'SCOPE_MISSING';
}

/** What an issuer that does not narrow leaves to ask: everybody behind the caller, and the subject if it is an agent. */
function chainGrants(sketch: Sketch, token: TokenSketch): Scopes[] {
  if (sketch.narrows[token.issuer] === true) return [];
  return [...token.behind, token.subject].flatMap((one) => {
    const agent = known(sketch, one);
    return agent === undefined ? [] : [held(agent)];
  });
}

function refusal(sketch: Sketch, agent: AgentSketch, token: TokenSketch): Code | undefined {
  const { rule } = sketch;
  const whom = known(sketch, token.subject);
  const onBehalf = whom !== agent;
  if (!onBehalf && rule.onBehalfOf === 'required') return 'DELEGATION_REQUIRED';
  if (onBehalf && rule.onBehalfOf === 'forbidden') return 'DELEGATION_FORBIDDEN';
  if (onBehalf && !listed(rule.subjects, token.subject)) return 'DELEGATION_SUBJECT_REFUSED';

  const acted = token.acted || token.behind.length > 0;
  const presenter: Who = ['sts', idOf(agent.name)];
  const chain = acted ? [presenter, ...token.behind] : [];
  const max = rule.onBehalfOf === 'forbidden' ? 4 : rule.maxDepth;
  if (chain.length > max) return 'DELEGATION_TOO_DEEP';
  // As the call went: from the subject, without the first actor if that is the subject itself.
  const names = chain.toReversed().map((one) => nameOf(sketch, one));
  const whole =
    names[0] === nameOf(sketch, token.subject) ? names : [nameOf(sketch, token.subject), ...names];
  const loops = rule.onBehalfOf === 'forbidden' ? 'refuse' : rule.loops;
  if (loops === 'refuse' && chain.length > 0 && new Set(whole).size < whole.length)
    return 'DELEGATION_LOOP';

  const others = token.behind.filter((one) => known(sketch, one) !== agent);
  const bad = others.some((one) => {
    const actor = known(sketch, one);
    if (actor === undefined) return sketch.narrows[token.issuer] !== true || rule.via !== undefined;
    return actor.disabled || rule.via?.includes(actor.name) === false;
  });
  return bad || whom?.disabled === true ? 'DELEGATION_ACTOR_REFUSED' : undefined;
}

export function known({ agents }: Sketch, [issuer, subject]: Who): AgentSketch | undefined {
  if (issuer === 'foreign') return undefined;
  return agents.find(
    ({ name, client }) => subject === idOf(name) || (issuer === 'idp' && subject === client),
  );
}

function nameOf(sketch: Sketch, who: Who): string {
  return known(sketch, who)?.name ?? who.join(' ');
}

function listed(subjects: Sketch['rule']['subjects'], [issuer, subject]: Who): boolean {
  if (issuer === 'foreign') return false;
  if (subjects === undefined) return true;
  return (subjects[issuer] ?? []).some((one) =>
    one.endsWith('*') ? subject.startsWith(one.slice(0, -1)) : subject === one,
  );
}
