import type { JournalRecord } from '@nongtin/broker/wire';
import type { OpenJournal, TimeSpan } from '../../edge/journal/index.ts';

type Batch = Parameters<OpenJournal['appendReadings']>[0];
type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

/**
 * What a gateway's parts ask of its journal, without a disk: seasons are played in seconds. Records outlive the "power cuts"
 * of a scenario, and so do the flags of readings; the readings themselves are only counted. What is appended is durable when the virtual world has come to rest.
 */
export class MemoryJournal {
  readonly bootId: string;
  readonly publicKeyHex = '00'.repeat(32);
  readonly #records: JournalRecord[];
  readonly #flags: number[];
  #entries = 0;
  #running = 0;
  #isCut = false;

  constructor(bootId: string, records: JournalRecord[] = [], flags: number[] = []) {
    this.bootId = bootId;
    this.#records = records;
    this.#flags = flags;
  }

  /** The next start's journal; from here on this one keeps nothing, as after a power cut. */
  cutOff(bootId: string): MemoryJournal {
    this.#isCut = true;
    return new MemoryJournal(bootId, this.#records, this.#flags);
  }

  get all(): readonly JournalRecord[] {
    return this.#records;
  }

  /** Quality bits of every reading that was flagged. */
  get flags(): readonly number[] {
    return this.#flags;
  }

  appendReadings = async ({ lines }: Batch): Promise<number> => {
    const text = typeof lines === 'string' ? lines : Buffer.from(lines).toString('utf8');
    for (const [, bits] of text.matchAll(/,quality=(\d+)i/g)) this.#flags.push(Number(bits));
    return ++this.#entries;
  };

  appendRecord = async (record: JournalRecord): Promise<number> => {
    if (this.#isCut) return new Promise(() => {});
    this.#records.push(record);
    return ++this.#entries;
  };

  records = async <K extends JournalRecord['kind']>(kind: K, limit: number): Promise<RecordOf<K>[]> =>
    this.#records
      .filter((record): record is RecordOf<K> => record.kind === kind)
      .slice(-limit)
      .reverse();

  newest = async <K extends JournalRecord['kind']>(
    kind: K,
    field: keyof RecordOf<K>,
  ): Promise<RecordOf<K>[]> => {
    const newestFirst = await this.records(kind, this.#records.length);
    const values = newestFirst.map((record) => record[field]);
    return newestFirst.filter((_, n) => values.indexOf(values[n]) === n);
  };

  recordsAfter = async <K extends JournalRecord['kind']>(
    kind: K,
    after: number,
    limit: number,
    { fromMs, toMs }: TimeSpan = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY },
  ): Promise<{ number: number; record: RecordOf<K> }[]> => {
    const found: { number: number; record: RecordOf<K> }[] = [];
    for (let index = after; index < this.#records.length && found.length < limit; index++) {
      const record = this.#records[index];
      if (record?.kind !== kind) continue;
      const atMs = 'atMs' in record ? record.atMs : record.startedAtMs;
      if (atMs >= fromMs && atMs < toMs) found.push({ number: index + 1, record: record as RecordOf<K> });
    }
    return found;
  };

  /** As the parts of a gateway know it; what none of those in this harness asks for is not there. */
  asJournal(): OpenJournal {
    const missing = () => {
      throw new Error('not in this harness');
    };
    return {
      ...{ bootId: this.bootId, publicKeyHex: this.publicKeyHex },
      ...{ appendReadings: this.appendReadings, appendRecord: this.appendRecord },
      ...{ records: this.records, recordsAfter: this.recordsAfter, newest: this.newest },
      start: async () => {},
      stop: async () => {},
      read: missing,
      cursor: missing,
      moveCursor: missing,
      lastNumber: () => this.#entries,
      nextRunningNumber: (count) => {
        const first = this.#running;
        this.#running += count;
        return first;
      },
      recentKeys: () => new Uint8Array(),
      onCommit: () => () => {},
      onThinned: () => () => {},
      onDamage: () => {},
      onTrouble: () => () => {},
      onTurn: () => {},
      fill: () => ({ bytes: 0, limitBytes: 1, entries: this.#entries, thinnedEntries: 0 }),
      health: () => ({ healthy: true }),
      waiting: () => 0,
    };
  }
}
