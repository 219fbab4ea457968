import type { JournalRecord } from '@nongtin/broker/wire';
import type { Diary } from './diary.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

/** As much of the journal as the diary asks of it, in memory. */
export class MemoryJournal {
  readonly all: JournalRecord[];

  constructor(all: JournalRecord[] = []) {
    this.all = all;
  }

  appendRecord = async (record: JournalRecord): Promise<number> => this.all.push(record);

  lastNumber = (): number => this.all.length;

  async records<K extends JournalRecord['kind']>(kind: K, limit: number): Promise<RecordOf<K>[]> {
    return this.#of(kind)
      .map(({ record }) => record)
      .reverse()
      .slice(0, limit);
  }

  async recordsAfter<K extends JournalRecord['kind']>(
    kind: K,
    after: number,
    limit: number,
    span = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY },
  ) {
    const isIn = ({ number, record }: { number: number; record: JournalRecord }) => {
      const [first, last] =
        'atMs' in record ? [record.atMs, record.atMs] : [record.startedAtMs, record.endedAtMs];
      return number > after && last >= span.fromMs && first < span.toMs;
    };
    return this.#of(kind).filter(isIn).slice(0, limit);
  }

  #of<K extends JournalRecord['kind']>(kind: K) {
    return this.all
      .map((record, index) => ({ number: index + 1, record }))
      .filter((one): one is { number: number; record: RecordOf<K> } => one.record.kind === kind);
  }
}

/** A guard to which every harvest is right. */
export const openGuard: ConstructorParameters<typeof Diary>[0]['guard'] = {
  admit: async (_harvest, _word, keep) => {
    await keep(undefined);
    return [];
  },
  bars: () => [],
  corrected: () => {},
  tell: async () => true,
  warnings: () => [],
};
