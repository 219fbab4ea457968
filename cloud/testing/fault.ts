import type { KyselyPlugin, PluginTransformQueryArgs, PluginTransformResultArgs } from 'kysely';

/** Lets a database fail at one statement, counted from the first, and at all that follow: as if the process died. */
export class FailFrom implements KyselyPlugin {
  statements = 0;
  readonly #failFrom: number;

  constructor(failFrom: number) {
    this.#failFrom = failFrom;
  }

  transformQuery({ node }: PluginTransformQueryArgs) {
    if (++this.statements >= this.#failFrom) throw new Error('the process died here');
    return node;
  }

  async transformResult({ result }: PluginTransformResultArgs) {
    return result;
  }
}
