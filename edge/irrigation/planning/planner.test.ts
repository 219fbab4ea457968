import type { Reason } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { WateredZone } from '../../farm/layout.ts';
import type { ZoneState } from '../controller/types.ts';
import { at, depleted } from '../programs/conditions.suite.ts';
import type { Planned } from '../programs/conditions.ts';
import type { Program } from '../programs/program.ts';
import type { WaterTurns } from '../programs/turns.ts';
import { Planner } from './planner.ts';

const NOW = '2026-02-10 05:00';
const program: Program = { id: 'dawn', kind: 'depletion' };

/** Two dry zones at dawn, and what their controller is told. */
class TwoZones {
  programs = new Map<string, Program>([
    ['a1', program],
    ['a2', program],
  ]);
  turns: WaterTurns[] = [];
  moisture: ZoneState['moisture'] = null;
  obstacles = new Map<string, Reason>();
  broken: string | null = null;
  doubted: string | null = null;
  readonly told = new Map<string, { wanted: Planned['wanted']; reason: Reason }>();
  readonly planner = new Planner({
    site: () => ({ timeZone: 'Asia/Ho_Chi_Minh', location: null }),
    zones: () =>
      [...this.programs].map(([id, one]) => ({
        ...{ program: one, isMetered: true, turn: null },
        zone: { id, nominalFlowLitresPerMinute: 100, maxRunSeconds: 3_600 } as WateredZone,
      })),
    turns: () => this.turns,
    irrigation: {
      zone: (id) => ({ id, moisture: this.moisture }) as ZoneState,
      plan: (zone, wanted, reason) => this.told.set(zone, { wanted, reason }),
      obstacle: (zone) => this.obstacles.get(zone),
    },
    weather: { rain: () => null, windMetresPerSecond: () => null },
    ledger: {
      depletion: (id) => {
        if (id === this.broken) throw new RangeError('no amounts of water');
        return depleted(NOW, 35);
      },
      et0MmPerDay: () => 5,
      tooSalty: () => null,
      probeDoubt: (id) => (id === this.doubted ? { key: 'probe_flat', figures: {} } : null),
    },
    cropOverDays: () => 0,
    holds: { of: () => ({ stopAll: null, pause: null }) },
    history: { of: () => [] },
    forecast: () => ({ latest: null, problem: null }),
    nowMs: () => at(NOW),
    clock: { monotonicMs: () => 0, isTrusted: () => true },
    uptime: { sinceStartMs: () => 864_000_000, totalMs: () => 8_640_000_000 },
    logger: pino({ enabled: false }),
  });

  ask() {
    this.planner.tick();
    return Object.fromEntries(
      [...this.told].map(([zone, { wanted, reason }]) => [
        zone,
        wanted === null ? reason.key : 'wants to water',
      ]),
    );
  }
}

it('asks every zone, and tells the controller what each wants', () => {
  expect(new TwoZones().ask()).toEqual({ a1: 'wants to water', a2: 'wants to water' });
});

it('does not water a zone that it cannot decide about, and goes on with the next', () => {
  const farm = new TwoZones();
  farm.ask();
  farm.broken = 'a1';
  expect(farm.ask()).toEqual({ a1: 'planning_failed', a2: 'wants to water' });
  expect(farm.planner.of('a1')?.reason.key).toBe('planning_failed');
});

it('takes back what it wanted for a zone that has no program any more', () => {
  const farm = new TwoZones();
  farm.ask();
  farm.programs.delete('a1');
  expect(farm.ask()).toEqual({ a1: 'waits_for_program', a2: 'wants to water' });
  expect(farm.planner.of('a1')).toBeUndefined();
});

it('gives the turn of a member whose zone is locked to the next, until it is unlocked', () => {
  const farm = new TwoZones();
  farm.turns = [
    {
      ...{ id: 'canal', inTurnBy: 'litres' },
      members: [
        { id: 'sau', zones: ['a1'] },
        { id: 'ba', zones: ['a2'] },
      ],
    },
  ];
  expect(farm.ask()).toEqual({ a1: 'wants to water', a2: 'program_not_in_turn' });
  farm.obstacles.set('a1', { key: 'no_flow', figures: {} });
  expect(farm.ask()).toEqual({ a1: 'no_flow', a2: 'wants to water' });
  farm.obstacles.clear();
  expect(farm.ask()).toEqual({ a1: 'wants to water', a2: 'program_not_in_turn' });
});

it('waters nothing by a probe that is in doubt, however dry it says the soil is', () => {
  const farm = new TwoZones();
  const figures = { openBelowFraction: 0.22, targetFraction: 0.3, maxSeconds: 3600 };
  for (const id of ['a1', 'a2']) farm.programs.set(id, { id: 'probe', kind: 'soil_moisture', ...figures });
  farm.moisture = { value: 0.1, seen: { atMs: at(NOW), realMs: 0, farmMs: 0 } };
  farm.doubted = 'a1';
  expect(farm.ask()).toEqual({ a1: 'program_probe_doubted', a2: 'wants to water' });
  farm.doubted = null;
  expect(farm.ask()).toEqual({ a1: 'wants to water', a2: 'wants to water' });
});
