import { parseArgs } from 'node:util';
import { broker } from './broker.ts';
import { chart } from './chart.ts';
import { control } from './control.ts';
import { external } from './external.ts';
import { fertigation } from './fertigation.ts';
import { gas } from './gas.ts';
import { ingest } from './ingest.ts';
import { memory } from './memory.ts';
import { outage } from './outage.ts';
import { type Benchmark, resultOf, tableOf } from './result.ts';
import { scale } from './scale.ts';
import { season, seasonYears } from './season.ts';
import { stamps } from './stamps.ts';
import { start } from './start.ts';
import { uplink } from './uplink.ts';

/** npm run bench -- NAME [--json] [--quick]. Progress goes to stderr, so that stdout holds the result alone. */
const benchmarks: readonly Benchmark[] = [
  start,
  ingest,
  outage,
  memory,
  chart,
  broker,
  external,
  uplink,
  scale,
  season,
  seasonYears,
  control,
  fertigation,
  stamps,
  gas,
];

const say = (text: string) => process.stderr.write(`${text}\n`);
const options = {
  json: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
} as const;

try {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const chosen = benchmarks.find(({ name }) => name === positionals[0]);
  if (chosen === undefined || positionals.length !== 1) {
    const names = benchmarks.map(({ name }) => name).join(', ');
    say(`npm run bench -- NAME [--json] [--quick], where NAME is one of: ${names}`);
    process.exitCode = 1;
  } else {
    const result = resultOf(chosen.name, await chosen.run({ quick: values.quick, say }));
    console.log(tableOf(result));
    if (values.json) console.log(JSON.stringify(result));
  }
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
