import type { JournalRecord } from '@nongtin/broker/wire';
import { Season } from './season.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;
const kinds = ['dose', 'tank_fill', 'dose_calibration', 'run'] as const;

/** Of the journal, what a season is read from. */
export interface SeasonJournal {
  /** The earliest first; with a span, those that tell of a moment in it. */
  recordsAfter<K extends (typeof kinds)[number]>(
    kind: K,
    after: number,
    limit: number,
    span?: { readonly fromMs: number; readonly toMs: number },
  ): Promise<readonly { readonly number: number; readonly record: RecordOf<K> }[]>;
}

const PAGE = 500;

/** All that was written from a moment on, in pages. */
export async function readSeason(
  journal: SeasonJournal,
  isAcid: (tank: string) => boolean,
  fromMs: number,
): Promise<Season> {
  const season = new Season(isAcid);
  const span = { fromMs, toMs: Number.MAX_SAFE_INTEGER };
  for (const kind of kinds)
    for (let after = 0; ; ) {
      const page = await journal.recordsAfter(kind, after, PAGE, span);
      for (const { record } of page) season.add(record);
      after = page.at(-1)?.number ?? after;
      if (page.length < PAGE) break;
    }
  return season;
}
