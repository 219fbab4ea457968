import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { adopt } from '../sides/leftovers.ts';
import type { LoadOptions, LoadResult } from './types.ts';

/** The load generator from its parent's side: connected, and waiting for the word. */
export interface Generator {
  /** Sends; resolves when everything is acknowledged, or when it has waited long enough for it. */
  run(): Promise<LoadResult>;
  /** Ends it, whatever it does. */
  stop(): Promise<void>;
}

export async function connectGenerator(options: LoadOptions): Promise<Generator> {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const child = spawn(process.execPath, [main], { stdio: ['pipe', 'pipe', 'inherit'] });
  adopt(child);
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value } = await lines.next();
    if (typeof value !== 'string') throw new Error('the load generator ended early');
    return JSON.parse(value);
  };
  child.stdin.write(`${JSON.stringify(options)}\n`);
  await next();
  return {
    async run() {
      child.stdin.write('go\n');
      const result: LoadResult = await next();
      await ended;
      return result;
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}
