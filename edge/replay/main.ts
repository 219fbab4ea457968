import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { explainProblem, StartProblem } from '@nongtin/service';
import { pino } from 'pino';
import { replay } from './replay.ts';
import { inWords } from './words.ts';

const USAGE = `Usage: npm run replay -- FILE [--into DIR] [--codecs DIR] [--json]
  FILE          a recorded MQTT log: lines of JSON, or what mosquitto_sub -F %j, %J or '%I %t %p' printed
  --into DIR    keep journal and series in this new folder
  --codecs DIR  the farm's LoRaWAN payload codecs, such as data/gateway/codecs
  --json        the summary as JSON`;

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());

try {
  const { values, positionals } = readArguments(process.argv.slice(2));
  const [file] = positionals;
  if (file === undefined || positionals.length !== 1) throw new StartProblem(USAGE);
  // npm runs us in the project's folder; names are meant from where the person stands.
  const from = process.env.INIT_CWD ?? process.cwd();
  const summary = await replay({
    file: resolve(from, file),
    into: values.into === undefined ? undefined : resolve(from, values.into),
    codecs: values.codecs === undefined ? undefined : resolve(from, values.codecs),
    clock: { nowMs: Date.now, monotonicMs: () => performance.now() },
    logger: pino({ level: process.env.NONGTIN_LOG_LEVEL ?? 'error' }, pino.destination(2)),
    signal: stopped.signal,
  });
  process.stdout.write(values.json === true ? `${JSON.stringify(summary, null, 2)}\n` : inWords(summary));
} catch (caught) {
  const error = explainProblem(caught);
  process.stderr.write(`${error instanceof StartProblem ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = 1;
}

function readArguments(args: string[]) {
  try {
    const options = {
      into: { type: 'string' },
      codecs: { type: 'string' },
      json: { type: 'boolean' },
    } as const;
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new StartProblem(`${(error as Error).message}\n${USAGE}`);
  }
}
