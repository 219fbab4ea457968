import { expect, it } from 'vitest';
import { watchJournal } from './index.ts';
import type { JournalHealth, WriteCause } from './types.ts';

/** A journal that says what a test lets it say, and the alarms that stand because of it. */
function watched() {
  const standing = new Set<string>();
  const says: Record<string, (about: never) => void> = {};
  let health: JournalHealth = { healthy: true };
  const listen = (name: string) => (listener: (about: never) => void) => {
    says[name] = listener;
  };
  watchJournal(
    {
      health: () => health,
      onThinned: listen('thinned'),
      onDamage: listen('damage'),
      onTrouble: listen('trouble'),
      onTurn: listen('turn'),
    },
    {
      raise: (_source, _severity, { key }) => standing.add(key),
      clear: (_source, key) => standing.delete(key),
    },
  );
  const say = (name: string, about: unknown) => says[name]?.(about as never);
  return {
    standing: () => [...standing],
    trouble: (cause: WriteCause) => {
      health = { healthy: false, cause, reason: '' };
      say('trouble', cause);
    },
    recover: () => {
      health = { healthy: true };
    },
    thinned: (delivered: boolean) =>
      say('thinned', { delivered, firstNumber: 1, lastNumber: 2, readings: 3 }),
    damage: () => say('damage', { firstLost: 1, lostEntries: 1, lostPayloads: 0, keptAs: '/x/y' }),
    turn: (report: { isTight: boolean; isLookedThrough: boolean }) => say('turn', report),
  };
}
const well = { isTight: false, isLookedThrough: true };

it.each([
  ['full', 'journal_disk_full'],
  ['read_only', 'journal_read_only'],
  ['failing', 'journal_cannot_write'],
] as const)('says at once that the disk is %s, until the journal has written again', (cause, key) => {
  const journal = watched();
  journal.trouble(cause);
  journal.trouble(cause);
  expect(journal.standing()).toEqual([key]);
  journal.turn(well);
  expect(journal.standing()).toEqual([key]);
  journal.recover();
  journal.turn(well);
  expect(journal.standing()).toEqual([]);
});

it('says what it is now when the trouble becomes another one', () => {
  const journal = watched();
  journal.trouble('full');
  journal.trouble('read_only');
  expect(journal.standing()).toEqual(['journal_read_only']);
});

it('tells of readings that were given up undelivered until there is room again, and of others not', () => {
  const journal = watched();
  journal.thinned(true);
  expect(journal.standing()).toEqual([]);
  journal.thinned(false);
  journal.turn({ ...well, isTight: true });
  expect(journal.standing()).toEqual(['journal_thinned_undelivered']);
  journal.turn(well);
  expect(journal.standing()).toEqual([]);
});

it('tells of damage until the whole journal was looked through and no more was found', () => {
  const journal = watched();
  journal.damage();
  journal.turn({ ...well, isLookedThrough: false });
  expect(journal.standing()).toEqual(['journal_damaged']);
  journal.turn(well);
  expect(journal.standing()).toEqual([]);
});
