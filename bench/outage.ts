import { setTimeout as delay } from 'node:timers/promises';
import { type Fate, fateOf } from './load/fate.ts';
import { LoadRunner, WINDOW } from './load/step.ts';
import { type Benchmark, type Figure, figureOf, type Measurement } from './result.ts';
import { startNodeRed } from './sides/node-red.ts';
import { startOurs } from './sides/ours.ts';
import { requirePrograms } from './sides/programs.ts';
import type { Beginning, Side } from './sides/side.ts';

/**
 * What becomes of acknowledged messages when InfluxDB is killed for part of a paced run, and when the process that
 * carries them is: our gateway, and both Node-RED pipelines. Every message has a number, and every number is looked for.
 */
export const outage: Benchmark = {
  name: 'outage',
  async run({ quick, say }) {
    const versions = await requirePrograms();
    const size = quick ? QUICK : FULL;
    const measured: Measured[] = [];
    for (let run = 1; run <= size.runs; run += 1) {
      measured.push(await measure(size, (text) => say(`run ${run}: ${text}`)));
    }
    return { ...measurementOf(measured, size), versions };
  },
};

const DEVICES = Array.from({ length: 50 }, (_, index) => `bench-${index + 1}`);
const MESSAGES_PER_SECOND = 500;
const SETTLE_MS = 60_000;
const ASK_EVERY_MS = 50;

const FULL = { runs: 3, seconds: 12, faultAfterMs: 3_000, downMs: 5_000, atOnce: false };
/** The three sides at the same time: at this rate they leave each other room. */
const QUICK = { runs: 1, seconds: 6, faultAfterMs: 2_000, downMs: 2_000, atOnce: true };
type Size = typeof FULL;
type Say = (text: string) => void;

interface Story extends Fate {
  /** From the moment InfluxDB answers again until it has what was sent before. */
  readonly catchUpSeconds: number;
}
type Name = Side['name'];
type Measured = Readonly<Record<'outage' | 'kill', Readonly<Record<Name, Story>>>>;
type Fault = (side: Side, stored: () => Promise<number>, due: () => number) => Promise<number>;

const starts: Readonly<Record<Name, () => Promise<Side>>> = {
  ours: () => startOurs({ devices: DEVICES }),
  nodeRedSingle: () => startNodeRed('single'),
  nodeRedBatched: () => startNodeRed('batched'),
};

async function measure(size: Size, say: Say): Promise<Measured> {
  const outageOf: Fault = async ({ influx }, stored, due) => {
    await influx.kill();
    await delay(size.downMs);
    await influx.again();
    const backAtMs = performance.now();
    const sentBefore = due();
    const giveUpAtMs = backAtMs + size.seconds * 1_000;
    while ((await stored()) < sentBefore && performance.now() < giveUpAtMs) await delay(ASK_EVERY_MS);
    return (performance.now() - backAtMs) / 1_000;
  };
  const killOf: Fault = async (side) => {
    await side.killAndRestart();
    return Number.NaN;
  };
  return {
    outage: await onEverySide('InfluxDB down', outageOf, size, say),
    kill: await onEverySide('killed', killOf, size, say),
  };
}

async function onEverySide(what: string, fault: Fault, size: Size, say: Say): Promise<Record<Name, Story>> {
  const tell = async (name: Name) => {
    const story = await tellStory(starts[name], fault, size);
    say(
      `${name}, ${what}: ${story.lost} of ${story.acknowledged} lost, ${story.duplicated} rows more than once`,
    );
    return story;
  };
  if (size.atOnce) {
    const [ours, nodeRedSingle, nodeRedBatched] = await Promise.all([
      tell('ours'),
      tell('nodeRedSingle'),
      tell('nodeRedBatched'),
    ]);
    return { ours, nodeRedSingle, nodeRedBatched };
  }
  return {
    ours: await tell('ours'),
    nodeRedSingle: await tell('nodeRedSingle'),
    nodeRedBatched: await tell('nodeRedBatched'),
  };
}

async function tellStory(start: () => Promise<Side>, fault: Fault, size: Size): Promise<Story> {
  const side = await start();
  try {
    const runner = new LoadRunner(side, DEVICES);
    const shape = { messagesPerSecond: MESSAGES_PER_SECOND, seconds: size.seconds, window: WINDOW };
    const { generator, beginning } = await runner.connect(shape);
    const startedAtMs = performance.now();
    const loaded = generator.run();
    loaded.catch(() => {});
    await delay(size.faultAfterMs);
    const due = () => Math.floor(((performance.now() - startedAtMs) / 1_000) * MESSAGES_PER_SECOND);
    const catchUpSeconds = await fault(side, () => storedOrNone(side, beginning), due);
    const load = await loaded;
    await runner.settle(beginning, load.acknowledged, SETTLE_MS);
    return { ...fateOf(load, await side.storedNumbers()), catchUpSeconds };
  } finally {
    await side.stop();
  }
}

/** A database that has only just come back may still refuse a query. */
async function storedOrNone(side: Side, beginning: Beginning): Promise<number> {
  return side.stored(beginning).catch(() => 0);
}

function measurementOf(measured: readonly Measured[], { seconds, downMs, runs }: Size): Measurement {
  const figures: Record<string, Figure> = {};
  const unit = `messages of ${seconds * MESSAGES_PER_SECOND}`;
  const add = (name: string, what: string, pick: (one: Measured) => number) => {
    const values = measured.map(pick).filter(Number.isFinite);
    if (values.length > 0) figures[name] = figureOf(values, what);
  };
  const fewest = ({ nodeRedSingle, nodeRedBatched }: Measured['kill']) =>
    Math.min(nodeRedSingle.lost, nodeRedBatched.lost);
  const percent = ({ lost, acknowledged }: Fate) => (100 * lost) / acknowledged;
  add('lostOutage', unit, (one) => one.outage.ours.lost);
  add('lostKill', unit, (one) => one.kill.ours.lost);
  add('duplicated', unit, (one) => one.outage.ours.duplicated + one.kill.ours.duplicated);
  add('lostOutageNodeRed', unit, (one) => fewest(one.outage));
  add('lostKillNodeRed', unit, (one) => fewest(one.kill));
  add('catchUpSeconds', `s after ${downMs / 1_000} s`, (one) => one.outage.ours.catchUpSeconds);
  for (const [fault, word] of [
    ['outage', 'Outage'],
    ['kill', 'Kill'],
  ] as const) {
    for (const [name, Wiring] of [
      ['nodeRedSingle', 'Single'],
      ['nodeRedBatched', 'Batched'],
    ] as const) {
      add(`lost${word}PercentNodeRed${Wiring}`, '%', (one) => percent(one[fault][name]));
    }
  }
  return {
    runs,
    figures,
    targets: [
      { figure: 'lostOutage', comparator: '<=', target: 0 },
      { figure: 'lostKill', comparator: '<=', target: 0 },
      { figure: 'duplicated', comparator: '<=', target: 0 },
    ],
  };
}
