import type { Setting } from './settings.ts';

/** Of the agent's way out. */
export const OUTBOUND_SETTINGS: readonly Setting[] = [
  {
    path: ['outbound', 'listen'],
    kind: 'text',
    value: 'unix:file',
    help: 'where the agent makes its calls; TCP, on loopback, wants outbound.secret',
    holds: 'address',
  },
  {
    path: ['outbound', 'secret'],
    kind: 'text',
    value: 'file',
    help: 'whose text every call over TCP must send as x-sidegate-secret',
    holds: 'file',
  },
  {
    path: ['outbound', 'tasks'],
    kind: 'text',
    value: 'file',
    help: 'where work is remembered that outlives its call; left out, a restart ends it',
    holds: 'file',
  },
  {
    path: ['outbound', 'grace'],
    kind: 'text',
    value: 'time',
    help: 'how long x-sidegate-context goes on to work after its call',
  },
  {
    path: ['outbound', 'calls'],
    kind: 'number',
    value: 'n',
    help: 'calls of the agent to peers under way at a time',
  },
  {
    path: ['tokenService', 'url'],
    kind: 'text',
    value: 'url',
    help: 'the token endpoint, for peers that get a token',
  },
  {
    path: ['tokenService', 'id'],
    kind: 'text',
    value: 'spiffe id',
    help: 'what the token service must show; left out, its host name by the CAs of the web',
  },
];
