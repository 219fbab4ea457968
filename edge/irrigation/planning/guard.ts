import type { Logger } from '@nongtin/service';

/** Lets work fail without taking anything else with it, and says so once, not every few seconds. */
export class Guard {
  readonly #logger: Logger;
  readonly #failing = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** What `work` answers; undefined: it has failed. `what` names it, such as a zone's id, `words` say what that means. */
  run<T>(what: string, words: string, work: () => T): T | undefined {
    try {
      const answer = work();
      this.#failing.delete(what);
      return answer;
    } catch (error) {
      if (!this.#failing.has(what)) this.#logger.error({ err: error, what }, words);
      this.#failing.add(what);
      return undefined;
    }
  }
}
