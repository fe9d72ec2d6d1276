/** One line of a file, changed; `before` is undefined for a new line, which stands below `line`. */
export interface LineEdit {
  /** Of the file as it is, counted from 1. */
  readonly line: number;
  readonly before: string | undefined;
  readonly after: string;
}

interface DraftLine {
  readonly line: number;
  readonly before: string | undefined;
  text: string;
}

/** A file under change, which remembers how each line was. */
export class Draft {
  readonly #lines: DraftLine[];
  readonly #end: string;

  constructor(text: string) {
    this.#end = text.includes('\r\n') ? '\r\n' : '\n';
    this.#lines = text
      .split(/\r?\n/)
      .map((line, index) => ({ line: index + 1, before: line, text: line }));
  }

  get text(): string {
    return this.#lines.map(({ text }) => text).join(this.#end);
  }

  get lineCount(): number {
    return this.#lines.length;
  }

  lineAt(line: number): string {
    return this.#lines[line - 1]?.text ?? '';
  }

  /** Replaces `length` characters of a line of the text as it is now; line and column count from 1. */
  replace(at: { line: number; column: number }, length: number, by: string): void {
    const line = this.#lines[at.line - 1];
    if (line === undefined) return;
    const begin = at.column - 1;
    line.text = line.text.slice(0, begin) + by + line.text.slice(begin + length);
  }

  /** Puts a new line below a line of the text as it is now. */
  insertBelow(line: number, text: string): void {
    const above = this.#lines[line - 1];
    if (above === undefined) return;
    this.#lines.splice(line, 0, { line: above.line, before: undefined, text });
  }

  get edits(): readonly LineEdit[] {
    return this.#lines
      .filter(({ before, text }) => before !== text)
      .map(({ line, before, text }) => ({ line, before, after: text }));
  }
}

/** The text with the edits made. */
export function applyEdits(text: string, edits: readonly LineEdit[]): string {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const byLine = Map.groupBy(edits, ({ line }) => line);
  const lines = text.split(/\r?\n/).flatMap((line, index) => {
    const here = byLine.get(index + 1) ?? [];
    const replaced = here.find(({ before }) => before !== undefined);
    const added = here.filter(({ before }) => before === undefined);
    return [replaced?.after ?? line, ...added.map(({ after }) => after)];
  });
  return lines.join(end);
}
