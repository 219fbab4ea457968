import { readFileSync, writeFileSync } from 'node:fs';
import type { resultOf } from '../result.ts';
import { assumptions, type Coefficients, costOf, type Demand, demandOf } from './demand.ts';

/**
 * The tables of docs/scale.md: node bench/scale/document.ts [--check]. They follow from the last full run of the benchmark
 * (`npm run bench -- scale --json`, whose last line is coefficients.json) and from the assumptions in demand.ts.
 */
const PAGE = new URL('../../docs/scale.md', import.meta.url);
const MEASURED = new URL('./coefficients.json', import.meta.url);

type Row = readonly [what: string, of: (demand: Demand) => number, unit: string];

const ROWS: readonly Row[] = [
  ['readings', (d) => d.readingsPerSecond, '1/s'],
  ['journal entries', (d) => d.entriesPerSecond, '1/s'],
  ['MQTT messages up, as many answers down', (d) => d.messagesPerSecond, '1/s'],
  ['network, both ways', (d) => d.inMegabitsPerSecond, 'Mbit/s'],
  ['workers', (d) => d.workerCores, 'cores'],
  ['NATS, three servers', (d) => d.natsCores, 'cores'],
  ['PostgreSQL', (d) => d.postgresCores, 'cores'],
  ['InfluxDB', (d) => d.influxCores, 'cores'],
  ['packing the archive', (d) => d.packingCores, 'cores'],
  ['all of them', (d) => d.cores, 'cores'],
  ['memory for connections', (d) => d.connectionsGB, 'GB'],
  ['memory for InfluxDB', (d) => d.influxGB, 'GB'],
  ['archive of signed entries', (d) => d.archiveTBPerYear, 'TB a year'],
  ['InfluxDB’s files, for its days', (d) => d.influxTB, 'TB'],
  ['PostgreSQL’s rows', (d) => d.postgresGBPerYear, 'GB a year'],
  ['PostgreSQL’s log', (d) => d.walGBPerDay, 'GB a day'],
  ['NATS writes', (d) => d.natsGBPerDay, 'GB a day'],
  ['members’ records', (d) => d.memberRecordsPerSecond, '1/s'],
  ['scans in the busiest second', (d) => d.peakScansPerSecond, '1/s'],
  ['the cloud for them', (d) => d.peakScanCores, 'cores'],
];

interface Measured extends ReturnType<typeof resultOf> {}

/** The page with its tables made anew. Throws when a figure or a place for a table is missing. */
export function scaleDocument(page: string, measured: Measured): string {
  const coefficients = Object.fromEntries(
    Object.entries(measured.figures).map(([name, { median }]) => [name, median]),
  ) as unknown as Coefficients;
  const province = demandOf(
    Math.ceil(assumptions.cooperatives / assumptions.provinces),
    coefficients,
    assumptions,
  );
  const demands = [
    demandOf(1, coefficients, assumptions),
    province,
    demandOf(assumptions.cooperatives, coefficients, assumptions),
  ];
  const cost = costOf(province, coefficients, assumptions);
  const missing = [...demands, cost].flatMap((values) =>
    Object.entries(values).flatMap(([name, value]) => (Number.isFinite(value) ? [] : [name])),
  );
  if (missing.length > 0) throw new Error(`no figure for ${[...new Set(missing)].join(', ')}`);
  const tables: Record<string, string> = {
    measured: table(
      ['figure', 'measured', 'unit'],
      Object.entries(measured.figures).map(([name, { median, unit }]) => [name, short(median), unit]),
    ),
    assumed: table(
      ['assumption', 'value'],
      Object.entries(assumptions).map(([name, value]) => [name, grouped(value)]),
    ),
    demand: table(
      ['', 'a farm', 'a province', 'the country', 'unit'],
      ROWS.map(([what, of, unit]) => [what, ...demands.map((demand) => short(of(demand))), unit]),
    ),
    cost: table(
      ['a month', 'value'],
      Object.entries(cost).map(([name, value]) => [name, short(value)]),
    ),
  };
  return Object.entries(tables).reduce((text, [name, rows]) => {
    const place = new RegExp(`(?<=<!-- ${name} -->\n)[^]*?(?=<!-- end -->)`);
    if (!place.test(text)) throw new Error(`docs/scale.md has no place for the table '${name}'`);
    return text.replace(place, () => `${rows}\n`);
  }, page);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Three figures: more were not measured. */
function short(value: number): string {
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) >= 1_000 ? grouped(rounded) : String(rounded);
}

function grouped(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 6 });
}

if (import.meta.main) {
  const page = readFileSync(PAGE, 'utf8');
  const made = scaleDocument(page, JSON.parse(readFileSync(MEASURED, 'utf8')));
  if (!process.argv.includes('--check')) writeFileSync(PAGE, made);
  else if (page !== made) {
    process.stderr.write('docs/scale.md is not what was measured: run node bench/scale/document.ts\n');
    process.exitCode = 1;
  }
}
