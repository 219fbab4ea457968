import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { explainProblem, StartProblem } from '@nongtin/service';
import { type Logger, pino } from 'pino';
import type { Read } from './command-line.ts';

/** What a command of a technician's is given: where the person stands, a clock, and a log that stays out of its answer. */
export interface Tool {
  /** The path that a person meant by `name`: npm runs us in the project's folder, not where the person stands. */
  pathOf(name: string): string;
  readonly clock: { readonly nowMs: () => number; readonly monotonicMs: () => number };
  readonly logger: Logger;
}

/** Runs a command to its end: its answer goes to stdout; a reason not to give one goes to stderr, with exit code 1. */
export async function runTool(answer: (tool: Tool) => Promise<string>): Promise<void> {
  try {
    const text = await answer({
      pathOf: (name) => resolve(process.env.INIT_CWD ?? process.cwd(), name),
      clock: { nowMs: Date.now, monotonicMs: () => performance.now() },
      logger: pino({ level: process.env.NONGTIN_LOG_LEVEL ?? 'error' }, pino.destination(2)),
    });
    process.stdout.write(text);
  } catch (caught) {
    const error = explainProblem(caught);
    process.stderr.write(
      `${error instanceof StartProblem ? error.message : String((error as Error).stack)}\n`,
    );
    process.exitCode = 1;
  }
}

/** Runs a command that only reads what it is given, and says something of it. */
export function runReader<Arguments>(command: {
  readonly USAGE: string;
  /** Throws an Error that says what of the command line is wrong. */
  readonly readArguments: (args: string[]) => Arguments;
  readonly answer: (given: Arguments, read: Read) => string;
}): Promise<void> {
  return runTool(async ({ pathOf }) => {
    const given = withUsage(command.USAGE, () => command.readArguments(process.argv.slice(2)));
    const read: Read = (name, what) => {
      if (name === '-') return readFileSync(0, 'utf8');
      const path = pathOf(name);
      checkReadable(path, what);
      return readFileSync(path, 'utf8');
    };
    return `${command.answer(given, read)}\n`;
  });
}

/** `read()`, whose complaint about what was typed comes with the usage. */
export function withUsage<Read>(usage: string, read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    throw new StartProblem(`${(error as Error).message}\n${usage}`);
  }
}

/** Throws a StartProblem when the file that a person named is none, or cannot be read; `what` should have been named. */
export function checkReadable(file: string, what: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    const isMissing = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
    throw new StartProblem(
      isMissing
        ? `There is no file ${file}: name ${what}.`
        : `${file} cannot be read by you: give yourself the permission, or copy it.`,
    );
  }
  if (statSync(file).isDirectory()) throw new StartProblem(`${file} is a folder: name ${what}.`);
}
