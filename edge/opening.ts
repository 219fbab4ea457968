import type { JournalRecord } from '@nongtin/broker/wire';
import type { Farm } from './farm/layout.ts';
import { layoutRecord, sameLayout } from './farm/open.ts';
import { type OpenJournal, unlessTroubled } from './journal/index.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

interface OpeningJournal extends Pick<OpenJournal, 'onTrouble'> {
  appendRecord(record: JournalRecord): Promise<number>;
  records(kind: 'layout', limit: number): Promise<readonly RecordOf<'layout'>[]>;
}

/**
 * The first entries of a start: who signs from here on, and the layout when it is another one than before. A journal that
 * cannot write at the moment has them waiting before all others.
 */
export async function recordOpening(
  journal: OpeningJournal,
  farm: Farm,
  boot: Omit<RecordOf<'boot'>, 'kind'>,
): Promise<void> {
  await unlessTroubled(journal, journal.appendRecord({ kind: 'boot', ...boot }));
  const layout = layoutRecord(farm, boot.atMs);
  const [last] = await journal.records('layout', 1);
  if (last === undefined || !sameLayout(last, layout))
    await unlessTroubled(journal, journal.appendRecord(layout));
}
