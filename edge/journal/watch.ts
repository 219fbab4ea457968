import type { Reason, ThinnedRecord } from '@nongtin/broker/wire';
import type { DamageReport } from './protocol.ts';
import type { JournalHealth, WriteCause } from './types.ts';

interface Watched {
  health(): JournalHealth;
  onThinned(listener: (record: ThinnedRecord) => void): unknown;
  onDamage(listener: (damage: DamageReport) => void): void;
  onTrouble(listener: (cause: WriteCause) => void): unknown;
  onTurn(listener: (report: { readonly isTight: boolean; readonly isLookedThrough: boolean }) => void): void;
}

interface Alarms {
  raise(source: string, severity: 'critical' | 'high' | 'low', reason: Reason): void;
  clear(source: string, key: string): void;
}

const SOURCE = 'journal';
const KEYS: Readonly<Record<WriteCause, string>> = {
  full: 'journal_disk_full',
  read_only: 'journal_read_only',
  failing: 'journal_cannot_write',
};

/**
 * Alarms of what the journal cannot do or has lost. Raised at once, in view although a full disk takes their record only
 * later. Cleared when the condition is over: nothing stands still; there is room again, so that nothing more is given
 * up; the whole journal was looked through and no more damage found. That waits for a turn of housekeeping, some seconds
 * after the first commit that went well, so that a disk on the brink does not fill the journal with alarms.
 */
export function watchJournal(journal: Watched, alarms: Alarms): void {
  journal.onThinned(({ delivered, firstNumber, lastNumber, readings }) => {
    if (delivered) return;
    const figures = { firstNumber, lastNumber, readings };
    alarms.raise(SOURCE, 'high', { key: 'journal_thinned_undelivered', figures });
  });
  journal.onDamage(({ firstLost, lostEntries, lostPayloads, keptAs }) => {
    const file = keptAs.split('/').at(-1) ?? '';
    const figures = { firstNumber: firstLost, lostEntries, lostPayloads, file };
    alarms.raise(SOURCE, firstLost === 0 ? 'low' : 'high', { key: 'journal_damaged', figures });
  });
  journal.onTrouble((cause) => {
    for (const key of Object.values(KEYS)) if (key !== KEYS[cause]) alarms.clear(SOURCE, key);
    alarms.raise(SOURCE, 'critical', { key: KEYS[cause], figures: {} });
  });
  journal.onTurn(({ isTight, isLookedThrough }) => {
    if (!journal.health().healthy) return;
    for (const key of Object.values(KEYS)) alarms.clear(SOURCE, key);
    if (!isTight) alarms.clear(SOURCE, 'journal_thinned_undelivered');
    if (isLookedThrough) alarms.clear(SOURCE, 'journal_damaged');
  });
}
