import fc from 'fast-check';
import { expect, it } from 'vitest';
import { at, conditions, depleted } from './conditions.suite.ts';
import {
  type Conditions,
  type DepletionProgram,
  plan,
  takeTurns,
  turnsProblems,
  turnTimes,
  type WaterTurns,
} from './index.ts';

const members = [
  { id: 'ba-tu', name: 'Ông Ba Tư', zones: ['a1', 'a2'] },
  { id: 'sau', name: 'Bà Sáu', zones: ['a3'] },
];
const timetable: WaterTurns = {
  ...{ id: 'pump-2', members },
  timetable: [
    { id: 'first', member: 'ba-tu', days: ['mon', 'thu'], start: '05:00', end: '09:00' },
    { id: 'second', member: 'sau', after: 'first', minutes: 180 },
    { member: 'ba-tu', days: ['sat'], start: '22:00', end: '03:00' },
  ],
};
const zones = ['a1', 'a2', 'a3', 'b1'];
const problems = (turns: object) => turnsProblems({ ...timetable, ...turns }, 'turns[0]', zones);
const program: DepletionProgram = { id: 'need' };

it('a member’s times are those of the week, those after another turn included', () => {
  expect(turnTimes(timetable, 'a3')).toEqual({
    member: 'Bà Sáu',
    times: [
      { weekday: 1, startMinute: 540, minutes: 180 },
      { weekday: 4, startMinute: 540, minutes: 180 },
    ],
  });
  expect(turnTimes(timetable, 'b1')).toBeNull();
});

it('waters only in the turn of its member, and waters ahead when the next turn would be too late', () => {
  const turn = turnTimes(timetable, 'a3');
  const dry = (text: string, depletionMm: number): Conditions =>
    conditions(text, { turn, depletion: depleted(text, depletionMm) });
  // Monday before nine, within the turn, and after it.
  expect(plan(program, dry('2026-11-23 08:30', 35)).reason).toEqual({
    ...{
      key: 'program_waits_turn',
      figures: { member: 'Bà Sáu', nextDate: '2026-11-23', nextTime: '09:00' },
    },
  });
  const inTurn = plan(program, dry('2026-11-23 09:00', 35)).wanted;
  expect(inTurn?.decisionId).toBe('a3/need/2026-11-23T09:00');
  expect(Number(inTurn?.openBeforeMs) + Number(inTurn?.seconds) * 1000).toBe(at('2026-11-23 12:00'));
  expect(plan(program, dry('2026-11-23 12:00', 35)).nextAtMs).toBe(at('2026-11-26 09:00'));
  // 20 mm today, 35 on Thursday.
  expect(plan(program, dry('2026-11-23 09:00', 20)).reason.key).toBe('program_depletion_ahead');
});

it.each([
  [{ timetable: undefined }, 'turns[0] must have either a timetable or inTurnBy'],
  [{ inTurnBy: 'litres' }, 'turns[0] must have either a timetable or inTurnBy'],
  [{ members: [members[0]] }, 'turns[0].members'],
  [{ members: [members[0], { id: 'sau', zones: ['a2'] }] }, "turns[0].members[1].zones[0] 'a2' is at"],
  [{ members: [members[0], { id: 'sau', zones: ['z9'] }] }, 'is no zone of this farm'],
  [{ members: [...members, { id: 'bay', zones: ['b1'] }] }, "turns[0].members[2] 'bay' has no turn"],
  [{ timetable: [{ member: 'nobody', start: '05:00', end: '06:00' }] }, 'timetable[0].member'],
  [{ timetable: [{ member: 'sau', start: '5', end: '06:00' }] }, 'timetable[0].start must be a time'],
  [{ timetable: [{ member: 'sau', start: '05:00', end: '05:00' }] }, 'of no length'],
  [
    { timetable: [{ member: 'sau', days: ['monday'], start: '05:00', end: '06:00' }] },
    'timetable[0].days[0]',
  ],
  [{ timetable: [{ member: 'sau', after: 'nothing', minutes: 60 }] }, 'is the id of no turn'],
  [{ timetable: [{ member: 'sau', after: 'sau' }] }, 'lacks minutes'],
])('refuses turns that cannot be: %j', (turns, words) => {
  expect(problems(turns).join('; ')).toContain(words);
});

it('refuses turns in a circle, and names it', () => {
  const circular = [
    { id: 'a', member: 'ba-tu', after: 'c', minutes: 60 },
    { id: 'b', member: 'sau', after: 'a', minutes: 60 },
    { id: 'c', member: 'ba-tu', after: 'b', minutes: 60 },
  ];
  expect(problems({ timetable: circular })[0]).toBe(
    'turns[0].timetable[0].after: turns in a circle (a after c after b after …): give one of them a start and an end',
  );
});

it('refuses turns that overlap, over midnight and over the end of the week too', () => {
  const night = [
    { member: 'ba-tu', days: ['sat'], start: '22:00', end: '03:00' },
    { member: 'sau', days: ['sun'], start: '02:30', end: '04:00' },
  ];
  expect(problems({ timetable: night })).toEqual([
    'turns[0].timetable[1] begins (sun 02:30) before turns[0].timetable[0] is over (sun 03:00): shorten one, or move it',
  ]);
  expect(problems({})).toEqual([]);
});

const round: WaterTurns = {
  ...{ id: 'canal', inTurnBy: 'litres' },
  members: [
    { id: 'ba-tu', zones: ['a1'], share: 2 },
    { id: 'sau', zones: ['a2'] },
    { id: 'bay', zones: ['a3'] },
  ],
};

/** What each of some zones wants: one opening of `litres`. */
function wanting(names: readonly string[], litres: number) {
  const [depletionMm, litresPerMm] = [40, litres / 40];
  return new Map(
    names.map((id) => {
      const now = conditions('2026-11-23 05:00', {
        depletion: depleted('2026-11-23 05:00', depletionMm, { litresPerMm }),
      });
      return [id, plan(program, { ...now, zone: { ...now.zone, id, maxRunSeconds: 14_400 } })];
    }),
  );
}

/** Nothing but the turns is in the way of these zones; or a lock, of those that are named. */
const open = (got: ReadonlyMap<string, number>, locked: readonly string[] = []) => ({
  got,
  obstacle: (zone: string) => (locked.includes(zone) ? { key: 'leak', figures: {} } : undefined),
});

it('gives the water to who has got the least for their share, and tells the others whose turn it is', () => {
  const got = new Map([
    ['a1', 900],
    ['a2', 500],
    ['a3', 700],
  ]);
  const taken = takeTurns(round, wanting(['a1', 'a2', 'a3'], 500), open(got));
  expect([...taken].filter(([, { wanted }]) => wanted).map(([zone]) => zone)).toEqual(['a1']);
  expect(taken.get('a3')?.reason).toEqual({ key: 'program_not_in_turn', figures: { member: 'ba-tu' } });
  // Who wants nothing holds nobody up.
  const others = takeTurns(round, wanting(['a2', 'a3'], 500), open(got));
  expect(others.get('a2')?.wanted).not.toBeNull();
});

it('does not wait for a member whose zones cannot be opened, and says why those are not', () => {
  const taken = takeTurns(round, wanting(['a1', 'a2', 'a3'], 500), open(new Map(), ['a1']));
  expect([...taken].map(([zone, { wanted, reason }]) => [zone, wanted ? 'waters' : reason.key])).toEqual([
    ['a1', 'leak'],
    ['a2', 'waters'],
    ['a3', 'program_not_in_turn'],
  ]);
  // As soon as it can be, it has got the least.
  const mended = takeTurns(round, wanting(['a1', 'a2'], 500), open(new Map([['a2', 500]])));
  expect(mended.get('a1')?.wanted).not.toBeNull();
  // Nobody can: then as if everybody could.
  const none = takeTurns(round, wanting(['a2', 'a3'], 500), open(new Map(), ['a2', 'a3']));
  expect([...none.values()].filter(({ wanted }) => wanted)).toHaveLength(1);
});

it('over time everybody gets their share to within one watering, whoever is skipped meanwhile', () => {
  const skipping = fc.array(fc.subarray(['a1', 'a2', 'a3'], { minLength: 1 }), { maxLength: 20 });
  fc.assert(
    fc.property(skipping, (rounds) => {
      const got = new Map<string, number>();
      const water = (names: readonly string[]) => {
        for (const [zone, { wanted }] of takeTurns(round, wanting(names, 600), open(got)))
          if (wanted) got.set(zone, (got.get(zone) ?? 0) + 600);
      };
      for (const names of rounds) water(names);
      for (let n = 0; n < 60; n++) water(['a1', 'a2', 'a3']);
      const parts = [(got.get('a1') ?? 0) / 2, got.get('a2') ?? 0, got.get('a3') ?? 0];
      expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(600);
    }),
    { numRuns: 30 },
  );
});
