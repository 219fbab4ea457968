import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { adopt } from '../sides/leftovers.ts';

/** A script of this folder in a process of its own: it is told lines, and answers in lines of JSON. */
export interface Helper {
  tell(line: string): void;
  next<Answer>(): Promise<Answer>;
  readonly ended: Promise<unknown>;
  /** Ends it, whatever it does. */
  stop(): Promise<void>;
}

export function startHelper(script: string): Helper {
  const main = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [main], { stdio: ['pipe', 'pipe', 'inherit'] });
  adopt(child);
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    tell: (line) => child.stdin.write(`${line}\n`),
    async next() {
      const { value } = await lines.next();
      if (typeof value !== 'string') throw new Error(`${script} ended early`);
      return JSON.parse(value);
    },
    ended,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}
