import { setTimeout as delay } from 'node:timers/promises';
import { type Found, type Measured, measurementOf } from './broker-figures.ts';
import { type Crowd, gatherCrowd } from './load/crowd.ts';
import { type FlatOut, type FlatOutOptions, fanOut, flatOut } from './load/flat-out.ts';
import type { Benchmark } from './result.ts';
import { type BrokerName, type BrokerSide, brokerStarts, type Clients } from './sides/brokers.ts';
import { residentMiBOf } from './sides/processes.ts';
import { mosquittoVersion, versionIn } from './sides/programs.ts';
import { valveCommandTopic } from './sides/side.ts';

/**
 * Our broker with its journal, plain aedes and Mosquitto in turns: messages a second, a thousand clients that connect
 * at once, and how much of the memory each of them takes while it is idle.
 */
export const broker: Benchmark = {
  name: 'broker',
  async run({ quick, say }) {
    const mosquitto = await mosquittoVersion();
    if (mosquitto === undefined)
      say('mosquitto is not installed (apt-get install mosquitto): its figures are left out');
    const peers: readonly BrokerName[] =
      mosquitto === undefined ? ['plainAedes'] : ['plainAedes', 'mosquitto'];
    const size = quick ? QUICK : FULL;
    const measured: Measured[] = [];
    for (let run = 1; run <= size.runs; run += 1) {
      measured.push(await measure(['ours', ...peers], size, (text) => say(`run ${run}: ${text}`)));
    }
    const versions = { aedes: versionIn(new URL('./package.json', import.meta.resolve('aedes')).href) };
    return {
      ...measurementOf(measured, quick),
      versions: mosquitto === undefined ? versions : { ...versions, mosquitto },
    };
  },
};

/** `turns`: how often each side has its QoS 1 load. `settleMs`: V8 gives back what it no longer needs after ten seconds. */
const FULL = { runs: 5, turns: 2, warmUpSeconds: 1.2, seconds: 2, quietMs: 2_000, settleMs: 13_000 };
const QUICK = { runs: 1, turns: 1, warmUpSeconds: 0.8, seconds: 1, quietMs: 1_000, settleMs: 2_500 };
type Size = typeof FULL;
type Say = (text: string) => void;

/** As many as ours lets in. */
const CROWD = deviceIds(1_000);
/** Few on their way show how long a message takes; many, how much work it is. */
const NARROW = { qos: 1, publishers: 10, window: 20 } as const;
const WIDE = { qos: 1, publishers: 50, window: 200 } as const;
/** At QoS 0 a ping stands behind what is on its way, and it is to cost next to nothing. */
const QOS0 = { qos: 0, publishers: 10, window: 100 } as const;
type Shape = typeof NARROW | typeof WIDE | typeof QOS0;
const LISTENER = 'bench-listener';

/** No device is used twice: its clock has run ahead. */
const MOST_PUBLISHERS =
  FULL.turns * (NARROW.publishers + WIDE.publishers) + QOS0.publishers + NARROW.publishers;

function deviceIds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `bench-${index + 1}`);
}

async function measure(names: readonly BrokerName[], size: Size, say: Say): Promise<Measured> {
  const crowds = await onSides(names, { devices: CROWD, listeners: [] }, (sides) =>
    crowdsOf(sides, size, say),
  );
  const clients = { devices: deviceIds(MOST_PUBLISHERS), listeners: [LISTENER] };
  const rates = await onSides(names, clients, (sides) => ratesOf(sides, size, say));
  const found: Partial<Record<BrokerName, Found>> = {};
  for (const name of names) {
    const [crowd, rate] = [crowds.get(name), rates.get(name)];
    if (crowd !== undefined && rate !== undefined) found[name] = { ...crowd, ...rate };
  }
  return found;
}

/** All of them run at the same time, but only one is asked for anything: an idle broker needs no processor. */
async function onSides<Result>(
  names: readonly BrokerName[],
  clients: Clients,
  work: (sides: readonly BrokerSide[]) => Promise<Result>,
): Promise<Result> {
  const sides: BrokerSide[] = [];
  try {
    for (const name of names) sides.push(await brokerStarts[name](clients));
    return await work(sides);
  } finally {
    for (const side of sides) await side.stop();
  }
}

type CrowdFigures = Pick<Found, 'connectSeconds' | 'bytesPerIdleClient'>;

async function crowdsOf(
  sides: readonly BrokerSide[],
  size: Size,
  say: Say,
): Promise<ReadonlyMap<BrokerName, CrowdFigures>> {
  // What a broker loads and sets aside for the first client of all is not the price of a client.
  for (const side of sides) await (await gather(side, CROWD.slice(0, 1))).stop();
  await delay(size.quietMs);
  const before = new Map(sides.map(({ name, pid }) => [name, residentMiBOf(pid)]));
  const crowds = new Map<BrokerName, Crowd>();
  try {
    for (const side of sides) crowds.set(side.name, await gather(side, CROWD));
    await delay(size.settleMs);
    const figuresOf = ({ name, pid }: BrokerSide): CrowdFigures => {
      const connectSeconds = crowds.get(name)?.connectSeconds ?? Number.NaN;
      const grownMiB = residentMiBOf(pid) - (before.get(name) ?? Number.NaN);
      const bytesPerIdleClient = (grownMiB * 2 ** 20) / CROWD.length;
      const each = `${bytesPerIdleClient.toFixed(0)} bytes each`;
      say(
        `${name}: ${CROWD.length} clients connect in ${connectSeconds.toFixed(2)} s, idle they take ${each}`,
      );
      return { connectSeconds, bytesPerIdleClient };
    };
    return new Map(sides.map((side) => [side.name, figuresOf(side)]));
  } finally {
    for (const crowd of crowds.values()) await crowd.stop();
  }
}

/** Each listens to what a valve would. */
function gather({ port, password }: BrokerSide, ids: readonly string[]): Promise<Crowd> {
  const clients = ids.map((id) => ({ id, password: password(id) }));
  return gatherCrowd({ port, clients, filter: valveCommandTopic('{device}') });
}

type RateFigures = Omit<Found, keyof CrowdFigures>;

async function ratesOf(
  sides: readonly BrokerSide[],
  size: Size,
  say: Say,
): Promise<ReadonlyMap<BrokerName, RateFigures>> {
  let used = 0;
  const load = ({ qos, publishers, window }: Shape): FlatOutOptions => {
    used += publishers;
    const devices = deviceIds(used).slice(-publishers);
    return { qos, devices, window, warmUpSeconds: size.warmUpSeconds, seconds: size.seconds };
  };
  const qos1 = await inTurns(sides, size.turns, () => load(WIDE));
  const qos1Narrow = await inTurns(sides, size.turns, () => load(NARROW));
  const [qos0Load, fanOutLoad] = [load(QOS0), load(NARROW)];
  const figures = new Map<BrokerName, RateFigures>();
  for (const side of sides) {
    const found = {
      qos1: meanOf(qos1.get(side.name) ?? []),
      qos1Narrow: meanOf(qos1Narrow.get(side.name) ?? []),
      qos0: await flatOut(side, qos0Load),
      fanOutPerSecond: await fanOut(side, LISTENER, fanOutLoad),
    };
    say(described(side.name, found));
    figures.set(side.name, found);
  }
  return figures;
}

/** There and back: what else goes on in the machine then hits all of them alike. */
async function inTurns(
  sides: readonly BrokerSide[],
  turns: number,
  nextLoad: () => FlatOutOptions,
): Promise<ReadonlyMap<BrokerName, readonly FlatOut[]>> {
  const found = new Map(sides.map(({ name }) => [name, [] as FlatOut[]]));
  for (let turn = 0; turn < turns; turn += 1) {
    const load = nextLoad();
    for (const side of turn % 2 === 0 ? sides : sides.toReversed())
      found.get(side.name)?.push(await flatOut(side, load));
  }
  return found;
}

function meanOf(loads: readonly FlatOut[]): FlatOut {
  const mean = (pick: (load: FlatOut) => number) => loads.map(pick).reduce((a, b) => a + b, 0) / loads.length;
  return {
    messagesPerSecond: mean(({ messagesPerSecond }) => messagesPerSecond),
    cpuSecondsPer10k: mean(({ cpuSecondsPer10k }) => cpuSecondsPer10k),
  };
}

function described(name: BrokerName, { qos1, qos1Narrow, qos0, fanOutPerSecond }: RateFigures): string {
  const perSecond = (load: FlatOut) => load.messagesPerSecond.toFixed(0);
  const rates = `QoS 1 ${perSecond(qos1)}/s (10 × 20: ${perSecond(qos1Narrow)}), QoS 0 ${perSecond(qos0)}/s`;
  return `${name}: ${rates}, to one who listens ${fanOutPerSecond.toFixed(0)}/s`;
}
