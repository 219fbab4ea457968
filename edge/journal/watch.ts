import type { Reason, ThinnedRecord } from '@nongtin/broker/wire';
import type { DamageReport } from './protocol.ts';

interface Watched {
  onThinned(listener: (record: ThinnedRecord) => void): unknown;
  onDamage(listener: (damage: DamageReport) => void): void;
}

interface Alarms {
  raise(source: string, severity: 'critical' | 'high' | 'low', reason: Reason): void;
}

/** Alarms of what the journal lost: readings given up on a full disk before they were delivered, and damage. */
export function watchJournal(journal: Watched, alarms: Alarms): void {
  journal.onThinned(({ delivered, firstNumber, lastNumber, readings }) => {
    if (delivered) return;
    const figures = { firstNumber, lastNumber, readings };
    alarms.raise('journal', 'high', { key: 'journal_thinned_undelivered', figures });
  });
  journal.onDamage(({ firstLost, lostEntries, lostPayloads, keptAs }) => {
    const file = keptAs.split('/').at(-1) ?? '';
    const figures = { firstNumber: firstLost, lostEntries, lostPayloads, file };
    alarms.raise('journal', firstLost === 0 ? 'low' : 'high', { key: 'journal_damaged', figures });
  });
}
