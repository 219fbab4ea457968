import { execFile } from 'node:child_process';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Benchmark, figureOf } from './result.ts';
import type { Answer, Task } from './stamps/main.ts';

/**
 * Batches of stamps from secret to root, proofs of random stamps, and our tree beside those of other people's libraries from the
 * same ready leaves. Each measurement is a process of its own.
 */
export const stamps: Benchmark = {
  name: 'stamps',
  async run({ quick, say }) {
    const { runs, million, tenMillion, openZeppelin, merkletreejs } = quick ? QUICK : FULL;
    const rounds: Round[] = [];
    for (let round = 1; round <= runs; round++) {
      const one: Round = {
        million: await measure('batch', million),
        tenMillion: await measure('proofs', tenMillion),
        oursAtOpenZeppelins: await measure('tree', openZeppelin),
        openZeppelin: await measure('openzeppelin', openZeppelin),
        oursAtMerkletreejs: await measure('tree', merkletreejs),
        merkletreejs: await measure('merkletreejs', merkletreejs),
      };
      if (one.oursAtOpenZeppelins.root !== one.openZeppelin.root) {
        throw new Error(`our root is not OpenZeppelin's: ${JSON.stringify(one)}`);
      }
      rounds.push(one);
      const seconds = Object.entries(one).map(([name, answer]) => `${name} ${answer.seconds.toFixed(2)} s`);
      say(`round ${round} of ${runs}: ${seconds.join(', ')}; load ${loadavg()[0]?.toFixed(1)}`);
    }
    const figure = (unit: string, value: (round: Round) => number) => figureOf(rounds.map(value), unit);
    const [large, small] = [tenMillion / 1e6, million / 1e6];
    return {
      runs,
      figures: {
        millionSeconds: figure(`s (${million} stamps)`, (round) => round.million.seconds),
        millionPeakMiB: figure('MiB', (round) => round.million.peakMiB),
        tenMillionSeconds: figure(`s (${tenMillion} stamps)`, (round) => round.tenMillion.seconds),
        tenMillionPeakMiB: figure('MiB (proofs included)', (round) => round.tenMillion.peakMiB),
        secondsPerStampRatio: figure(
          'per stamp, large batch : small one',
          (round) => round.tenMillion.seconds / large / (round.million.seconds / small),
        ),
        speedRatioOpenZeppelin: figure(
          `× (${openZeppelin} leaves)`,
          (round) => round.openZeppelin.seconds / round.oursAtOpenZeppelins.seconds,
        ),
        speedRatioMerkletreejs: figure(
          `× (${merkletreejs} leaves)`,
          (round) => round.merkletreejs.seconds / round.oursAtMerkletreejs.seconds,
        ),
        treeSeconds: figure(`s (${merkletreejs} ready leaves)`, (round) => round.oursAtMerkletreejs.seconds),
        openZeppelinSeconds: figure(
          `s (${openZeppelin} ready leaves)`,
          (round) => round.openZeppelin.seconds,
        ),
        merkletreejsSeconds: figure(
          `s (${merkletreejs} ready leaves)`,
          (round) => round.merkletreejs.seconds,
        ),
        proofMedianMs: figure('ms', (round) => quantile(round.tenMillion.proofMs, 0.5)),
        proofP99Ms: figure('ms', (round) => quantile(round.tenMillion.proofMs, 0.99)),
        storedBytesPerTenMillion: figure('B', (round) => round.tenMillion.storedBytes ?? Number.NaN),
      },
      targets: [
        { figure: 'millionSeconds', comparator: '<=', target: 2.5 },
        { figure: 'millionPeakMiB', comparator: '<', target: 300 },
        { figure: 'tenMillionPeakMiB', comparator: '<', target: 400 },
        { figure: 'secondsPerStampRatio', comparator: '<=', target: 1.2 },
        { figure: 'speedRatioOpenZeppelin', comparator: '>=', target: 50 },
        { figure: 'speedRatioMerkletreejs', comparator: '>=', target: 3 },
        { figure: 'proofP99Ms', comparator: '<', target: 2 },
        { figure: 'storedBytesPerTenMillion', comparator: '<', target: 16_000_000 },
      ],
    };
  },
};

const FULL = {
  runs: 5,
  million: 1_000_000,
  tenMillion: 10_000_000,
  openZeppelin: 250_000,
  merkletreejs: 1_000_000,
};
/** A tenth of a batch is still ten times what the start of two workers takes. */
const QUICK = {
  runs: 1,
  million: 1_000_000,
  tenMillion: 2_000_000,
  openZeppelin: 50_000,
  merkletreejs: 200_000,
};

interface Round {
  readonly million: Answer;
  readonly tenMillion: Answer;
  /** Our tree at each peer's size, and the peer's. */
  readonly oursAtOpenZeppelins: Answer;
  readonly openZeppelin: Answer;
  readonly oursAtMerkletreejs: Answer;
  readonly merkletreejs: Answer;
}

const MAIN = fileURLToPath(new URL('./stamps/main.ts', import.meta.url));

async function measure(task: Task, size: number): Promise<Answer> {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, task, String(size)], {
    maxBuffer: 2 ** 24,
  });
  return JSON.parse(stdout);
}

function quantile(values: readonly number[] = [], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN;
}
