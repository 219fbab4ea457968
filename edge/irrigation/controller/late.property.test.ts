import { seededRandom } from '@nongtin/service';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { demoFarm } from '../../farm/demo.ts';
import { type Zone, zonesOf } from '../../farm/layout.ts';
import { sourceLockKeys } from '../sources/state.ts';
import { Rig } from './rig.suite.ts';
import { lockKeys } from './types.ts';

const ours = zonesOf(demoFarm())
  .slice(0, 3)
  .map((zone, index): Zone => ({ ...zone, ...(index < 2 ? { source: 'well' } : {}) }));
const relay = { family: 'tasmota', device: 'relay', flowMeter: { device: 'relay' } } as const;
/** What names no command cannot be told from what does not obey when commands are lost: for these they are late only. */
const farms = [
  { zones: ours, pump: { valve: 'pump-1' }, masterValve: { valve: 'master-1' }, loss: 0.3 },
  {
    zones: ours.map((zone, index) => (index === 1 ? { ...zone, valve: relay } : zone)),
    pump: { valve: { family: 'tasmota', device: 'box', flowMeter: null } as const },
    loss: 0,
  },
];

const happening = fc.record({
  do: fc.constantFrom(
    'open' as const,
    'open' as const,
    'stop' as const,
    'silence' as const,
    'crash' as const,
  ),
  zone: fc.constantFrom(...ours.map(({ id }) => id)),
  seconds: fc.integer({ min: 30, max: 900 }),
});
const tale = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
  farm: fc.constantFrom(...farms),
  story: fc.array(happening, { minLength: 3, maxLength: 12 }),
});

type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;
const lossy = farms[0] ?? expect.fail('no farm');
function told(seed: number, ...story: [Happening['do'], string, number][]) {
  return { seed, farm: lossy, story: story.map(([what, zone, seconds]) => ({ do: what, zone, seconds })) };
}

/** A valve of ours that hears only a repetition of its opening, a minute late, and none of the closings. */
const heardLate = told(
  1453649865,
  ['crash', 'a1', 867],
  ['open', 'a1', 117],
  ['stop', 'a2', 30],
  ['open', 'a1', 30],
  ['open', 'a1', 220],
);

/** A master valve that has never heard us says "closed"; that comes after we gave up opening it, and then it hears the opening. */
const closedBefore = told(
  733531183,
  ['open', 'a3', 649],
  ['stop', 'a1', 344],
  ['stop', 'a3', 53],
  ['open', 'a1', 63],
  ['open', 'a1', 30],
  ['open', 'a1', 30],
  ['open', 'a1', 85],
);

it('messages that are late or lost lock nothing for which a person would have to come', () => {
  let openings = 0;
  const property = fc.property(tale, ({ seed, farm: { zones, loss, ...parts }, story }) => {
    const source = { id: 'well', name: 'well', maxFlowLitresPerMinute: 120, ...parts };
    const rig = new Rig({
      zones,
      sources: [source],
      random: seededRandom(seed),
      longestDelayMs: 20_000,
      loss,
    });
    rig.pass(60);
    for (const { do: what, zone, seconds } of story) {
      const ask = { zone, requestId: 'r', now: rig.now };
      if (what === 'open') rig.send({ kind: 'open', ...ask, durationSeconds: seconds });
      else if (what === 'stop') rig.send({ kind: 'stop', ...ask });
      else if (what === 'silence') rig.silence(rig.valve(zone).name, seconds);
      else {
        rig.crash();
        rig.boot();
      }
      rig.pass(seconds / 2);
    }
    const alarms = rig.actions.filter((action) => action.kind === 'raise_alarm');
    const locking = [...lockKeys, ...sourceLockKeys];
    expect(alarms.map(({ reason }) => reason.key).filter((key) => locking.includes(key))).toEqual([]);
    openings += rig.runs.filter(({ measuredLitres }) => (measuredLitres ?? 0) > 0).length;
  });
  fc.assert(property, { numRuns: 60, examples: [[heardLate], [closedBefore]] });
  expect(openings).toBeGreaterThan(10);
}, 120_000);
