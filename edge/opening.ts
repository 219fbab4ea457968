import type { JournalRecord } from '@nongtin/broker/wire';
import type { Farm } from './farm/layout.ts';
import { layoutRecord, sameLayout } from './farm/open.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

interface OpeningJournal {
  appendRecord(record: JournalRecord): Promise<number>;
  records(kind: 'layout', limit: number): Promise<readonly RecordOf<'layout'>[]>;
}

/** The first entries of a start: who signs from here on, and the layout when it is another one than before. */
export async function recordOpening(
  journal: OpeningJournal,
  farm: Farm,
  boot: Omit<RecordOf<'boot'>, 'kind'>,
): Promise<void> {
  await journal.appendRecord({ kind: 'boot', ...boot });
  const layout = layoutRecord(farm, boot.atMs);
  const [last] = await journal.records('layout', 1);
  if (last === undefined || !sameLayout(last, layout)) await journal.appendRecord(layout);
}
