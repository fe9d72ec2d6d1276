import { FAILURES, FAILURE_CODES, type FailureCode, type Stage } from '../src/call/index.ts';

const STAGES: readonly (readonly [Stage, string])[] = [
  ['identity', 'Who are you? Nothing that could be an identity was shown.'],
  ['authentication', 'Prove it. An identity was claimed, and the proof did not hold.'],
  [
    'authorization',
    'What may you do? The identity is genuine, and this is not among what it may do.',
  ],
  ['request', 'The request itself, or our own state, stood in the way.'],
  ['upstream', 'The call was allowed and handed on, and the agent failed it.'],
];

const HEAD = `# Failure codes

Every refusal has one code: in the answer (\`code\`), in the audit and in \`sidegate why\`. Calls are counted by it in
\`sidegate_requests_total{code}\`, and handshakes in \`sidegate_handshakes_total{result}\`. Codes are stable; a new version may add
some. This page is made from the catalogue in \`src/call/catalogue/\` by \`npm run pages\`, and a test holds the two together.

A refused caller gets \`application/problem+json\` (RFC 9457) with \`type\`, \`title\`, \`status\`, \`detail\`, \`code\`, \`stage\` and
\`id\`. The \`id\` is also the \`x-request-id\` of the answer, the audit line's \`id\`, and what \`sidegate why ID\` takes. The caller
is never told rules, agents or versions; an identified one is told the scope that it lacks. Status 0 means that nobody was
left to answer.

*Shadowed* codes are the ones that \`mode: shadow\` records and lets through; all others are enforced in any mode.
`;

/** docs/errors.md, whole. */
export function errorsPage(): string {
  return `${HEAD}\n${STAGES.map(([stage, what]) => section(stage, what)).join('\n')}`;
}

function section(stage: Stage, what: string): string {
  const codes = FAILURE_CODES.filter((code) => FAILURES[code].stage === stage);
  return `## ${stage}\n\n${what}\n\n${codes.map(entry).join('\n')}`;
}

function entry(code: FailureCode): string {
  const { status, blame, softened, caller, operator, remedy } = FAILURES[code];
  const fault = { caller: "the caller's fault", peer: "the agent's fault", us: 'ours to mend' };
  const told = caller === '' ? 'nothing: nobody is left to tell' : `“${caller}”`;
  return `### ${code}

${status} · ${fault[blame]}${softened ? ' · shadowed' : ''}

${operator} **Remedy:** ${remedy}

The caller is told: ${told}
`;
}
