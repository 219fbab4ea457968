import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AlarmRig, HOUR, MINUTE, ruled } from './rig.suite.ts';

/** Three conditions of one farm: minor, grave, and one that latches by a rule of the farm's own; and a cause of the first two. */
const conditions = [
  { source: 'probe', key: 'silent', severity: 'low', latching: false },
  { source: 'zone', key: 'leak', severity: 'critical', latching: false },
  { source: 'tank', key: 'rule', severity: 'high', latching: true },
  { source: 'bridge', key: 'dead', severity: 'high', latching: false },
] as const;
const causes = {
  isCause: (condition: string) => condition === 'dead',
  isBehind: ({ condition }: { condition: string }) => condition === 'silent' || condition === 'leak',
};
const SHELF_MS = HOUR;

const which = fc.integer({ min: 0, max: conditions.length - 1 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('raise', 'clear'), which }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('acknowledge', 'reset', 'shelve', 'unshelve', 'maintain', 'release'),
      which,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.integer({ min: 1, max: 40 }) }) },
  fc.record({ kind: fc.constant('restart') }),
);
type Step = { readonly kind: string; readonly which?: number; readonly ms?: number };

const isUp = (state: string | undefined) => state === 'unacknowledged' || state === 'acknowledged';

async function take({ kind, which = 0, ms = 0 }: Step, rig: AlarmRig): Promise<void> {
  const { source, key, severity, latching } = conditions[which] ?? conditions[0];
  const alarmId = rig.of(source, key)?.alarmId ?? '';
  const own = { condition: key, manner: { latching, mustAcknowledge: true } };
  switch (kind) {
    case 'raise':
      return rig.raise(source, severity, key, latching ? ruled(own) : undefined);
    case 'clear':
      return rig.alarms.clear(source, key);
    case 'acknowledge':
      await rig.alarms.acknowledge(alarmId, 'Sáu');
      return;
    case 'reset':
      rig.alarms.reset(alarmId);
      return;
    case 'shelve':
      rig.alarms.shelve(alarmId, { forMs: SHELF_MS, by: 'Sáu', why: 'known' });
      return;
    case 'unshelve':
      rig.alarms.unshelve(alarmId);
      return;
    case 'maintain':
      rig.maintained.set(source, { untilMs: rig.clock.nowMs() + HOUR, by: 'Sáu', why: 'repair' });
      return rig.alarms.look();
    case 'release':
      rig.maintained.delete(source);
      return rig.alarms.look();
    case 'pass':
      return rig.pass(ms * MINUTE);
    default:
      return rig.restart();
  }
}

it('no order of events loses a condition that stands, and none is told that does not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps: readonly Step[]) => {
      const rig = new AlarmRig(causes);
      const isOn = new Map<string, boolean>();
      const told = (from: AlarmRig) =>
        from
          .open()
          .toSorted((a, b) => a.alarmId.localeCompare(b.alarmId))
          .map(({ source, alarmId, alarmState, acknowledged, state }) => ({
            ...{ source, alarmId, alarmState, acknowledged, state },
          }));
      for (const one of steps) {
        const before = told(rig);
        await take(one, rig);
        if (one.kind === 'restart') expect(told(rig), 'a restart changes nothing').toEqual(before);
        if (one.kind === 'raise' || one.kind === 'clear')
          isOn.set(conditions[one.which ?? 0]?.key ?? '', one.kind === 'raise');
        for (const { source, key } of conditions) {
          const record = rig.of(source, key);
          const stands = isOn.get(key) ?? false;
          const chatters = record?.chattered !== undefined;
          if (stands) expect(isUp(record?.baseState), `${key} stands`).toBe(true);
          else if (!chatters) expect(isUp(record?.baseState), `${key} does not stand`).toBe(false);
          // What locks a zone over a restart: nothing that people do to the alarm changes it.
          if (stands && !chatters) expect(record?.state, `${key} in the journal`).not.toBe('cleared');
        }
      }
    }),
    { numRuns: 300 },
  );
});

it('a shelved alarm comes back when its time is over, whatever happens meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps: readonly Step[]) => {
      const rig = new AlarmRig();
      rig.raise('zone', 'critical', 'leak');
      rig.alarms.shelve(rig.of('zone', 'leak')?.alarmId ?? '', { forMs: SHELF_MS, by: 'Sáu', why: 'known' });
      const disturbing = steps.filter(
        ({ kind }) => !['shelve', 'unshelve', 'maintain', 'release'].includes(kind),
      );
      for (const one of disturbing) await take(one, rig);
      rig.pass(SHELF_MS);
      expect(rig.of('zone', 'leak')?.alarmState).not.toBe('shelved');
      rig.alarms.clear('zone', 'leak');
      rig.raise('zone', 'critical', 'leak');
      expect(isUp(rig.of('zone', 'leak')?.alarmState)).toBe(true);
    }),
    { numRuns: 100 },
  );
});

it('what latches leaves the list by a person alone, who resets it, and never while it stands', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps: readonly Step[]) => {
      const rig = new AlarmRig(causes);
      await take({ kind: 'raise', which: 2 }, rig);
      for (const one of steps.filter(({ kind }) => kind !== 'reset')) {
        await take(one, rig);
        expect(rig.of('tank', 'rule'), one.kind).toBeDefined();
      }
      await take({ kind: 'raise', which: 2 }, rig);
      await take({ kind: 'reset', which: 2 }, rig);
      expect(isUp(rig.of('tank', 'rule')?.baseState)).toBe(true);
    }),
    { numRuns: 100 },
  );
});
