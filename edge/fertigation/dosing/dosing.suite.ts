import type { Instant } from '../../irrigation/time.ts';
import { begin, type RestoredHead, step } from './step.ts';
import type { Surroundings } from './turn.ts';
import type {
  Given,
  HeadAction,
  HeadConfig,
  HeadEvent,
  HeadState,
  Recipe,
  TankConfig,
  Untimed,
} from './types.ts';

const limit = (seconds: number) => ({ farmSeconds: seconds, realSeconds: seconds });

export function tank(id: string, order: number, own: Partial<TankConfig> = {}): TankConfig {
  return {
    ...{ id, order, isAcid: false, apartFrom: [], millilitresPerSecond: 10 },
    ...{ minPulseSeconds: 1, maxPulseSeconds: 5 },
    ...{ perRunMillilitres: 4_000, perDayMillilitres: 8_000, leftMillilitres: 100_000 },
    ...own,
  };
}

/** Acid, calcium, and what precipitates with calcium. */
export function testHead(own: Partial<HeadConfig> = {}): HeadConfig {
  return {
    id: 'head',
    tanks: [
      tank('acid', 1, {
        isAcid: true,
        millilitresPerSecond: 2,
        perRunMillilitres: 500,
        perDayMillilitres: 900,
      }),
      tank('a', 2, { apartFrom: ['b'] }),
      tank('b', 3, { apartFrom: ['a'] }),
    ],
    ec: { count: 2, min: 0.05, max: 4, tolerance: 0.3, maxAge: limit(60) },
    ph: { count: 1, min: 4.5, max: 8.5, tolerance: 0.3, maxAge: limit(60) },
    ...{ preFlushLitres: 60, postFlushLitres: 80, mixingLitres: 20, probeSeconds: 5, separationLitres: 5 },
    limits: {
      ...{ answer: limit(5), attempts: 3, flowAge: limit(60), doubt: limit(60) },
      leastEffectFraction: 0.3,
    },
    ...own,
  };
}

export const byRatio: Recipe = {
  ...{ id: 'leaf', mode: 'proportional', ph: null },
  millilitresPerCubicMetre: { a: 2_000, b: 2_000 },
};

const START_MS = Date.UTC(2026, 10, 20, 22);
const dayOf = (atMs: number) => new Date(atMs + 7 * 3_600_000).toISOString().slice(0, 10);

/** A pump as it really is: it obeys what reaches it, and stops by itself. */
interface TruePump {
  isOn: boolean;
  endsMs: number;
  commandId: string;
  /** mL that have really come out into the water, and into a measuring cup. */
  given: number;
  cup: number;
  isInCup: boolean;
}

export interface HeardRun {
  readonly runId: string;
  readonly litresPerMinute: number;
  readonly plannedLitres: number;
  readonly recipe: Recipe | null;
  passed: number;
}

/** Where stock and water mix before the probes: a well-mixed volume, and noise. EC adds up; acid lowers pH along a line. */
export class TestPipe {
  sourceEc = 0.6;
  readonly #mixed: { ec: number; ph: number };
  readonly #own: {
    litres: number;
    ecPerMillilitrePerLitre: number;
    phPerMillilitrePerLitre: number;
    noise: () => number;
  };

  constructor(own: {
    litres: number;
    ecPerMillilitrePerLitre: number;
    phPerMillilitrePerLitre: number;
    noise: () => number;
  }) {
    this.#own = own;
    this.#mixed = { ec: 0.6, ph: 7.4 };
  }

  get ec(): number {
    return this.#mixed.ec;
  }

  get ph(): number {
    return this.#mixed.ph;
  }

  flow(litres: number, dosed: Readonly<Record<string, number>>): { ec: number[]; ph: number[] } {
    const { noise, ecPerMillilitrePerLitre, phPerMillilitrePerLitre } = this.#own;
    if (litres > 0) {
      const { acid = 0, ...others } = dosed;
      const millilitres = Object.values(others).reduce((sum, one) => sum + one, 0);
      const share = 1 - Math.exp(-litres / this.#own.litres);
      this.#mixed.ec +=
        share * (this.sourceEc + (ecPerMillilitrePerLitre * millilitres) / litres - this.#mixed.ec);
      this.#mixed.ph += share * (7.4 - (phPerMillilitrePerLitre * acid) / litres - this.#mixed.ph);
    }
    return {
      ec: [this.#mixed.ec + 0.04 * noise(), this.#mixed.ec + 0.04 * noise()],
      ph: [this.#mixed.ph + 0.05 * noise()],
    };
  }
}

/** A head with true pumps, water and probes, on a clock that the test moves. Radio and journal are perfect unless told otherwise. */
export class TestHead {
  readonly surroundings: Surroundings;
  state: HeadState;
  now: Instant = { farmMs: 0, realMs: 0, atMs: START_MS };
  readonly actions: HeadAction[] = [];
  readonly pumps = new Map<string, TruePump>();
  runs: HeardRun[] = [];
  counter = 0;
  probes: { ec: (number | null)[]; ph: (number | null)[]; isGood: boolean } = {
    ec: [0.6, 0.6],
    ph: [6.5],
    isGood: true,
  };
  /** What the probes see, where it follows from what was dosed. */
  pipe: TestPipe | null = null;
  /** Whether a command reaches its pump, and a pump's word the gateway. */
  carries: { command: () => boolean; word: () => boolean } = { command: () => true, word: () => true };
  isJournalOk = true;
  /** What pumps truly give of what is believed. */
  trueFactor = 1;
  /** What an unlimited journal holds. */
  readonly durable = {
    allowances: new Map<string, { tanks: Readonly<Record<string, number>>; atMs: number }>(),
    doses: [] as Given[],
  };
  #starts = 0;

  constructor(head: HeadConfig = testHead(), restored: Partial<RestoredHead> = {}) {
    this.surroundings = { head, dayOf, idPrefix: 'boot-0' };
    for (const { id } of head.tanks)
      this.pumps.set(id, { isOn: false, endsMs: 0, commandId: '', given: 0, cup: 0, isInCup: false });
    const first = begin(
      this.surroundings,
      { given: [], lock: null, isHeld: false, told: [], learnt: {}, ...restored },
      this.now,
    );
    this.state = first.state;
    this.#carryOut(first.actions);
  }

  get head(): HeadConfig {
    return this.surroundings.head;
  }

  send(event: Untimed): readonly HeadAction[] {
    const next = step(this.state, { ...event, now: this.now } as HeadEvent, this.surroundings);
    this.state = next.state;
    this.#carryOut(next.actions);
    return next.actions;
  }

  open(runId: string, own: Partial<HeardRun> = {}): this {
    this.runs.push({ runId, litresPerMinute: 60, plannedLitres: 1_000, recipe: byRatio, passed: 0, ...own });
    this.tellWater();
    return this;
  }

  close(runId: string): void {
    this.runs = this.runs.filter((run) => run.runId !== runId);
    this.tellWater();
  }

  tellWater(): void {
    const runs = this.runs.map(({ runId, recipe, passed, plannedLitres, litresPerMinute }) => ({
      ...{ zone: 'z', runId, recipe, litres: passed, litresPerMinute },
      litresLeft: Math.max(0, plannedLitres - passed),
    }));
    this.send({ kind: 'water', water: { runs, counter: this.counter, seen: this.now } });
  }

  /** Second by second: water flows, pumps run, probes and meters speak every fifth second. */
  wait(seconds: number, each: () => void = () => {}): void {
    for (let second = 0; second < seconds; second++) {
      this.#second();
      each();
    }
  }

  #second(): void {
    this.now = {
      farmMs: this.now.farmMs + 1_000,
      realMs: this.now.realMs + 1_000,
      atMs: this.now.atMs + 1_000,
    };
    const running = [...this.pumps].filter(([, { isOn }]) => isOn);
    for (const [id, pump] of running) {
      if (pump.isInCup) pump.cup += this.#trueRate(id);
      else pump.given += this.#trueRate(id);
    }
    for (const [id, pump] of running)
      if (pump.isOn && this.now.realMs >= pump.endsMs) this.#turn(id, pump, false);
    const litres = this.runs.reduce((sum, run) => sum + run.litresPerMinute / 60, 0);
    if (this.pipe !== null) {
      const dosed = running.map(([id]) => [id, this.#trueRate(id)] as const);
      this.probes = { ...this.pipe.flow(litres, Object.fromEntries(dosed)), isGood: true };
    }
    for (const run of this.runs) {
      run.passed += run.litresPerMinute / 60;
      this.counter += run.litresPerMinute / 60;
    }
    if ((this.now.realMs / 1_000) % 5 === 0) this.#speak();
    this.send({ kind: 'tick' });
    for (const run of [...this.runs]) if (run.passed >= run.plannedLitres) this.close(run.runId);
  }

  /** mL/s; an injector draws from the water that really flows. */
  #trueRate(id: string): number {
    const { injector, millilitresPerSecond } = this.head.tanks.find((one) => one.id === id) ?? {};
    if (injector === undefined) return (millilitresPerSecond ?? 0) * this.trueFactor;
    const litres = this.runs.reduce((sum, run) => sum + run.litresPerMinute / 60, 0);
    return litres * (injector.millilitresPerLitre ?? 0);
  }

  #speak(): void {
    const { isGood } = this.probes;
    for (const quantity of ['ec', 'ph'] as const)
      this.probes[quantity].forEach((value, index) => {
        if (value !== null) this.send({ kind: 'probe', quantity, index, value, isGood });
      });
    this.tellWater();
  }

  #carryOut(actions: readonly HeadAction[]): void {
    this.actions.push(...actions);
    for (const action of actions) {
      if (action.kind === 'run_pump' || action.kind === 'stop_pump') this.#command(action);
      if (action.kind === 'journal_dose')
        for (const [name, millilitres] of Object.entries(action.dose.millilitres))
          this.durable.doses.push({
            ...{ doseId: action.dose.doseId, tank: name, millilitres },
            ...{ atMs: action.dose.endedAtMs, realMs: null },
          });
      if (action.kind === 'journal_allowance' && this.isJournalOk) {
        this.durable.allowances.set(action.doseId, { tanks: action.millilitres, atMs: this.now.atMs });
        const { doseId, millilitres } = action;
        this.send({ kind: 'allowance_durable', doseId, millilitres });
      }
    }
  }

  #command(action: Extract<HeadAction, { kind: 'run_pump' | 'stop_pump' }>): void {
    const pump = this.pumps.get(action.tank);
    if (pump === undefined || !this.carries.command()) return;
    pump.commandId = action.commandId;
    if (action.kind === 'run_pump') {
      pump.endsMs = this.now.realMs + action.seconds * 1_000;
      pump.isInCup = this.state.pulse !== null && this.state.pulse.calibrationId !== null;
    }
    this.#turn(action.tank, pump, action.kind === 'run_pump');
  }

  #turn(id: string, pump: TruePump, isOn: boolean): void {
    pump.isOn = isOn;
    const { commandId } = pump;
    if (this.carries.word()) this.#words.push({ tank: id, isRunning: isOn, commandId });
    this.#tellWords();
  }

  /** Words of pumps are heard one after the other, never within the step that made them. */
  readonly #words: { tank: string; isRunning: boolean; commandId: string }[] = [];
  #isTelling = false;

  #tellWords(): void {
    if (this.#isTelling || this.state === undefined) return;
    this.#isTelling = true;
    for (let word = this.#words.shift(); word !== undefined; word = this.#words.shift())
      this.send({ kind: 'pump', ...word });
    this.#isTelling = false;
  }

  /** The gateway loses its power and begins anew: what was not written down is gone, pumps run on under their leases. */
  restart(): void {
    const given: Given[] = [...this.durable.doses];
    const ended = new Set(given.map(({ doseId }) => doseId));
    for (const [doseId, { tanks, atMs }] of this.durable.allowances)
      if (!ended.has(doseId))
        for (const [name, millilitres] of Object.entries(tanks))
          given.push({ doseId, tank: name, millilitres, atMs, realMs: null });
    const lock = this.state.lock;
    const { isHeld, told, learnt } = this.state;
    Object.assign(this.surroundings, { idPrefix: `boot-${++this.#starts}` });
    const first = begin(this.surroundings, { given, lock, isHeld, told, learnt }, this.now);
    this.state = first.state;
    this.#carryOut(first.actions);
    this.tellWater();
  }

  calibrate(id: string, seconds = 10): readonly HeadAction[] {
    return this.send({ kind: 'calibrate', calibrationId: 'cal-1', tank: id, seconds });
  }

  given(id: string): number {
    return this.pumps.get(id)?.given ?? 0;
  }

  get running(): string[] {
    return [...this.pumps].filter(([, { isOn }]) => isOn).map(([id]) => id);
  }
}
