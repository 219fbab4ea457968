import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';

/** Several measurements of one quantity. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Such as 's' or '1/s'; a quick run says its size here as well. */
  readonly unit: string;
}

interface Target {
  readonly figure: string;
  readonly comparator: '<' | '<=' | '>' | '>=';
  readonly target: number;
}

/** What a benchmark has measured; a figure that it could not measure is left out, and so is its target. */
export interface Measurement {
  readonly runs: number;
  readonly figures: Readonly<Record<string, Figure>>;
  readonly targets: readonly Target[];
  /** Versions of what was measured beside Node and ourselves. */
  readonly versions?: Readonly<Record<string, string>>;
}

export interface Benchmark {
  readonly name: string;
  /** quick: within 50 s, with smaller sizes and fewer runs. `say` tells a person how far it is. */
  run(options: { quick: boolean; say: (text: string) => void }): Promise<Measurement>;
}

export function figureOf(values: readonly number[], unit: string): Figure {
  // Adding 0 takes the sign from a zero: sorting can't tell -0 from 0, and JSON can't say it.
  const sorted = values.map((value) => value + 0).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? at(Math.floor(middle)) : (at(middle - 1) + at(middle)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1), unit };
}

/** The object that `--json` prints. */
export function resultOf(bench: string, { runs, figures, targets, versions }: Measurement) {
  return {
    bench,
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${platform()} ${release()} ${arch()}`,
    },
    versions: { nongtin: ownVersion(), node: process.versions.node, ...versions },
    runs,
    figures,
    targets: targets.flatMap((target) => {
      const figure = figures[target.figure];
      return figure === undefined ? [] : [{ ...target, met: isMet(figure.median, target) }];
    }),
  };
}

/** The same for people. */
export function tableOf(result: ReturnType<typeof resultOf>): string {
  const rows = Object.entries(result.figures).map(([name, { median, min, max, unit }]) => {
    const target = result.targets.find(({ figure }) => figure === name);
    const verdict =
      target === undefined ? '' : `${target.comparator} ${target.target} ${target.met ? 'met' : 'NOT MET'}`;
    return [name, short(median), short(min), short(max), unit, verdict];
  });
  const table = [['figure', 'median', 'min', 'max', 'unit', 'target'], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  const { cpu, cores, system } = result.machine;
  return [`${result.bench}: ${result.runs} runs on ${cores} × ${cpu}, ${system}`, ...lines]
    .map((line) => line.trimEnd())
    .join('\n');
}

function isMet(value: number, { comparator, target }: Target): boolean {
  switch (comparator) {
    case '<':
      return value < target;
    case '<=':
      return value <= target;
    case '>':
      return value > target;
    case '>=':
      return value >= target;
  }
}

function short(value: number): string {
  return value >= 1_000 ? value.toFixed(0) : value.toPrecision(3);
}

function ownVersion(): string {
  return String(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version);
}
