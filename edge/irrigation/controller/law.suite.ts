import { seededRandom } from '@nongtin/service';
import fc from 'fast-check';
import { demoFarm } from '../../farm/demo.ts';
import { type Zone, zonesOf } from '../../farm/layout.ts';
import type { Source } from '../sources/schema.ts';
import { Rig } from './rig.suite.ts';

/** Messages arrive within this, when they do. */
const LONGEST_DELAY_SECONDS = 1.5;
const MAX_RUN_SECONDS = 1_200;
const LEASE_SECONDS = 300;
const FLUSH_SECONDS = 30;

const zones = zonesOf(demoFarm())
  .slice(0, 4)
  .map(
    (zone, index): Zone => ({
      ...{ ...zone, maxRunSeconds: MAX_RUN_SECONDS, leaseSeconds: LEASE_SECONDS },
      // The last one has its own tap.
      ...(index < 3 ? { source: 'well' } : {}),
      ...(index === 2
        ? { valve: { family: 'tasmota', device: 'relay', flowMeter: { device: 'meter' } } as const }
        : {}),
    }),
  );
const well: Source = {
  ...{ id: 'well', name: 'well', maxFlowLitresPerMinute: 80, gapSeconds: 5 },
  ...{ pump: { valve: 'pump-1' }, masterValve: { valve: 'master-1' } },
  ...{ together: [['a1', 'a2'], ['a3']], tank: { device: 'tank-1', stopPercent: 15, resumePercent: 30 } },
  filter: { valve: 'flush-1', everyLitres: 300, flushSeconds: FLUSH_SECONDS, minMinutes: 5 },
};
const ids = zones.map(({ id }) => id);
const names = ['valve-a1', 'valve-a2', 'relay', 'valve-b1', 'pump-1', 'master-1', 'flush-1'];

const zone = fc.constantFrom(...ids);
const device = fc.constantFrom(...names);
const seconds = fc.integer({ min: 1, max: 90 });

interface Happening {
  readonly do:
    | 'pass'
    | 'plan'
    | 'open'
    | 'stop'
    | 'unlock'
    | 'unlockSource'
    | 'crash'
    | 'reboot'
    | 'silence'
    | 'clock'
    | 'tank'
    | 'drought'
    | 'jam';
  readonly zone?: string;
  readonly device?: string;
  readonly seconds?: number;
  /** Seconds that are wanted. */
  readonly wants?: number;
  readonly day?: number;
  readonly cycle?: number;
  readonly hasLitres?: boolean;
  readonly percent?: number;
  readonly isTrue?: boolean;
}

type Fields = { [F in Exclude<keyof Happening, 'do'>]?: fc.Arbitrary<NonNullable<Happening[F]>> };

function weighted(weight: number, kind: Happening['do'], fields: Fields) {
  const arbitrary: fc.Arbitrary<Happening> = fc.record({ do: fc.constant(kind), ...fields });
  return { weight, arbitrary };
}

/** One step of a story. */
const happening = fc.oneof(
  weighted(30, 'pass', { seconds }),
  weighted(3, 'pass', { seconds: fc.integer({ min: 200, max: 1_300 }) }),
  weighted(10, 'plan', {
    ...{ zone, day: fc.integer({ min: 1, max: 6 }), cycle: fc.integer({ min: 1, max: 2 }) },
    ...{ wants: fc.integer({ min: 20, max: 2_000 }), hasLitres: fc.boolean() },
  }),
  weighted(4, 'open', { zone, wants: fc.integer({ min: 1, max: MAX_RUN_SECONDS }) }),
  weighted(3, 'stop', { zone }),
  weighted(2, 'unlock', { zone }),
  weighted(1, 'unlockSource', {}),
  weighted(2, 'crash', { seconds: fc.integer({ min: 0, max: 120 }) }),
  weighted(2, 'reboot', { device, seconds }),
  weighted(2, 'silence', { device, seconds: fc.integer({ min: 5, max: 1_000 }) }),
  weighted(1, 'clock', { seconds: fc.integer({ min: -90_000, max: 90_000 }) }),
  weighted(1, 'tank', { percent: fc.constantFrom(5, 20, 80, 80) }),
  weighted(2, 'drought', { isTrue: fc.boolean() }),
  weighted(2, 'jam', { zone, isTrue: fc.boolean() }),
);

export interface Tale {
  readonly seed: number;
  readonly isLossy: boolean;
  /** The well has a pressure gauge. */
  readonly hasGauge: boolean;
  readonly story: readonly Happening[];
}

export const tale = (length: number): fc.Arbitrary<Tale> =>
  fc.record({
    seed: fc.integer({ min: 1, max: 2 ** 31 }),
    isLossy: fc.boolean(),
    hasGauge: fc.boolean(),
    story: fc.array(happening, { minLength: length >> 1, maxLength: length, size: 'max' }),
  });

/** What a story has come to, so that no law holds merely because nothing ever happens. */
export interface Told {
  readonly openings: number;
  readonly renewals: number;
  readonly pumpStarts: number;
  readonly flushes: number;
  /** Zones that have lost their water. */
  readonly losses: number;
  /** Events that the controller was told. */
  readonly events: number;
}

/** Plays a story on real devices and judges what they did. */
export function tell({ seed, isLossy, hasGauge, story }: Tale): Told {
  const pressure = { device: 'gauge-1', minKilopascals: 150, maxKilopascals: 400 };
  const source = hasGauge ? { ...well, pressure } : well;
  const rig = new Rig({
    ...{ zones, sources: [source], programs: ids.slice(0, 3), random: seededRandom(seed) },
    ...(isLossy ? { loss: 0.1, duplicates: 0.1 } : {}),
    longestDelayMs: LONGEST_DELAY_SECONDS * 1000,
  });
  rig.hasGauge = hasGauge;
  const judge = new Judge(rig, isLossy);
  const look = () => judge.look();
  rig.pass(5, look);
  for (const happening of story) play(rig, happening, judge, look);
  return { ...judge.told, events: rig.events };
}

function play(rig: Rig, what: Happening, judge: Judge, look: () => void): void {
  const { now } = rig;
  const { zone: id = '', device: name = '', seconds: time = 0 } = what;
  switch (what.do) {
    case 'pass':
      rig.pass(time, look);
      break;
    case 'plan': {
      const { wants = 1, day, cycle = 1, hasLitres } = what;
      const wanted = {
        ...{ decisionId: `${id}-${day}`, cycle, seconds: wants, litres: hasLitres ? wants / 3 : null },
        ...{ openBeforeMs: rig.utcMs + 600_000, reason: { key: 'soil_dry', figures: {} } },
      };
      rig.send({ kind: 'plan', zone: id, wanted, reason: wanted.reason, now });
      break;
    }
    case 'open':
      rig.send({ kind: 'open', zone: id, requestId: 'r', durationSeconds: what.wants ?? 1, now });
      break;
    case 'stop':
      judge.excuse();
      rig.send({ kind: 'stop', zone: id, requestId: 'r', now });
      break;
    case 'unlock':
      rig.send({ kind: 'unlock', zone: id, requestId: 'r', now });
      break;
    case 'unlockSource':
      rig.send({ kind: 'unlock_source', source: 'well', requestId: 'r', now });
      break;
    case 'crash':
      // What happened just before it nobody can mend; by itself it is no excuse.
      judge.excuseLonger(time);
      rig.crash();
      rig.pass(time, look);
      rig.boot();
      break;
    case 'reboot':
      judge.excuse(time);
      rig.reboot(name, time);
      break;
    case 'silence':
      judge.excuse(time);
      rig.silence(name, time);
      break;
    case 'clock':
      rig.utcMs += time * 1000;
      break;
    case 'tank':
      judge.excuse();
      rig.tankPercent = what.percent ?? 80;
      break;
    case 'drought':
      judge.excuse();
      rig.isDrySource = what.isTrue === true;
      break;
    case 'jam':
      judge.excuse();
      rig.valve(id).isJammed = what.isTrue === true;
      break;
  }
}

/** A pump against closed valves: this long where every word arrives; else its own longest lease. */
const DEAD_HEAD_SECONDS = 12;
const PUMP_LEASE_SECONDS = 900 + 2 * LONGEST_DELAY_SECONDS;

class Judge {
  readonly told = { openings: 0, renewals: 0, pumpStarts: 0, flushes: 0, losses: 0 };
  readonly #rig: Rig;
  readonly #isLossy: boolean;
  #deadHeadMs = 0;
  #excusedUntilMs = 0;
  #wasOn = new Map<string, boolean>();
  #seenActions = 0;
  #lastWaterMs = 0;
  readonly #lostAtMs = new Map<string, number>();

  constructor(rig: Rig, isLossy: boolean) {
    this.#rig = rig;
    this.#isLossy = isLossy;
  }

  /** Something has happened of which nobody can know in time. */
  excuse(gone = 0): void {
    this.#excusedUntilMs = Math.max(this.#excusedUntilMs, this.#rig.nowMs + (gone + 60) * 1000);
  }

  /** Nobody is there to see it. */
  excuseLonger(gone: number): void {
    if (this.#rig.nowMs < this.#excusedUntilMs) this.excuse(gone);
  }

  look(): void {
    this.#noValveTooLong();
    this.#oncePerDecision();
    this.#pumpNotAgainstClosedValves();
    this.#sharing();
    this.#noneBlamedForItsSource();
    this.#nothingLocked();
    for (const [name, { isOn }] of this.#rig.devices) {
      if (isOn && this.#wasOn.get(name) !== true) {
        if (name === 'pump-1') this.told.pumpStarts += 1;
        else if (name === 'flush-1') this.told.flushes += 1;
        else this.told.openings += 1;
      }
      this.#wasOn.set(name, isOn);
    }
  }

  #noValveTooLong(): void {
    const { nowMs } = this.#rig;
    for (const { name, isOn, onSinceMs, zone: own } of this.#rig.devices.values()) {
      const limit = name === 'flush-1' ? FLUSH_SECONDS : MAX_RUN_SECONDS;
      if (!isOn || (own === undefined && name !== 'flush-1')) continue;
      const openSeconds = (nowMs - onSinceMs) / 1000;
      law(openSeconds <= limit + 2 * LONGEST_DELAY_SECONDS, `${name} is open for ${openSeconds} s`);
    }
  }

  #oncePerDecision(): void {
    for (const [key, runs] of this.#rig.watered) law(runs.size === 1, `${key} is watered by ${[...runs]}`);
  }

  #pumpNotAgainstClosedValves(): void {
    const { devices } = this.#rig;
    const isOn = (name: string) => devices.get(name)?.isOn === true;
    const goes = isOn('master-1') && ['valve-a1', 'valve-a2', 'relay'].some(isOn);
    this.#deadHeadMs = isOn('pump-1') && !goes ? this.#deadHeadMs + 250 : 0;
    const isExcused = this.#isLossy || this.#rig.nowMs < this.#excusedUntilMs;
    const bound = isExcused ? PUMP_LEASE_SECONDS : DEAD_HEAD_SECONDS;
    law(this.#deadHeadMs <= bound * 1000, `the pump runs against closed valves for ${this.#deadHeadMs} ms`);
  }

  #sharing(): void {
    const open = ['a1', 'a2', 'a3'].filter((id) => this.#rig.valve(id).isOn);
    law(open.length < 2 || !open.includes('a3'), `a3 is watered alone, not ${open}`);
    law(open.length * 38 <= 80, `${open} take more than the well gives`);
  }

  /** A valve is said to lie only when water has stood before it since it has lost its own. */
  #noneBlamedForItsSource(): void {
    const { actions, state, nowMs } = this.#rig;
    if (this.#rig.hasWater('well')) this.#lastWaterMs = nowMs;
    for (const action of actions.slice(this.#seenActions)) {
      if (action.kind !== 'raise_alarm' || action.reason.key !== 'valve_lies_open') continue;
      const lostAtMs = this.#lostAtMs.get(action.zone) ?? nowMs;
      law(this.#lastWaterMs > lostAtMs, `${action.zone} is blamed for a source that gave no water`);
    }
    for (const { id, phase } of Object.values(state.zones)) {
      const loss = phase.name === 'closing' || phase.name === 'in_doubt' ? phase.loss : null;
      if (loss === null || this.#lostAtMs.get(id) === loss.at.realMs) continue;
      this.#lostAtMs.set(id, loss.at.realMs);
      this.told.losses += 1;
    }
  }

  #nothingLocked(): void {
    const { actions, state } = this.#rig;
    for (const action of actions.slice(this.#seenActions)) {
      if (action.kind !== 'command' || action.command.action !== 'open') continue;
      if (action.command.id.includes('~')) this.told.renewals += 1;
      law(action.command.durationSeconds <= MAX_RUN_SECONDS, `${action.zone} is opened within its limit`);
      law(state.zones[action.zone]?.phase.name !== 'locked', `${action.zone} is locked and opened`);
    }
    this.#seenActions = actions.length;
  }
}

function law(holds: boolean, words: string): void {
  if (!holds) throw new Error(words);
}
