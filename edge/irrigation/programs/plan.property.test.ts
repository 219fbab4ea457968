import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dateText, localDay, minuteOfDay } from './calendar.ts';
import { at, conditions, zone } from './conditions.suite.ts';
import type { Wanted } from './conditions.ts';
import { type Conditions, plan, type Watering } from './index.ts';
import type { Program, Window } from './program.ts';
import examples from './reasons.json' with { type: 'json' };

/**
 * A farm with a controller that carries out what is wanted, once for each cycle of a decision, and a clock, a power supply
 * and a meter that cannot be relied upon. It knows what really ran.
 */
const TIME_ZONE = 'Asia/Ho_Chi_Minh';
const HOLIDAYS = ['2026-11-25', '12-01'];
const windows: Window[] = [
  { start: '04:00', end: '07:30' },
  { start: '22:00', end: '01:00' },
];
const cycles = { maxSeconds: 1200, minSoakSeconds: 2400 };
const programs: Program[] = [
  { id: 'need', windows, cycles, holidays: HOLIDAYS },
  { id: 'always', roomForRainMm: 2 },
  {
    id: 'probe',
    kind: 'soil_moisture',
    openBelowFraction: 0.25,
    targetFraction: 0.3,
    maxSeconds: 3000,
    windows,
    cycles,
  },
  {
    id: 'hours',
    kind: 'clock',
    starts: [{ at: '05:00' }, { sunsetMinutes: 20 }],
    runSeconds: 5400,
    cycles,
    holidays: HOLIDAYS,
  },
  {
    id: 'over',
    kind: 'clock',
    starts: [{ at: '00:30' }],
    anchor: 'finish',
    runSeconds: 7200,
    holidays: HOLIDAYS,
  },
  {
    id: 'litres',
    kind: 'volume',
    starts: [{ at: '04:30' }],
    litres: 5000,
    cycles,
    windows,
    rainSkip: { mm: 5, hours: 12 },
  },
];

type Ending = 'completed' | 'interrupted' | 'no_answer' | 'unmeasured';
type Step =
  | { readonly kind: 'pass'; readonly minutes: number }
  | { readonly kind: 'jump'; readonly minutes: number }
  | { readonly kind: 'restart' }
  | { readonly kind: 'trust'; readonly isTrusted: boolean }
  | { readonly kind: 'pause'; readonly minutes: number }
  | {
      readonly kind: 'weather';
      readonly depletionMm: number;
      readonly soilMoisture: number;
      readonly rainMm: number;
    }
  | { readonly kind: 'end'; readonly how: Ending };

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), minutes: fc.integer({ min: 1, max: 45 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), minutes: fc.integer({ min: 60, max: 900 }) }),
  },
  fc.record({ kind: fc.constant('jump' as const), minutes: fc.integer({ min: -3000, max: 3000 }) }),
  fc.record({ kind: fc.constant('restart' as const) }),
  fc.record({ kind: fc.constant('trust' as const), isTrusted: fc.boolean() }),
  fc.record({ kind: fc.constant('pause' as const), minutes: fc.integer({ min: -60, max: 300 }) }),
  fc.record({
    kind: fc.constant('weather' as const),
    ...{
      depletionMm: fc.integer({ min: 0, max: 60 }),
      soilMoisture: fc.double({ min: 0.1, max: 0.35, noNaN: true }),
    },
    rainMm: fc.integer({ min: 0, max: 8 }),
  }),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      how: fc.constantFrom<Ending>('completed', 'interrupted', 'no_answer', 'unmeasured'),
    }),
  },
);

interface Started {
  readonly wanted: Wanted;
  readonly atMonotonicMs: number;
  readonly atWallMs: number;
}
interface Ran {
  readonly wanted: Wanted;
  readonly watering: Watering;
  /** What nobody in the program's world sees. */
  readonly truth: { readonly litres: number; readonly seconds: number; readonly endedMonotonicMs: number };
  readonly startId: number;
}

class World {
  readonly program: Program;
  readonly isMetered: boolean;
  monotonicMs = 0;
  wallMs = at('2026-11-23 03:00');
  startedMonotonicMs = -3_600_000;
  startId = 0;
  isTrusted = true;
  pauseUntilMs = 0;
  weather = { depletionMm: 40, soilMoisture: 0.2, rainMm: 0 };
  running: Started | null = null;
  readonly ran: Ran[] = [];

  constructor(program: Program, isMetered: boolean) {
    this.program =
      program.allowUnproven === undefined && !isMetered ? { ...program, allowUnproven: true } : program;
    this.isMetered = isMetered;
  }

  take(step: Step): void {
    if (step.kind === 'pass') {
      this.monotonicMs += step.minutes * 60_000;
      this.wallMs += step.minutes * 60_000;
      const { running } = this;
      if (running && this.monotonicMs - running.atMonotonicMs >= running.wanted.seconds * 1000)
        this.end('completed');
    }
    if (step.kind === 'jump') this.wallMs += step.minutes * 60_000;
    if (step.kind === 'trust') this.isTrusted = step.isTrusted;
    if (step.kind === 'pause') this.pauseUntilMs = this.wallMs + step.minutes * 60_000;
    if (step.kind === 'weather') this.weather = step;
    if (step.kind === 'end') this.end(step.how);
    if (step.kind === 'restart') {
      this.end('interrupted');
      this.startId += 1;
      this.startedMonotonicMs = this.monotonicMs;
    }
    this.ask();
  }

  conditions(): Conditions {
    const { nowMs: _, ...usual } = conditions('2026-11-23 05:00');
    const { wallMs: nowMs, isTrusted, startedMonotonicMs, monotonicMs, weather } = this;
    const rawMm = 30;
    return {
      ...{ ...usual, nowMs, zone: { ...zone, isMetered: this.isMetered } },
      clock: {
        isTrusted,
        sinceStartMs: monotonicMs - startedMonotonicMs,
        totalUptimeMs: 3_600_000 + monotonicMs,
      },
      pause: { untilMs: this.pauseUntilMs, by: 'Chị Hoa' },
      depletion: {
        asOfMs: nowMs,
        depletionMm: weather.depletionMm,
        rawMm,
        tawMm: 60,
        etcMmPerDay: 5,
        litresPerMm: 100,
      },
      soilMoisture: weather.soilMoisture,
      rain: {
        isRaining: false,
        isGaugeSilent: false,
        hours: [{ startMs: nowMs - 3_600_000, mm: weather.rainMm }],
      },
      history: [
        ...this.ran.map(({ watering, truth, startId }) => {
          const agoSeconds = startId === this.startId ? (monotonicMs - truth.endedMonotonicMs) / 1000 : null;
          return watering.ended ? { ...watering, ended: { ...watering.ended, agoSeconds } } : watering;
        }),
        ...(this.running ? [wateringOf(this.running, null)] : []),
      ],
    };
  }

  /** The controller asks at every change, and an idle zone begins what is wanted. */
  ask(): void {
    const now = this.conditions();
    const answer = plan(this.program, now);
    for (const { key, figures } of [answer.reason, ...answer.notes]) {
      const example: object | undefined = (examples as Record<string, object>)[key];
      expect(Object.keys(example ?? {})).toEqual(
        expect.arrayContaining(Object.keys(figures).filter((name) => name !== 'decisionLitres')),
      );
      expect(example).toBeDefined();
      expect(
        Object.values(figures).every((figure) => typeof figure === 'string' || Number.isFinite(figure)),
      ).toBe(true);
    }
    expect(plan(this.program, now)).toEqual(answer);
    if (!answer.wanted) return;
    this.judge(answer.wanted, now);
    this.running = { wanted: answer.wanted, atMonotonicMs: this.monotonicMs, atWallMs: this.wallMs };
  }

  judge(wanted: Wanted, { nowMs }: Conditions): void {
    const earlier = this.ran.filter((one) => one.wanted.decisionId === wanted.decisionId);
    expect(this.running).toBeNull();
    expect(earlier.map((one) => one.wanted.cycle)).not.toContain(wanted.cycle);
    for (const { wanted: before } of earlier)
      expect([before.decisionSeconds, before.decisionLitres]).toEqual([
        wanted.decisionSeconds,
        wanted.decisionLitres,
      ]);
    // Nothing beyond what the decision planned, by what has really run.
    const litres = earlier.reduce((sum, one) => sum + one.truth.litres, 0);
    const seconds = earlier.reduce((sum, one) => sum + one.truth.seconds, 0);
    if (wanted.decisionLitres !== null)
      expect(litres + (wanted.litres ?? 0)).toBeLessThanOrEqual(wanted.decisionLitres + 1e-6);
    else expect(seconds + wanted.seconds).toBeLessThanOrEqual(wanted.decisionSeconds + 1e-6);
    // Each cycle as short as it must be, after its soak.
    const { maxSeconds = Infinity, minSoakSeconds = 0 } = this.program.cycles ?? {};
    expect(wanted.seconds).toBeGreaterThan(0);
    expect(wanted.seconds).toBeLessThanOrEqual(Math.min(maxSeconds, zone.maxRunSeconds));
    for (const { truth } of this.ran)
      expect((this.monotonicMs - truth.endedMonotonicMs) / 1000).toBeGreaterThanOrEqual(minSoakSeconds);
    // Never beyond its window, on a holiday or while paused; by the calendar only where there is one.
    expect(nowMs).toBeLessThanOrEqual(wanted.openBeforeMs);
    expect(this.pauseUntilMs).toBeLessThanOrEqual(nowMs);
    if (!this.isTrusted) {
      expect(this.program.windows ?? this.program.holidays).toBeUndefined();
      return;
    }
    for (const momentMs of [nowMs, wanted.openBeforeMs + wanted.seconds * 1000 - 1]) {
      const date = dateText(localDay(TIME_ZONE, momentMs));
      if (this.program.holidays) expect(['2026-11-25', '2026-12-01']).not.toContain(date);
      if (this.program.windows) expect(isInWindow(minuteOfDay(TIME_ZONE, momentMs))).toBe(true);
    }
  }

  end(how: Ending): void {
    const { running } = this;
    if (!running) return;
    const { wanted } = running;
    const openSeconds = Math.min(wanted.seconds, (this.monotonicMs - running.atMonotonicMs) / 1000);
    const isBySeconds = wanted.litres === null;
    const flow = zone.nominalFlowLitresPerMinute / 60;
    const litres = how === 'no_answer' ? 0 : Math.min(openSeconds * flow, wanted.litres ?? Infinity);
    const seconds = how === 'no_answer' ? 0 : openSeconds;
    const isKnown =
      this.isMetered && how !== 'unmeasured' && (how !== 'interrupted' || this.startId % 2 === 0);
    const ended = {
      ...{ atMs: this.wallMs, agoSeconds: null, litres: isKnown ? litres : null },
      seconds: how === 'interrupted' || (how === 'unmeasured' && !isBySeconds) ? null : seconds,
      outcome: how === 'unmeasured' ? ('completed' as const) : how,
    };
    const truth = { litres, seconds, endedMonotonicMs: this.monotonicMs };
    this.ran.push({ wanted, watering: wateringOf(running, ended), truth, startId: this.startId });
    this.running = null;
  }
}

function wateringOf({ wanted, atWallMs }: Started, ended: Watering['ended']): Watering {
  const { decisionId, cycle, decisionSeconds, decisionLitres, seconds: plannedSeconds } = wanted;
  return { decisionId, cycle, decisionSeconds, decisionLitres, plannedSeconds, startedAtMs: atWallMs, ended };
}

function isInWindow(minute: number): boolean {
  return (minute >= 240 && minute < 450) || minute >= 1320 || minute < 60;
}

it.each(
  programs.flatMap((program) => [true, false].map((isMetered) => [program.id, isMetered, program] as const)),
)(
  'whatever clock, power and meter do, nothing is watered twice, nor beyond its sum, window or soak: %s, metered %s',
  (_, isMetered, program) => {
    fc.assert(
      fc.property(fc.array(steps, { minLength: 20, maxLength: 120 }), (taken) => {
        const world = new World(program, isMetered);
        for (const step of taken) world.take(step);
      }),
      { numRuns: 60 },
    );
  },
);

it('waters through a quiet week: each program gives what it planned, every day that it may', () => {
  for (const { holidays: _, ...program } of programs) {
    const world = new World(program, true);
    for (let minutes = 0; minutes < 7 * 1440; minutes += 5) world.take({ kind: 'pass', minutes: 5 });
    const decisions = new Map<string, { litres: number; seconds: number; wanted: Wanted }>();
    for (const { wanted, truth } of world.ran) {
      const before = decisions.get(wanted.decisionId) ?? { litres: 0, seconds: 0, wanted };
      decisions.set(wanted.decisionId, {
        ...before,
        litres: before.litres + truth.litres,
        seconds: before.seconds + truth.seconds,
      });
    }
    expect(decisions.size).toBeGreaterThanOrEqual(5);
    for (const { litres, seconds, wanted } of [...decisions.values()].slice(0, -1)) {
      if (wanted.decisionLitres === null)
        expect(seconds).toBeGreaterThanOrEqual(wanted.decisionSeconds * 0.95 - 1);
      else expect(litres).toBeGreaterThanOrEqual(wanted.decisionLitres * 0.95 - 1);
    }
  }
});
