import { parseArgs } from 'node:util';
import { runTool, withUsage } from '../tool.ts';
import { replay } from './replay.ts';
import { inWords } from './words.ts';

const USAGE = `Usage: npm run replay -- FILE [--into DIR] [--codecs DIR] [--json]
  FILE          a recorded MQTT log: lines of JSON, or what mosquitto_sub -F %j, %J or '%I %t %p' printed
  --into DIR    keep journal and series in this new folder
  --codecs DIR  the farm's LoRaWAN payload codecs, such as data/gateway/codecs
  --json        the summary as JSON`;

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());

await runTool(async ({ pathOf, clock, logger }) => {
  const { file, into, codecs, json } = withUsage(USAGE, () => readArguments(process.argv.slice(2)));
  const summary = await replay({
    file: pathOf(file),
    into: into === undefined ? undefined : pathOf(into),
    codecs: codecs === undefined ? undefined : pathOf(codecs),
    ...{ clock, logger, signal: stopped.signal },
  });
  return json === true ? `${JSON.stringify(summary, null, 2)}\n` : inWords(summary);
});

function readArguments(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    options: { into: { type: 'string' }, codecs: { type: 'string' }, json: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [file] = positionals;
  if (file === undefined || positionals.length !== 1) throw new Error('one recorded log is expected');
  return { file, ...values };
}
