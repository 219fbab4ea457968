import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Farm, farmProblems } from '../../edge/farm/layout.ts';
import { loadLibrary } from '../../edge/irrigation/crop-water/library.ts';
import { wateringProblems } from '../../edge/irrigation/planning/watering-problems.ts';
import {
  type GatewayOrder,
  MemoryBus,
  Simulation,
  scenarioOf,
  VirtualScheduler,
} from '../../firmware-sim/index.ts';
import { VirtualGateway } from '../farm/virtual-gateway.ts';
import { farmOf } from './farm-of.ts';
import type { FarmScenario, ForecastFile } from './scenario.ts';
import type { Evidence, Heard } from './traces.ts';

/** What is known when it is over. */
export interface Played extends Evidence {
  readonly farm: Farm;
  /** Zones and sources that are locked at the end. */
  readonly locked: readonly string[];
  /** Keys of every reason that was shown. */
  readonly reasons: ReadonlySet<string>;
}

const START = '2026-02-10T05:00:00+07:00';
const HOUR_MS = 3_600_000;

/** Plays a scenario on a virtual clock; the same scenario comes to the same end. Throws when its farm.json is wrong. */
export async function play(given: FarmScenario): Promise<Played> {
  const scenario = scenarioOf({
    format: 'nongtin-scenario-1',
    name: given.name,
    title: { vi: given.title, en: given.title },
    start: given.start ?? START,
    length: given.length,
    farm: given.farm,
    faults: given.faults ?? [],
    seed: 7,
  });
  const { startMs, lengthSeconds } = scenario;
  const farm = farmOf(given.farm, given.own, startMs);
  const hasForecast = given.forecast !== undefined;
  const wrong = farmProblems(farm);
  if (wrong.length === 0)
    wrong.push(...wateringProblems(farm, { library: loadLibrary(), nowMs: startMs, hasForecast }));
  if (wrong.length > 0) throw new Error(`${given.name}: ${wrong.join('; ')}`);
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-scenario-'));
  const scheduler = new VirtualScheduler(startMs);
  const bus = new MemoryBus(scheduler);
  let clockErrorMs = 0;
  const forecastSource = given.forecast && forecastIn(folder, given.forecast, startMs);
  const gateway = new VirtualGateway({
    farm,
    bus,
    scheduler,
    tickMs: (given.tickSeconds ?? 1) * 1_000,
    clockErrorMs: () => clockErrorMs,
    isClockTrusted: () => clockErrorMs === 0,
    ...(forecastSource === undefined ? {} : { forecastSource }),
  });
  const start = async () => {
    await gateway.start();
    if (hasForecast) await forecastRead(gateway);
  };
  let isOn = true;
  let offSinceMs = 0;
  const off: Played['off'][number][] = [];
  /** What has to be done before time goes on. */
  let due: Promise<unknown> = Promise.resolve();
  const obey = (order: GatewayOrder) => {
    if (order.kind === 'clock') {
      clockErrorMs = order.toMs === null ? 0 : order.toMs - scheduler.nowMs();
    } else if (order.isOn !== isOn) {
      isOn = order.isOn;
      bus.setUp(isOn);
      if (isOn) {
        off.push({ fromMs: offSinceMs, toMs: scheduler.nowMs() });
        due = start();
      } else {
        offSinceMs = scheduler.nowMs();
        gateway.cutOff();
      }
    }
  };
  const heard: Heard[] = [];
  bus.subscribe('#', ({ by, topic, payload }) => heard.push({ atMs: scheduler.nowMs(), by, topic, payload }));
  const simulation = new Simulation({ scenario, scheduler, connect: bus.connect, hooks: { gateway: obey } });
  simulation.start();
  await start();
  for (const { atSeconds, act } of given.people ?? [])
    scheduler.after(atSeconds * 1_000, () => {
      due = Promise.resolve(act(gateway.core));
    });
  const reasons = new Set<string>();
  const look = () => {
    if (!isOn) return;
    for (const { decision } of gateway.core.irrigation.zones()) reasons.add(decision.key);
    for (const { reason } of gateway.core.irrigation.sources()) reasons.add(reason.key);
  };
  const endMs = startMs + lengthSeconds * 1_000;
  while ((scheduler.nextAtMs() ?? endMs) < endMs) {
    scheduler.step();
    await due;
    await new Promise(setImmediate);
    look();
  }
  const [truth, events, records] = [simulation.truth(), simulation.truthEvents(), gateway.records];
  for (const { kind, ...record } of records) if (kind === 'run') reasons.add(keyOf(record));
  const locked = isOn ? lockedIn(gateway) : [];
  if (!isOn) off.push({ fromMs: offSinceMs, toMs: endMs });
  const kept = { events: [...events], records: [...records], flags: [...gateway.flags] };
  const played = { farm, truth, ...kept, locked, reasons, heard, off };
  if (isOn) await gateway.stop();
  await simulation.stop();
  rmSync(folder, { recursive: true, force: true });
  return played;
}

function keyOf(record: object): string {
  return 'reason' in record ? (record.reason as { key: string }).key : '';
}

function lockedIn({ core: { irrigation } }: VirtualGateway): string[] {
  const zones = irrigation.zones().filter(({ phase }) => phase.name === 'locked');
  return [...zones, ...irrigation.sources().filter(({ state }) => state === 'locked')].map(({ id }) => id);
}

/** A file as Open-Meteo answers, made so many hours before the start. */
function forecastIn(folder: string, { ageHours, rainMmPerHour }: ForecastFile, startMs: number): string {
  const path = join(folder, 'forecast.json');
  const firstMs = startMs - (ageHours + 6) * HOUR_MS;
  const time = Array.from({ length: 120 }, (_, hour) =>
    new Date(firstMs + hour * HOUR_MS).toISOString().slice(0, 16),
  );
  const hourly = { time, precipitation: time.map(() => rainMmPerHour) };
  const units = { time: 'iso8601', precipitation: 'mm' };
  writeFileSync(path, JSON.stringify({ utc_offset_seconds: 0, hourly_units: units, hourly }));
  const madeSeconds = (startMs - ageHours * HOUR_MS) / 1_000;
  utimesSync(path, madeSeconds, madeSeconds);
  return path;
}

/** Reading a file is no timer of the virtual clock: time stands until the gateway has its forecast, or knows why it has none. */
async function forecastRead({ core: { planning } }: VirtualGateway): Promise<void> {
  for (;;) {
    const state = planning.forecast();
    if (state === null || state.readAtMs !== null || state.problem !== null) return;
    await new Promise(setImmediate);
  }
}
