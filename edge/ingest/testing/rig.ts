import { join } from 'node:path';
import type { InboundMessage } from '@nongtin/broker';
import type { QuarantineRecord, Reading } from '@nongtin/broker/wire';
import { type SeriesPoint, type SeriesStore, sqliteSeries } from '@nongtin/series';
import { pino } from 'pino';
import { createSeriesDelivery, type SeriesDelivery } from '../../delivery/index.ts';
import { type OpenJournal, openJournal } from '../../journal/index.ts';
import type { Mappings } from '../../mapping/mapping.ts';
import { createProfiles, shortMemory } from '../../profiles/index.ts';
import { createIngest, type Ingest } from '../index.ts';

/** For tests: the gateway's way from a message to the series store, without broker and control. */
export interface Rig {
  readonly journal: OpenJournal;
  readonly store: SeriesStore;
  readonly ingest: Ingest;
  readonly delivery: SeriesDelivery;
  readonly clock: { now: number; nowMs(): number; monotonicMs(): number };
  readonly seen: {
    readings: Reading[];
    statuses: [string, boolean][];
    silent: [string, number][];
    quarantined: QuarantineRecord[];
  };
  /** Resolves when the store holds everything that is in the journal. */
  delivered(): Promise<void>;
  raw(device: string, metric?: Reading['metric'], channel?: string): Promise<SeriesPoint[]>;
  stop(): Promise<void>;
}

const logger = pino({ level: 'silent' });

export async function startRig(
  folder: string,
  nowMs = Date.now(),
  store?: SeriesStore,
  more: { readonly flushEveryMs?: number; readonly mappings?: Pick<Mappings, 'apply'> } = {},
): Promise<Rig> {
  const clock = { now: nowMs, nowMs: () => clock.now, monotonicMs: () => clock.now };
  const journal = openJournal({
    path: join(folder, 'journal.sqlite'),
    keyPath: join(folder, 'key.pem'),
    clock,
    logger,
  });
  await journal.start();
  const series = store ?? sqliteSeries({ path: join(folder, 'series.sqlite') });
  await series.start();
  const seen: Rig['seen'] = { readings: [], statuses: [], silent: [], quarantined: [] };
  const ingest = createIngest({
    journal,
    profiles: createProfiles(shortMemory()),
    ...(more.mappings && { mappings: more.mappings }),
    clock,
    logger,
    onReadings: (readings) => seen.readings.push(...readings),
    onSilent: (device, missing) => seen.silent.push([device, missing]),
    onStatus: (device, online) => seen.statuses.push([device, online]),
    onQuarantine: (record) => seen.quarantined.push(record),
  });
  const delivery = createSeriesDelivery({ journal, store: series, logger, clock, ...more });
  await delivery.start();
  return {
    ...{ journal, store: series, ingest, delivery, clock, seen },
    delivered: async () => {
      while (delivery.state().behindEntries > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    raw: (device, metric = 'raw', channel) =>
      series.query({
        ...{ metric, device, fromMs: 0, toMs: 4e12, maxPoints: 10_000, aggregate: 'raw' },
        ...(channel === undefined ? {} : { channel }),
      }),
    stop: async () => {
      await delivery.stop();
      await series.stop();
      await journal.stop();
    },
  };
}

export function message(
  payload: unknown,
  part: Partial<InboundMessage> & { device?: string } = {},
): InboundMessage {
  const { device = 'd1', ...rest } = part;
  return {
    identity: { id: device, role: 'device' },
    clientId: `client of ${device}`,
    topic: `nongtin/v1/${device}/readings`,
    payload:
      payload instanceof Uint8Array
        ? payload
        : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    qos: 1,
    dup: false,
    retain: false,
    packetId: 1,
    receivedAtMs: 0,
    ...rest,
  };
}
