import { DEPENDENCIES, type Dependency } from '../src/app/index.ts';

const HEAD = `# When something fails

What Sidegate stands on, how fresh each of it must be, and what happens when it is not. This page is made from the table in
\`src/app/dependencies.ts\` by \`npm run pages\`. The code walks the same table, and a test makes each of them fail.

- \`/readyz\` answers 503, with the code under \`reasons\`, when nobody can be served. Where some can, or where the old is in
  force, it answers 200 and names the dependency under \`degraded\`.
- \`sidegate_dependency_fresh{dependency}\` is 1 or 0 for each that something here stands on, and is looked at once a second.
- Files are read when they change, on SIGHUP and by \`sidegate reload\`. What was refused is tried again then, and when
  the clock was set.
- What each code tells the caller is in [errors.md](errors.md); the metrics are in [configuration.md](configuration.md).
`;

/** docs/faults.md, whole. */
export function faultsPage(): string {
  return `${HEAD}\n${Object.entries<Dependency>(DEPENDENCIES).map(section).join('\n')}`;
}

function section([name, dependency]: readonly [string, Dependency]): string {
  const { what, fresh, otherwise, recovers, codes, metrics } = dependency;
  return `## ${name}

${what}.

| | |
|---|---|
| must be | ${fresh} |
| if not | ${otherwise} |
| recovers | ${recovers} |
| codes | ${codes.length === 0 ? 'none: nobody is refused' : listed(codes)} |
| metrics | ${listed(metrics)} |
`;
}

function listed(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
