import { rowVisible, valveCloses, valveOpens } from './load/round-trips.ts';
import { LoadRunner, WINDOW } from './load/step.ts';
import { type Sustained, sustain, warmUp } from './load/sustain.ts';
import { type Benchmark, type Figure, figureOf, type Measurement } from './result.ts';
import { VALVE } from './sides/gateway.ts';
import { startNodeRed } from './sides/node-red.ts';
import { startOurs } from './sides/ours.ts';
import { peakResidentMiBOf, residentMiBOf } from './sides/processes.ts';
import { requirePrograms } from './sides/programs.ts';
import type { Side } from './sides/side.ts';

/**
 * From 50 devices, QoS 1, to rows in a real InfluxDB, through our gateway and through Mosquitto with Node-RED, one after
 * the other: how many messages a second hold, what they cost in CPU, how late a row can be seen and a valve is closed.
 */
export const ingest: Benchmark = {
  name: 'ingest',
  async run({ quick, say }) {
    const versions = await requirePrograms();
    const size = quick ? QUICK : FULL;
    const measured: Measured[] = [];
    for (let run = 1; run <= size.runs; run += 1) {
      const starts = startsAfter(measured.at(-1));
      measured.push(await measure({ size, starts, say: (text) => say(`run ${run}: ${text}`) }));
    }
    return { ...measurementOf(measured, quick), versions };
  },
};

const DEVICES = Array.from({ length: 50 }, (_, index) => `bench-${index + 1}`);
const MARKER = 'bench-marker';
const BESIDE_MESSAGES_PER_SECOND = 500;

interface Size {
  readonly runs: number;
  readonly stepSeconds: number;
  readonly mostSteps: number;
  readonly mostStepsOneInFlight: number;
  /** Whether ours is also measured at the rates that the peers sustain. */
  readonly atPeerRates: boolean;
  readonly samples: number;
  /** Of what takes a quarter of a second each. */
  readonly slowSamples: number;
  readonly zones: number;
}

const FULL: Size = {
  ...{ runs: 5, stepSeconds: 7, mostSteps: 16, mostStepsOneInFlight: 8, atPeerRates: true },
  ...{ samples: 300, slowSamples: 100, zones: 60 },
};
const QUICK: Size = {
  ...{ runs: 1, stepSeconds: 1.2, mostSteps: 2, mostStepsOneInFlight: 1, atPeerRates: false },
  ...{ samples: 60, slowSamples: 20, zones: 10 },
};

/** Where the first ladder begins; each later one begins where the one before ended. */
const EXPECTED = { ours: 50_000, oursOneInFlight: 8_000, nodeRedSingle: 4_000, nodeRedBatched: 12_000 };

function startsAfter(last: Measured | undefined): typeof EXPECTED {
  const names = ['ours', 'oursOneInFlight', 'nodeRedSingle', 'nodeRedBatched'] as const;
  const starts = { ...EXPECTED };
  for (const name of names) starts[name] = last?.[name].messagesPerSecond || EXPECTED[name];
  return starts;
}

interface Measured {
  readonly ours: Sustained;
  readonly oursOneInFlight: Sustained;
  readonly nodeRedSingle: Sustained;
  readonly nodeRedBatched: Sustained;
  /** Ours at the rate that the peer sustained. */
  readonly oursAtSingle: number;
  readonly oursAtBatched: number;
  readonly latencies: Latencies;
  readonly openP99Ms: number;
  readonly nodeRedLatencies: Latencies;
  readonly rssMiB: number;
  readonly rssPeakMiB: number;
}

interface Latencies {
  readonly rowVisibleP99Ms: number;
  readonly valveP99Ms: number;
}

type Say = (text: string) => void;

interface Trial {
  readonly size: Size;
  /** Where this run's ladders begin. */
  readonly starts: typeof EXPECTED;
  readonly say: Say;
}

async function measure(trial: Trial): Promise<Measured> {
  const openP99Ms = await openings(trial);
  const single = await measurePeer('nodeRedSingle', trial);
  const batched = await measurePeer('nodeRedBatched', trial);
  const ours = await measureOurs(trial, single.sustained, batched.sustained);
  return {
    ...ours,
    openP99Ms,
    nodeRedSingle: single.sustained,
    nodeRedBatched: batched.sustained,
    nodeRedLatencies: batched.latencies,
  };
}

const NONE: Latencies = { rowVisibleP99Ms: Number.NaN, valveP99Ms: Number.NaN };

async function measurePeer(name: 'nodeRedSingle' | 'nodeRedBatched', { size, starts, say }: Trial) {
  const side = await startNodeRed(name === 'nodeRedSingle' ? 'single' : 'batched');
  return using(side, async (runner) => {
    const start = await warmUp(runner, starts[name], size.stepSeconds);
    const latencies =
      name === 'nodeRedSingle'
        ? NONE
        : await roundTrips(side, runner, { rows: size.slowSamples, valves: size.samples }, say);
    return { latencies, sustained: await sustain(runner, { ...size, name, start, window: WINDOW, say }) };
  });
}

async function measureOurs({ size, starts, say }: Trial, single: Sustained, batched: Sustained) {
  const side = await startOurs({ devices: [...DEVICES, MARKER] });
  return using(side, async (runner) => {
    const start = await warmUp(runner, starts.ours, size.stepSeconds);
    const latencies = await roundTrips(side, runner, { rows: size.samples, valves: size.samples }, say);
    const rssMiB = residentMiBOf(side.pipelinePid());
    const atRateOf = async ({ messagesPerSecond }: Sustained) => {
      if (messagesPerSecond === 0 || !size.atPeerRates) return Number.NaN;
      const shape = { messagesPerSecond, seconds: size.stepSeconds, window: WINDOW };
      return (await runner.run(shape)).cpuSecondsPer10k;
    };
    return {
      ...{ latencies, rssMiB },
      oursAtSingle: await atRateOf(single),
      oursAtBatched: await atRateOf(batched),
      oursOneInFlight: await sustain(runner, {
        ...{ ...size, name: 'ours 50 × 1', window: 1, say },
        start: Math.min(start, starts.oursOneInFlight),
        mostSteps: size.mostStepsOneInFlight,
      }),
      ours: await sustain(runner, { ...size, name: 'ours', start, window: WINDOW, say }),
      rssPeakMiB: peakResidentMiBOf(side.pipelinePid()),
    };
  });
}

async function using<Result>(side: Side, work: (runner: LoadRunner) => Promise<Result>): Promise<Result> {
  try {
    return await work(new LoadRunner(side, DEVICES));
  } finally {
    await side.stop();
  }
}

/** While 500 messages a second go on beside them. */
async function roundTrips(
  side: Side,
  runner: LoadRunner,
  samples: { readonly rows: number; readonly valves: number },
  say: Say,
): Promise<Latencies> {
  return runner.beside(BESIDE_MESSAGES_PER_SECOND, async () => {
    const rowVisibleP99Ms = (await rowVisible(side, MARKER, samples.rows)).percentileMs(0.99);
    const valveP99Ms = (await valveCloses(side, VALVE, samples.valves)).percentileMs(0.99);
    say(`${side.name} row visible ${rowVisibleP99Ms.toFixed(1)} ms, valve ${valveP99Ms.toFixed(2)} ms (p99)`);
    return { rowVisibleP99Ms, valveP99Ms };
  });
}

/** On a farm of its own, with a zone for each opening. */
async function openings({ size, say }: Trial): Promise<number> {
  const zones = Array.from({ length: size.zones }, (_, index) => `zone-${index + 1}`);
  const side = await startOurs({ devices: DEVICES, zones });
  return using(side, async (runner) => {
    const beside = runner.beside(BESIDE_MESSAGES_PER_SECOND, () => valveOpens(side, zones));
    const p99Ms = (await beside).percentileMs(0.99);
    say(`opening, with its durable intent: ${p99Ms.toFixed(2)} ms (p99)`);
    return p99Ms;
  });
}

function measurementOf(measured: readonly Measured[], quick: boolean): Measurement {
  const figures: Record<string, Figure> = {};
  const add = (name: string, unit: string, pick: (one: Measured) => number) => {
    const values = measured.map(pick).filter(Number.isFinite);
    const size = quick ? ' (quick)' : '';
    if (values.length > 0) figures[name] = figureOf(values, `${unit}${size}`);
  };
  const ratio = (peer: 'nodeRedSingle' | 'nodeRedBatched') => (one: Measured) =>
    one.ours.cpuSecondsPer10k / one[peer].cpuSecondsPer10k;
  add('sustainedMessagesPerSecond', '1/s', ({ ours }) => ours.messagesPerSecond);
  add('lost', 'messages', ({ ours, oursOneInFlight }) => ours.lost + oursOneInFlight.lost);
  add('cpuRatioNodeRedSingle', '1', ratio('nodeRedSingle'));
  add('cpuRatioNodeRedBatched', '1', ratio('nodeRedBatched'));
  add('rowVisibleP99Ms', 'ms', ({ latencies }) => latencies.rowVisibleP99Ms);
  add('valveP99Ms', 'ms', ({ latencies }) => latencies.valveP99Ms);
  add('openP99Ms', 'ms', ({ openP99Ms }) => openP99Ms);
  add('rssMiB', 'MiB', ({ rssMiB }) => rssMiB);
  add('rssPeakMiB', 'MiB', ({ rssPeakMiB }) => rssPeakMiB);
  add('sustained50x1', '1/s', ({ oursOneInFlight }) => oursOneInFlight.messagesPerSecond);
  add('sustainedNodeRedSingle', '1/s', ({ nodeRedSingle }) => nodeRedSingle.messagesPerSecond);
  add('sustainedNodeRedBatched', '1/s', ({ nodeRedBatched }) => nodeRedBatched.messagesPerSecond);
  const cpu = 'CPU s/10,000';
  add('cpuSecondsPer10k', cpu, ({ ours }) => ours.cpuSecondsPer10k);
  add('cpuSecondsPer10kNodeRedSingle', cpu, ({ nodeRedSingle }) => nodeRedSingle.cpuSecondsPer10k);
  add('cpuSecondsPer10kNodeRedBatched', cpu, ({ nodeRedBatched }) => nodeRedBatched.cpuSecondsPer10k);
  add('cpuSecondsPer10kAtNodeRedSingleRate', cpu, ({ oursAtSingle }) => oursAtSingle);
  add('cpuSecondsPer10kAtNodeRedBatchedRate', cpu, ({ oursAtBatched }) => oursAtBatched);
  add('cpuSecondsPer10kGenerator', cpu, ({ ours }) => ours.generatorCpuSecondsPer10k);
  add('rowVisibleP99MsNodeRedBatched', 'ms', ({ nodeRedLatencies }) => nodeRedLatencies.rowVisibleP99Ms);
  add('valveP99MsNodeRed', 'ms', ({ nodeRedLatencies }) => nodeRedLatencies.valveP99Ms);
  add('lostNodeRedSingle', 'messages', ({ nodeRedSingle }) => nodeRedSingle.lost);
  add('lostNodeRedBatched', 'messages', ({ nodeRedBatched }) => nodeRedBatched.lost);
  return {
    runs: measured.length,
    figures,
    targets: [
      { figure: 'sustainedMessagesPerSecond', comparator: '>=', target: 50_000 },
      { figure: 'lost', comparator: '<=', target: 0 },
      { figure: 'cpuRatioNodeRedSingle', comparator: '<=', target: 0.1 },
      { figure: 'cpuRatioNodeRedBatched', comparator: '<=', target: 0.333 },
      { figure: 'rowVisibleP99Ms', comparator: '<', target: 50 },
      { figure: 'valveP99Ms', comparator: '<', target: 2 },
    ],
  };
}
