/** Characters: too many to stand in a text by chance; of a payload, more than a SPIFFE ID in a certificate has as base64. */
const PIECE = 20;
const PAYLOAD_PIECE = 48;

/** Every credential that a test has used, and what of it nobody may find anywhere. */
export class Secrets {
  /** By what is looked for: of what it is a part. */
  readonly #parts = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** How many were used, by their kind. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** A token or a proof: every piece of its payload and its signature. What it says of its key is no secret. */
  token(kind: string, token: string): string {
    const [, payload, ...rest] = token.split('.');
    if (payload !== undefined) this.#keep(payload, kind, PAYLOAD_PIECE);
    for (const part of payload === undefined ? [token] : rest) this.#keep(part, kind);
    this.#count(kind);
    return token;
  }

  /** What is no JWT. */
  handle(kind: string, handle: string): string {
    this.#keep(handle, kind);
    this.#count(kind);
    return handle;
  }

  /** Of what a part is in this text; never the part itself. */
  foundIn(text: string): string[] {
    const kinds = [...this.#parts].flatMap(([part, kind]) => (text.includes(part) ? [kind] : []));
    return [...new Set(kinds)];
  }

  #keep(text: string, kind: string, length = PIECE): void {
    // Also one that was cut short somewhere is found.
    for (let at = 0; at + length <= text.length; at += length)
      this.#parts.set(text.slice(at, at + length), kind);
  }

  #count(kind: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }
}
