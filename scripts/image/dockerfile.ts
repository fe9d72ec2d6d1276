/** One line of a Dockerfile that means something. */
export interface Instruction {
  readonly name: string;
  /** `--from=build` and its like. */
  readonly flags: Readonly<Record<string, string>>;
  readonly rest: string;
}

export interface Stage {
  readonly base: string;
  /** Its name, or its number. */
  readonly name: string;
  readonly steps: readonly Instruction[];
}

/** The stages of a Dockerfile, as far as ours goes: no variables, no here-documents. */
export function stagesOf(text: string): readonly Stage[] {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replace(/\\\n/g, ' ')
    .split('\n');
  const stages: { base: string; name: string; steps: Instruction[] }[] = [];
  for (const { name, flags, rest } of lines.map(instructionOf)) {
    const [base = '', , alias] = rest.split(/\s+/);
    if (name === 'FROM') stages.push({ base, name: alias ?? String(stages.length), steps: [] });
    else stages.at(-1)?.steps.push({ name, flags, rest });
  }
  return stages;
}

/** The words of an instruction in JSON form, such as ENTRYPOINT. */
export function wordsOf(stage: Stage, name: string): readonly string[] {
  const rest = stage.steps.findLast((step) => step.name === name)?.rest ?? '';
  return JSON.parse(rest.replace(/^CMD /, '')) as string[];
}

function instructionOf(line: string): Instruction {
  const [, name = '', given = '', rest = ''] =
    /^(\w+)((?:\s+--[\w-]+=\S+)*)\s+(.*)$/.exec(line) ?? [];
  const flags = [...given.matchAll(/--([\w-]+)=(\S+)/g)].map(([, key = '', value = '']) => [
    key,
    value,
  ]);
  return {
    name: name.toUpperCase(),
    flags: Object.fromEntries(flags) as Instruction['flags'],
    rest,
  };
}
