import { climb } from './load/ladder.ts';
import { rowVisible, valveCloses, valveOpens } from './load/round-trips.ts';
import { LoadRunner, type StepResult, WINDOW } from './load/step.ts';
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
      measured.push(await measure(size, measured.at(-1), (text) => say(`run ${run}: ${text}`)));
    }
    return { ...measurementOf(measured, quick), versions };
  },
};

const DEVICES = Array.from({ length: 50 }, (_, index) => `bench-${index + 1}`);
const MARKER = 'bench-marker';
const FACTOR = 1.12;
const MOST_BEHIND_MS = 750;
const BESIDE_MESSAGES_PER_SECOND = 500;

const FULL = { runs: 5, stepSeconds: 7, mostSteps: 12, samples: 300, slowSamples: 100, zones: 60 };
const QUICK = { runs: 1, stepSeconds: 1.5, mostSteps: 2, samples: 60, slowSamples: 20, zones: 10 };
type Size = typeof FULL;

/** Where the first ladder begins; each later one begins where the one before ended. */
const EXPECTED = { ours: 50_000, oursOneInFlight: 8_000, nodeRedSingle: 4_000, nodeRedBatched: 12_000 };

interface Sustained {
  readonly messagesPerSecond: number;
  readonly cpuSecondsPer10k: number;
  readonly generatorCpuSecondsPer10k: number;
  /** Acknowledged and never stored, over every step, the overloaded one included. */
  readonly lost: number;
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

async function measure(size: Size, before: Measured | undefined, say: Say): Promise<Measured> {
  const openP99Ms = await openings(size, say);
  const startOf = (name: keyof typeof EXPECTED) => before?.[name].messagesPerSecond || EXPECTED[name];
  const peer = async (name: 'nodeRedSingle' | 'nodeRedBatched') => {
    const side = await startNodeRed(name === 'nodeRedSingle' ? 'single' : 'batched');
    return using(side, async (runner) => {
      const start = await warmUp(runner, startOf(name), size);
      const latencies =
        name === 'nodeRedBatched'
          ? await roundTrips(side, runner, size.slowSamples, size.samples, say)
          : NONE;
      return { latencies, sustained: await sustain(side.name, runner, start, WINDOW, size, say) };
    });
  };
  const single = await peer('nodeRedSingle');
  const batched = await peer('nodeRedBatched');

  const ours = await startOurs({ devices: [...DEVICES, MARKER] });
  return using(ours, async (runner) => {
    const start = await warmUp(runner, startOf('ours'), size);
    const latencies = await roundTrips(ours, runner, size.samples, size.samples, say);
    const rssMiB = residentMiBOf(ours.pipelinePid());
    const atRateOf = async ({ messagesPerSecond }: Sustained) => {
      if (messagesPerSecond === 0) return Number.NaN;
      const shape = { messagesPerSecond, seconds: size.stepSeconds, window: WINDOW };
      return (await runner.run(shape)).cpuSecondsPer10k;
    };
    const oursAtSingle = await atRateOf(single.sustained);
    const oursAtBatched = await atRateOf(batched.sustained);
    const oursOneInFlight = await sustain(
      'ours 50 × 1',
      runner,
      Math.min(start, startOf('oursOneInFlight')),
      1,
      size,
      say,
    );
    const sustained = await sustain(ours.name, runner, start, WINDOW, size, say);
    return {
      ours: sustained,
      ...{ oursOneInFlight, oursAtSingle, oursAtBatched, latencies, openP99Ms, rssMiB },
      nodeRedSingle: single.sustained,
      nodeRedBatched: batched.sustained,
      nodeRedLatencies: batched.latencies,
      rssPeakMiB: peakResidentMiBOf(ours.pipelinePid()),
    };
  });
}

const NONE: Latencies = { rowVisibleP99Ms: Number.NaN, valveP99Ms: Number.NaN };

async function using<Result>(side: Side, work: (runner: LoadRunner) => Promise<Result>): Promise<Result> {
  try {
    return await work(new LoadRunner(side, DEVICES));
  } finally {
    await side.stop();
  }
}

/**
 * What a process does first it does slowly, so no figure begins there. Tells where a ladder may begin: at the rate
 * expected, or, on a machine that does not reach it, a little below what it has reached.
 */
async function warmUp(runner: LoadRunner, expected: number, { stepSeconds }: Size): Promise<number> {
  const shape = { messagesPerSecond: expected, seconds: Math.min(3, stepSeconds), window: WINDOW };
  const { storedInTime, storedPerSecond } = await runner.run(shape, 60_000);
  return storedInTime ? expected : Math.max(100, 0.8 * storedPerSecond);
}

async function sustain(
  name: string,
  runner: LoadRunner,
  start: number,
  window: number,
  { stepSeconds, mostSteps }: Size,
  say: Say,
): Promise<Sustained> {
  let lost = 0;
  const best = await climb<StepResult>({ start, factor: FACTOR, mostSteps }, async (messagesPerSecond) => {
    const step = await runner.run({ messagesPerSecond, seconds: stepSeconds, window }, 60_000);
    const { load, storedInTime, missing } = step;
    const holds = storedInTime && load.acknowledged === load.sent && load.maxMs <= MOST_BEHIND_MS;
    lost += Math.max(0, missing);
    say(`${name} ${messagesPerSecond}/s ${holds ? 'holds' : 'does not hold'}: ${described(step)}`);
    return { holds, step };
  });
  const { step } = best;
  const generatorCpu = step === undefined ? Number.NaN : step.load.cpuSeconds / step.load.acknowledged;
  return {
    messagesPerSecond: best.rate,
    cpuSecondsPer10k: step?.cpuSecondsPer10k ?? Number.NaN,
    generatorCpuSecondsPer10k: generatorCpu * 10_000,
    lost,
  };
}

function described({ load, missing, storedInTime, cpuSecondsPer10k }: StepResult): string {
  const stored = storedInTime ? 'stored in time' : missing > 0 ? `${missing} lost` : 'stored late';
  return `${stored}, at most ${load.maxMs.toFixed(0)} ms behind, ${cpuSecondsPer10k.toFixed(3)} CPU s/10k`;
}

/** While 500 messages a second go on beside them. */
async function roundTrips(
  side: Side,
  runner: LoadRunner,
  rows: number,
  valves: number,
  say: Say,
): Promise<Latencies> {
  return runner.beside(BESIDE_MESSAGES_PER_SECOND, async () => {
    const rowVisibleP99Ms = (await rowVisible(side, MARKER, rows)).percentileMs(0.99);
    const valveP99Ms = (await valveCloses(side, VALVE, valves)).percentileMs(0.99);
    say(`${side.name} row visible ${rowVisibleP99Ms.toFixed(1)} ms, valve ${valveP99Ms.toFixed(2)} ms (p99)`);
    return { rowVisibleP99Ms, valveP99Ms };
  });
}

/** On a farm of its own, with a zone for each opening. */
async function openings(size: Size, say: Say): Promise<number> {
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
    const size = quick ? ' (quick: steps of 1.5 s)' : '';
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
