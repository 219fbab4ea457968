import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type SeriesPoint, sqliteSeries } from '@nongtin/series';
import { pino } from 'pino';
import { createSeriesDelivery, type DeliveredJournal } from '../../delivery/index.ts';
import { createIngest } from '../../ingest/index.ts';
import { message } from '../../ingest/testing/rig.ts';
import { openJournal } from '../../journal/index.ts';
import { createProfiles, shortMemory } from '../../profiles/index.ts';
import { GatewayClock } from '../gateway-clock.ts';
import { ClockKeeper } from '../keeper.ts';
import { LateDelivery } from '../late.ts';
import type { ClockTrust, SystemTime } from '../trust.ts';

const logger = pino({ level: 'silent' });

/** A machine whose clocks the test turns. True time goes on whatever the machine's own clock says. */
export class TestMachine {
  /** UTC as it really is. */
  trueMs: number;
  wallMs: number;
  #monotonicMs = 5_000;
  #uptimeMs = 60_000;
  #bootId = 1;
  facts: SystemTime = { sync: 'unsynchronized' };

  constructor(trueMs: number, wallMs = trueMs) {
    this.trueMs = trueMs;
    this.wallMs = wallMs;
  }

  readonly clock = { nowMs: () => this.wallMs, monotonicMs: () => this.#monotonicMs };
  readonly time = async () => this.facts;
  readonly uptimeMs = () => this.#uptimeMs;
  readonly bootId = () => `machine boot ${this.#bootId}`;

  pass(ms: number): void {
    this.trueMs += ms;
    this.wallMs += ms;
    this.#monotonicMs += ms;
    this.#uptimeMs += ms;
  }

  /** The power is away for so long, and the machine wakes up with this time. */
  powerCut(awayMs: number, wallMs: number): void {
    this.trueMs += awayMs;
    this.wallMs = wallMs;
    this.#monotonicMs = 0;
    this.#uptimeMs = 20_000;
    this.#bootId += 1;
  }

  /** A time server has set it right. */
  synchronize(): void {
    this.wallMs = this.trueMs;
    this.facts = { ...this.facts, sync: 'synchronized' };
  }
}

/** One start of the gateway's way from a message to the series, with its clock. */
export async function startBoot(folder: string, machine: TestMachine, setting: ClockTrust = 'auto') {
  mkdirSync(folder, { recursive: true });
  const clock = new GatewayClock(machine.clock);
  const paths = { path: join(folder, 'journal.sqlite'), keyPath: join(folder, 'key.pem') };
  const journal = openJournal({ ...paths, clock, logger });
  await journal.start();
  const keeper = new ClockKeeper({ clock, machine, setting, path: join(folder, 'clock.json'), logger });
  await keeper.begin(journal);
  const store = sqliteSeries({ path: join(folder, 'series.sqlite') });
  await store.start();
  const shared = { store, logger, clock, dating: keeper.dating, pause: turn };
  const delivery = createSeriesDelivery({ journal, ...shared });
  await delivery.start();
  const deliver = (held: DeliveredJournal) =>
    createSeriesDelivery({ journal: held, flushEveryMs: 0, ...shared });
  const late = new LateDelivery({
    ...{ journal, keeper, deliver, logger },
    deliveredUpTo: () => delivery.deliveredUpTo(),
    pause: turn,
  });
  late.start();
  const profiles = createProfiles(shortMemory());
  const ingest = createIngest({
    ...{ journal, profiles, clock, logger },
    ...{ onReadings: () => {}, onStatus: () => {}, onQuarantine: () => {} },
  });
  let packetId = 0;
  return {
    ...{ clock, journal, keeper },
    send: (payload: object) => ingest.receive(message(payload, { packetId: ++packetId })),
    /** Resolves when everything that can be delivered is. */
    settled: async () => {
      while (delivery.state().behindEntries > 0 || keeper.isDelivering()) await turn();
    },
    points: (): Promise<SeriesPoint[]> =>
      store.query({
        ...{
          metric: 'soil_ph',
          device: 'd1',
          fromMs: -1e12,
          toMs: 4e12,
          maxPoints: 10_000,
          aggregate: 'raw',
        },
      }),
    stop: async () => {
      await late.stop();
      await delivery.stop();
      await keeper.stop();
      await store.stop();
      await journal.stop();
    },
  };
}

/** Lets others have their turn: nothing waits for the wall clock. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
