import type { Command } from 'commander';
import type { Terminal } from './terminal.ts';

/** A command as the list of commands shows it. Its own file, and whatever that needs, is read only when it is meant. */
export interface CommandEntry {
  readonly name: string;
  readonly group: string;
  readonly summary: string;
  readonly load: (terminal: Terminal) => Promise<Command>;
}

const BEGIN = 'Begin:';
const RUN = 'Run:';
const POLICY = 'Policy:';
const TOKENS = 'Tokens:';
const CERTIFICATES = 'Certificates:';

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'demo',
    group: BEGIN,
    summary: 'see where nine kinds of calls end, over real connections',
    load: async (terminal) => (await import('./demo.ts')).demoCommand(terminal),
  },
  {
    name: 'init',
    group: BEGIN,
    summary: 'put a sidecar in front of your own agent',
    load: async (terminal) => (await import('./init.ts')).initCommand(terminal),
  },
  {
    name: 'run',
    group: RUN,
    summary: 'run the sidecar',
    load: async (terminal) => (await import('./run.ts')).runCommand(terminal),
  },
  {
    name: 'check',
    group: RUN,
    summary: 'configuration, certificates, policy, upstream: what is wrong, and the remedy',
    load: async (terminal) => (await import('./check.ts')).checkCommand(terminal),
  },
  {
    name: 'why',
    group: RUN,
    summary: 'why a call was denied, by the running sidecar',
    load: async (terminal) => (await import('./why.ts')).whyCommand(terminal),
  },
  {
    name: 'reload',
    group: RUN,
    summary: 'have the running sidecar read certificates, trust and policy anew',
    load: async (terminal) => (await import('./reload.ts')).reloadCommand(terminal),
  },
  {
    name: 'healthy',
    group: RUN,
    summary: 'does the running sidecar take calls? For health checks',
    load: async (terminal) => (await import('./healthy.ts')).healthyCommand(terminal),
  },
  {
    name: 'kill',
    group: RUN,
    summary: 'have the running sidecar refuse an agent at once, until that is lifted',
    load: async (terminal) => (await import('./kill.ts')).killCommand(terminal),
  },
  {
    name: 'audit',
    group: RUN,
    summary: 'verify that an audit is as it was written, and find calls in it',
    load: async (terminal) => (await import('./audit/command.ts')).auditCommand(terminal),
  },
  {
    name: 'call',
    group: RUN,
    summary: 'call through a sidecar as one of your agents',
    load: async (terminal) => (await import('./call.ts')).callCommand(terminal),
  },
  {
    name: 'explain',
    group: POLICY,
    summary: 'may this agent do that, and by which rule?',
    load: async (terminal) => (await import('./explain.ts')).explainCommand(terminal),
  },
  {
    name: 'matrix',
    group: POLICY,
    summary: 'every agent and every route, drawn',
    load: async (terminal) => (await import('./matrix.ts')).matrixCommand(terminal),
  },
  {
    name: 'test',
    group: POLICY,
    summary: 'hold the policy against the cases of policy.test.yaml',
    load: async (terminal) => (await import('./test.ts')).testCommand(terminal),
  },
  {
    name: 'sts',
    group: TOKENS,
    summary: 'run the token service, for where there is no identity provider',
    load: async (terminal) => (await import('./sts.ts')).stsCommand(terminal),
  },
  {
    name: 'token',
    group: TOKENS,
    summary: 'keys of the token service, and tokens for development: keys, mint',
    load: async (terminal) => (await import('./token/command.ts')).tokenCommand(terminal),
  },
  {
    name: 'grants',
    group: TOKENS,
    summary: 'authority of tasks that outlived their call: list, revoke',
    load: async (terminal) => (await import('./grants/command.ts')).grantsCommand(terminal),
  },
  {
    name: 'ca',
    group: CERTIFICATES,
    summary: 'a local certificate authority: init, mint, renew, revoke, list, show',
    load: async (terminal) => (await import('./ca/command.ts')).caCommand(terminal),
  },
];
