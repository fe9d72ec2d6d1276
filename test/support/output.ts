import type { Output } from '../../src/telemetry/index.ts';

/** An output that keeps what was written to it. */
export interface KeptOutput extends Output {
  readonly lines: () => string[];
}

export function keptOutput(style: Partial<Pick<Output, 'terminal' | 'colours'>> = {}): KeptOutput {
  let text = '';
  return {
    write: (more) => {
      text += more;
    },
    terminal: style.terminal ?? false,
    colours: style.colours ?? false,
    lines: () => text.split('\n').slice(0, -1),
  };
}
