import { setTimeout as delay } from 'node:timers/promises';
import type { JournalRecord, ValveCommand } from '@nongtin/broker/wire';
import { pino } from 'pino';
import type { Zone } from '../edge/farm/layout.ts';
import { Irrigation } from '../edge/irrigation/service.ts';
import type { Source } from '../edge/irrigation/sources/schema.ts';
import { type Benchmark, figureOf } from './result.ts';

const ZONES = 200;
const ZONES_A_SOURCE = 10;

/**
 * What the irrigation controller costs: 200 zones behind 20 pumps, each evaluated at least once a second, each probe heard every
 * second and each open valve every two. Its whole shell, without broker and disk.
 */
export const control: Benchmark = {
  name: 'control',
  run: async ({ quick, say }) => {
    const runs = quick ? 2 : 5;
    const seconds = quick ? 8 : 30;
    const shares: number[] = [];
    for (let run = 1; run <= runs; run++) {
      const share = await coreShare(seconds);
      say(`run ${run} of ${runs}: ${share.toFixed(2)} % of a core`);
      shares.push(share);
    }
    return {
      runs,
      figures: { controlCpuPercent: figureOf(shares, '% of a core') },
      targets: [{ figure: 'controlCpuPercent', comparator: '<', target: 5 }],
    };
  },
};

async function coreShare(seconds: number): Promise<number> {
  const farm = new Farm();
  await farm.irrigation.start();
  // Every valve has answered the start's closing.
  await farm.second();
  farm.begin();
  // The code is warm.
  for (let second = 0; second < 4; second++) await farm.second();
  const before = process.cpuUsage();
  const beganMs = performance.now();
  for (let second = 0; second < seconds; second++) await farm.second();
  const { user, system } = process.cpuUsage(before);
  const share = ((user + system) / 1000 / (performance.now() - beganMs)) * 100;
  await farm.irrigation.stop();
  return share;
}

class Farm {
  readonly irrigation: Irrigation;
  readonly #open = new Map<string, string>();
  #seconds = 0;

  constructor() {
    const journal = { appendRecord: async (_record: JournalRecord) => 1, records: async () => [] };
    this.irrigation = new Irrigation({
      ...{ zones, sources, speed: 1, journal, idPrefix: 'bench' },
      publish: async (topic, payload) => this.#told(topic, payload),
      alarms: { raise: () => {}, clear: () => {}, list: () => [] },
      clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
      wetTests: { readOnly: () => null, add: async () => {} },
      ...{ onZone: () => {}, onRun: () => {}, logger: pino({ level: 'silent' }) },
    });
  }

  /** Everybody asks; as many are watered as the farm lets run at once. */
  begin(): void {
    for (const { id } of zones) void this.irrigation.request(id, { kind: 'open', durationSeconds: 1_200 });
  }

  async second(): Promise<void> {
    this.#seconds += 1;
    const readings = zones.map(({ soilProbe = '' }) => ({
      ...{ device: soilProbe, metric: 'soil_moisture' as const, channel: '', value: 0.22, quality: 0 },
    }));
    for (const reading of readings) this.irrigation.onReadings([reading]);
    if (this.#seconds % 2 === 0)
      for (const [valve, commandId] of this.#open) this.#say(valve, 'open', commandId);
    await delay(1_000);
  }

  #told(topic: string, payload: string): void {
    const valve = topic.split('/')[2] ?? '';
    const command = JSON.parse(payload) as ValveCommand;
    if (command.action === 'open') this.#open.set(valve, command.id);
    else this.#open.delete(valve);
    setImmediate(() => this.#say(valve, command.action === 'open' ? 'open' : 'closed', command.id));
  }

  #say(valve: string, state: 'open' | 'closed', commandId: string): void {
    const flowLitresPerMinute = state === 'open' ? 38 : 0;
    const report = {
      state,
      cause: 'periodic',
      commandId,
      flowLitresPerMinute,
      totalLitres: this.#seconds * 0.63,
    };
    this.irrigation.onMessage(`nongtin/v1/${valve}/valve/state`, Buffer.from(JSON.stringify(report)));
  }
}

const zones = Array.from(
  { length: ZONES },
  (_, index): Zone => ({
    ...{ id: `z${index}`, name: `z${index}`, valve: `valve-${index}`, soilProbe: `soil-${index}` },
    ...{ openBelowFraction: 0.2, targetFraction: 0.25, runSeconds: 600, maxRunSeconds: 1_800 },
    ...{ nominalFlowLitresPerMinute: 38, source: `s${Math.floor(index / ZONES_A_SOURCE)}` },
  }),
);
const sources = Array.from(
  { length: ZONES / ZONES_A_SOURCE },
  (_, index): Source => ({
    ...{ id: `s${index}`, name: `s${index}`, maxFlowLitresPerMinute: 100 },
    pump: { valve: `pump-${index}` },
  }),
);
