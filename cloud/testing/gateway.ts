import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  encodeReadings,
  encodeRecord,
  entryHash,
  GENESIS_HASH,
  type HarvestRecord,
  isRecordPayload,
  type JournalRecord,
  type LayoutRecord,
  observedAtMs,
  type Reading,
  type RunRecord,
  seriesTimeNs,
  type UplinkEntry,
} from '@nongtin/broker/wire';

const BOOT_ID = 'b0'.repeat(16);

/** A gateway as the cloud sees it: a key, and a journal that it signs. */
export class TestGateway {
  readonly id: string;
  readonly publicKey: string;
  readonly journal: UplinkEntry[] = [];
  readonly #privateKey: KeyObject;
  #readings = 0;

  constructor(id: string) {
    this.id = id;
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.#privateKey = privateKey;
    this.publicKey = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
  }

  /** Appends to the journal; the entry can be bent before it is signed. */
  append(payload: string, bend: Partial<UplinkEntry> = {}): UplinkEntry {
    const entry = this.sign({ ...this.#next(payload), ...bend });
    this.journal.push(entry);
    return entry;
  }

  record(record: JournalRecord): UplinkEntry {
    return this.append(encodeRecord(record));
  }

  readings(...readings: Reading[]): UplinkEntry {
    return this.append(encodeReadings(readings));
  }

  /** One reading with a time of its own. */
  reading(device: string, metric: Reading['metric'], value: number, atMs: number, quality = 0): Reading {
    const timeNs = seriesTimeNs(atMs, ++this.#readings);
    return { metric, device, channel: '', value, quality, receivedAtMs: atMs, timeNs };
  }

  /** Signs what the entry says now, whatever it says. */
  sign(entry: UplinkEntry): UplinkEntry {
    const hash = Buffer.from(entryHash(entry, entry.payload), 'hex');
    return { ...entry, signature: sign(null, hash, this.#privateKey).toString('hex') };
  }

  /** Signs anything, as an enrolment's proof. */
  signBytes(bytes: Uint8Array): string {
    return sign(null, bytes, this.#privateKey).toString('hex');
  }

  #next(payload: string): UplinkEntry {
    const last = this.journal.at(-1);
    const times = isRecordPayload(payload) ? [] : timesOf(payload);
    return {
      number: (last?.number ?? 0) + 1,
      previousHash: last === undefined ? GENESIS_HASH : entryHash(last, last.payload),
      bootId: BOOT_ID,
      monotonicMs: this.journal.length,
      count: times.length,
      firstAtMs: times[0] ?? 0,
      lastAtMs: times.at(-1) ?? 0,
      payload,
      signature: '0'.repeat(128),
    };
  }
}

function timesOf(payload: string): number[] {
  return payload
    .split('\n')
    .flatMap((line) => line.match(/ (-?\d+)$/)?.[1] ?? [])
    .map((ns) => observedAtMs({ timeNs: BigInt(ns) }));
}

/** Two plots, one zone each, and a weather station. */
export const layout: LayoutRecord = {
  kind: 'layout',
  atMs: 0,
  plots: [
    {
      ...{
        id: 'a',
        name: 'Lô A',
        crop: 'dragon_fruit',
        areaHectares: 0.5,
        plantingAreaCode: 'VN-BTHOR-0042',
      },
      zones: [{ id: 'a1', name: 'A1', devices: ['soil-a1', 'valve-a1'] }],
    },
    {
      ...{ id: 'b', name: 'Lô B', crop: 'dragon_fruit', areaHectares: 0.25 },
      zones: [{ id: 'b1', name: 'B1', devices: ['soil-b1', 'valve-b1'] }],
    },
  ],
  farmDevices: ['weather'],
};

export function run(
  runId: string,
  zone: string,
  startedAtMs: number,
  measuredLitres: number | null,
): RunRecord {
  return {
    kind: 'run',
    ...{ runId, zone, valve: `valve-${zone}`, startedAtMs, endedAtMs: startedAtMs + 60_000 },
    ...{ plannedSeconds: 60, actualSeconds: 60, plannedLitres: 20, measuredLitres },
    ...{ soilMoistureBefore: 0.2, soilMoistureAfter: 0.3, outcome: 'completed' },
    reason: { key: 'dry', figures: {} },
  };
}

export function harvest(
  harvestId: string,
  plot: string,
  seasonStartedAtMs: number,
  atMs: number,
): HarvestRecord {
  return {
    kind: 'harvest',
    ...{ harvestId, plot, seasonStartedAtMs, atMs, quantityKg: 1250.5, recordedBy: 'member@demo' },
  };
}
