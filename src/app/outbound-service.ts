import type { Config } from '../config/index.ts';
import type { Identity } from '../tls/index.ts';
import {
  askForToken,
  endTask,
  registerTask,
  type GrantedTask,
  type GrantedToken,
  type TaskWish,
  type TokenWish,
} from '../token/index.ts';
import { deleteDocument, placeOf, postForm, type Document } from '../upstream/index.ts';
import { SharedPool, type PoolParts } from './outbound-pools.ts';
import type { TaskService } from './outbound-tasks.ts';
import type { ServiceReach } from './reach.ts';

export interface ServiceParts extends Omit<PoolParts, 'headersTimeout'> {
  readonly reach: ServiceReach;
}

/** Bytes and milliseconds of an answer. */
const ANSWER = { maxBytes: 64 * 1024, timeout: 10_000 };

/** The token service, asked under one certificate of ours. */
export class AskedService implements TaskService {
  readonly #url: string;
  /** Where task grants are registered and given back: beside the token endpoint. */
  readonly #grants: string;
  readonly #pool: SharedPool;
  readonly #reach: ServiceReach;

  constructor(
    { url, id }: NonNullable<Config['tokenService']>,
    identity: Identity,
    { dialer, stillGood, calls, reach }: ServiceParts,
  ) {
    this.#url = url;
    this.#grants = new URL('grants', url).href;
    this.#reach = reach;
    const server = { ...placeOf(url).place, spiffeId: id };
    const parts = { dialer, stillGood, calls, headersTimeout: ANSWER.timeout };
    this.#pool = new SharedPool(server, identity, parts);
  }

  /** Rejects with a Refusal, as all questions do. */
  token(wish: TokenWish): Promise<GrantedToken> {
    return this.#reach.during(askForToken(wish, (form) => this.#post(this.#url, form)));
  }

  register(wish: TaskWish): Promise<GrantedTask> {
    return this.#reach.during(registerTask(wish, (form) => this.#post(this.#grants, form)));
  }

  end(grant: string): Promise<void> {
    const url = `${this.#grants}/${grant}`;
    const remove = () => this.#asking(() => deleteDocument(this.#pool.pool, url, ANSWER));
    return this.#reach.during(endTask(remove));
  }

  /** Whoever may ask keeps it open until it lets go. */
  take(): void {
    this.#pool.take();
  }

  release(): void {
    this.#pool.release();
  }

  retire(): void {
    this.#pool.retire();
  }

  #post(url: string, form: string): Promise<Document> {
    return this.#asking(() => postForm(this.#pool.pool, url, form, ANSWER));
  }

  /** The pool stays open until the answer is here, though it is retired meanwhile. */
  async #asking(question: () => Promise<Document>): Promise<Document> {
    this.#pool.take();
    try {
      return await question();
    } finally {
      this.#pool.release();
    }
  }
}
