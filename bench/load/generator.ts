import { startHelper } from './helper.ts';
import type { LoadOptions, LoadResult } from './types.ts';

/** The load generator from its parent's side: connected, and waiting for the word. */
export interface Generator {
  /** Sends; resolves when everything is acknowledged, or when it has waited long enough for it. */
  run(): Promise<LoadResult>;
  /** Ends it, whatever it does. */
  stop(): Promise<void>;
}

export async function connectGenerator(options: LoadOptions): Promise<Generator> {
  const helper = startHelper('./main.ts');
  helper.tell(JSON.stringify(options));
  await helper.next();
  return {
    async run() {
      helper.tell('go');
      const result = await helper.next<LoadResult>();
      await helper.ended;
      return result;
    },
    stop: helper.stop,
  };
}
