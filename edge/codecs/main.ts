import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { explainProblem, StartProblem } from '@nongtin/service';
import { pino } from 'pino';
import { trial } from './trial.ts';

const USAGE = `Usage: npm run codec -- SCRIPT decode HEX [--port N]
       npm run codec -- SCRIPT encode JSON [--port N]
  SCRIPT    a payload codec (LoRa Alliance TS013), a file that ends in .js
  decode    what it makes of an uplink, such as 01755c030100
  encode    which bytes it makes of a command, such as '{"valve_1":"open","time":600}'
  --port N  the LoRaWAN port, 1 if not given`;

try {
  const { file, call, input, fPort } = readArguments(process.argv.slice(2));
  const text = await trial({
    // npm runs us in the project's folder; names are meant from where the person stands.
    file: resolve(process.env.INIT_CWD ?? process.cwd(), file),
    ...{ call, input, fPort },
    clock: { nowMs: Date.now, monotonicMs: () => performance.now() },
    logger: pino({ level: process.env.NONGTIN_LOG_LEVEL ?? 'error' }, pino.destination(2)),
  });
  process.stdout.write(`${text}\n`);
} catch (caught) {
  const error = explainProblem(caught);
  process.stderr.write(`${error instanceof StartProblem ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = 1;
}

function readArguments(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { port: { type: 'string', default: '1' } },
      allowPositionals: true,
    });
    const [file, call, input] = positionals;
    const fPort = Number(values.port);
    const isCall = call === 'decode' || call === 'encode';
    if (
      file === undefined ||
      input === undefined ||
      !isCall ||
      !file.endsWith('.js') ||
      !(fPort >= 0 && fPort <= 255)
    )
      throw new Error('a script, decode or encode, and what to decode or encode are expected');
    return { file, call, input, fPort } as const;
  } catch (error) {
    throw new StartProblem(`${(error as Error).message}\n${USAGE}`);
  }
}
