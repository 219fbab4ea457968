import type { AlarmRecord } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AlarmRig, HOUR, MINUTE } from '../../alarms/rig.suite.ts';
import { restore } from './restore.ts';
import { lockKeys } from './types.ts';

const past = { nowMs: 0, pauseMs: 0, handsOffMs: 0 };
const nothing = { records: async () => [] };
const locksOf = async (alarms: readonly AlarmRecord[]) => [
  ...(await restore(nothing, alarms, past)).locks.keys(),
];

const acts = [
  'acknowledge',
  'shelve',
  'unshelve',
  'maintain',
  'release',
  'reset',
  'pass',
  'restart',
] as const;

it('a lock holds over a restart whatever people have done to its alarm, and ends with its condition alone', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...lockKeys),
      fc.array(fc.constantFrom(...acts), { maxLength: 12 }),
      async (key, done) => {
        const rig = new AlarmRig();
        rig.raise('z1', 'critical', key);
        const act = {
          acknowledge: async (id: string) => void (await rig.alarms.acknowledge(id, 'Sáu')),
          shelve: (id: string) => void rig.alarms.shelve(id, { forMs: HOUR, by: 'Sáu', why: 'known' }),
          unshelve: (id: string) => void rig.alarms.unshelve(id),
          maintain: () => void rig.maintained.set('z1', { untilMs: null, by: 'Sáu', why: 'sold' }),
          release: () => void rig.maintained.delete('z1'),
          reset: (id: string) => void rig.alarms.reset(id),
          pass: () => rig.pass(30 * MINUTE, MINUTE),
          restart: () => rig.restart(),
        };
        for (const one of done) await act[one](rig.of('z1', key)?.alarmId ?? '');
        await rig.restart();
        expect(await locksOf(rig.alarms.list())).toEqual(['z1']);
        rig.alarms.clear('z1', key);
        await rig.restart();
        expect(await locksOf(rig.alarms.list())).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});
