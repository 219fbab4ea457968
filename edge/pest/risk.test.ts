import { describe, expect, it } from 'vitest';
import type { TrapDay } from './catches.ts';
import type { HeatSum } from './heat-sum.ts';
import type { InfectionPeriod } from './infection.ts';
import { type TrapPicture, trapRisk, wetRisk } from './risk.ts';

/** Made up: 2 a trap and day, looked at weekly; 500 K·d from flight to flight. */
const fly = {
  ...{ actionPerTrapAndDay: 2, windowDays: 7 },
  cycle: {
    thresholds: { lowerCelsius: 9, upperCelsius: null },
    stages: [
      { stage: 'adult', degreeDays: 100 },
      { stage: 'egg and larva', degreeDays: 200 },
      { stage: 'pupa', degreeDays: 200 },
    ],
    trapped: 'adult',
  },
};
const TODAY = 20_000;

function week(perDay: number | null): TrapDay[] {
  return Array.from({ length: 7 }, (_, index) => ({ day: TODAY - index, caught: perDay, isSpread: false }));
}

function seen(own: Partial<TrapPicture> = {}): TrapPicture {
  return { today: TODAY, traps: [week(0.2), week(0.4)], heat: null, ...own };
}

function heat(degreeDays: number, own: Partial<HeatSum> = {}): HeatSum {
  return { degreeDays, filledDays: [], missingDays: [], recentPerDay: 20, ...own };
}

describe('of an insect that traps show', () => {
  it('few mean waiting until the traps are due again', () => {
    expect(trapRisk(fly, seen())).toMatchObject({
      ...{ advice: 'wait', lookAgainDay: TODAY + 7, notes: [] },
      reason: { key: 'pest_below_threshold', figures: { action: 2 } },
    });
  });

  it('many mean acting, and half as many looking sooner', () => {
    expect(trapRisk(fly, seen({ traps: [week(3), week(1)] }))).toMatchObject({
      advice: 'act',
      lookAgainDay: TODAY + 2,
    });
    expect(trapRisk(fly, seen({ traps: [week(1.2)] }))).toMatchObject({
      ...{ advice: 'wait', lookAgainDay: TODAY + 2 },
      reason: { key: 'pest_near_threshold' },
    });
  });

  it('nobody who has looked means looking, and is no sign that there are none', () => {
    expect(trapRisk(fly, seen({ traps: [week(null)] }))).toMatchObject({
      ...{ advice: 'look', lookAgainDay: TODAY },
      reason: { key: 'pest_not_looked' },
    });
    expect(trapRisk(fly, seen({ traps: [] })).advice).toBe('look');
  });

  it('the next flight is told, and somebody looks before it', () => {
    // 420 of 500 K·d at 20 a day: it flies in four days.
    expect(trapRisk(fly, seen({ heat: heat(420) }))).toMatchObject({
      ...{ advice: 'wait', lookAgainDay: TODAY + 2 },
      notes: [{ key: 'pest_next_flight', figures: { days: 4, generation: 2 } }],
    });
  });

  it('a sum of heat with days that nobody measured says so', () => {
    const { notes } = trapRisk(fly, seen({ heat: heat(10, { missingDays: [1, 2] }) }));
    expect(notes).toContainEqual({ key: 'pest_heat_unknown', figures: { days: 2 } });
  });
});

describe('of a fungus that wetness lets in', () => {
  const at = {
    today: TODAY,
    dayOf: (atMs: number) => Math.floor(atMs / 86_400_000),
    protectedUntilDay: null,
  };
  const period = (
    daysAgo: number,
    wetHours: number,
    own: Partial<InfectionPeriod> = {},
  ): InfectionPeriod => ({
    ...{
      fromMs: (TODAY - daysAgo) * 86_400_000,
      toMs: (TODAY - daysAgo) * 86_400_000 + wetHours * 3_600_000,
    },
    ...{ wetHours, celsius: 26, neededHours: 10, unknownHours: 0, ...own },
  });

  it.each([
    ['dry days', [], 'wait', 'pest_not_wet_enough'],
    ['a short rain', [period(1, 4)], 'wait', 'pest_not_wet_enough'],
    ['hours that nearly do', [period(0, 8)], 'look', 'pest_nearly_wet_enough'],
    ['hours that do', [period(1, 4), period(0, 12)], 'act', 'pest_infection'],
    ['an infection too long ago to help', [period(9, 12)], 'wait', 'pest_not_wet_enough'],
    [
      'a temperature at which it does nothing',
      [period(0, 20, { neededHours: null })],
      'wait',
      'pest_not_wet_enough',
    ],
  ])('%s', (_what, periods, advice, key) => {
    expect(wetRisk({ curativeDays: 3 }, periods, at)).toMatchObject({ advice, reason: { key } });
  });

  it('a spray that still protected means waiting', () => {
    const risk = wetRisk({ curativeDays: 3 }, [period(1, 12)], { ...at, protectedUntilDay: TODAY });
    expect(risk).toMatchObject({ advice: 'wait', reason: { key: 'pest_infection_protected' } });
  });

  it('hours that nobody measured are told', () => {
    const risk = wetRisk({ curativeDays: 3 }, [period(0, 4, { unknownHours: 3 })], at);
    expect(risk.notes).toEqual([{ key: 'pest_wetness_unknown', figures: { hours: 3 } }]);
  });
});
