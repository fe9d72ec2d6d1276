import { loadConfig, type LoadedConfig } from '../config/index.ts';
import { atCwd } from './paths.ts';
import type { Terminal } from './terminal.ts';

/** The configuration that a person named, with the variables of the environment over it. */
export function readConfigFile(terminal: Terminal, name: string): LoadedConfig {
  return loadConfig(atCwd(terminal, name), {
    flags: {},
    trust: [],
    variables: terminal.env,
    folder: terminal.cwd,
  });
}
