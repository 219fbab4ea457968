import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { StartProblem } from '@nongtin/service';
import { runChainCommand } from './run.ts';

const LOOK_EVERY_MS = 1_000;

/** `isHidden`: what is typed is not shown. */
async function ask(question: string, isHidden: boolean): Promise<string> {
  let isMuted = false;
  const output = new Writable({
    write: (chunk, _, done) => {
      if (!isMuted) process.stderr.write(chunk);
      done();
    },
  });
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  try {
    const answer = terminal.question(question);
    isMuted = isHidden;
    // Ctrl-C and Ctrl-D close it and leave the question unanswered.
    const closed = new Promise<never>((_, reject) => {
      terminal.once('close', () => reject(new StartProblem('Nothing was sent.')));
    });
    return await Promise.race([answer, closed]);
  } finally {
    terminal.close();
    if (isHidden) process.stderr.write('\n');
  }
}

const passphraseFile = process.env.NONGTIN_KEYSTORE_PASSPHRASE_FILE?.trim();
// Whoever reads may have read enough (`| head`).
process.stdout.on('error', () => {});
process.exitCode = await runChainCommand(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd(), {
  say: (line) => process.stdout.write(`${line}\n`),
  pause: () => delay(LOOK_EVERY_MS),
  monotonicMs: () => performance.now(),
  ...(passphraseFile ? { passphraseFile } : {}),
  ...(process.stdin.isTTY
    ? {
        ask: (question: string) => ask(question, false),
        askHidden: (question: string) => ask(question, true),
      }
    : {}),
});
