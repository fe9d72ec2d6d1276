import type { ExitCode } from '../lib/index.ts';

/** Thrown by a command that has said everything there is to say; only its exit code is left to be told. */
export class ExitWith extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super(`exit with ${exitCode}`);
    this.name = 'ExitWith';
    this.exitCode = exitCode;
  }
}
