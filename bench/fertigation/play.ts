import type { Controller } from './controller.ts';
import { Ours } from './ours.ts';
import { FixedDose, Proportional } from './peers.ts';
import { Plant } from './plant.ts';
import { type PlannedRun, plots, runsOf, stages } from './season.ts';
import { tankIds, type World } from './worlds.ts';

const START_MS = Date.UTC(2026, 1, 1, -7);
const DAY_MS = 86_400_000;
const FIRST_HOUR_MS = 5 * 3_600_000;
const BAND = 0.15;
/** Water that the first mixing takes, from the first litre that is dosed: the plug and three chambers. */
const MIXING_LITRES = 132;
const PROBES_EVERY_SECONDS = 5;

export type Kind = 'ours' | 'fixed dose' | 'proportional';

export interface Outcome {
  readonly doses: number;
  readonly dosingHours: number;
  /** Share of dosing time within the band, from the end of the first mixing of each run; and of all dosing time. */
  readonly ecWithinBandFraction: number;
  readonly ecWithinBandOfAllFraction: number;
  /** By plot: what it truly got, kg of N, and its plan. */
  readonly nitrogen: Readonly<Record<string, { readonly applied: number; readonly planned: number }>>;
  /** By tank, mL: what left it, what the books say, and what they would say had nobody taken stock. */
  readonly tanks: Readonly<
    Record<string, { readonly truth: number; readonly ledger: number; readonly booked: number }>
  >;
  readonly locks: number;
}

/** Plays a season of so many days in a world. */
export function play(world: World, kind: Kind, days: number): Promise<Outcome> {
  return new Season(world, kind).play(days);
}

class Season {
  readonly #world: World;
  readonly #plant: Plant;
  readonly #controller: Controller;
  readonly #band = { all: 0, allGood: 0, mixed: 0, mixedGood: 0 };
  #counter = 0;
  #doses = 0;
  #locks = 0;
  #runs = 0;

  constructor(world: World, kind: Kind) {
    this.#world = world;
    const plant = new Plant(world, START_MS);
    this.#plant = plant;
    const tell = plant.tell.bind(plant);
    this.#controller =
      kind === 'ours'
        ? new Ours(START_MS, tell)
        : kind === 'fixed dose'
          ? new FixedDose(tell)
          : new Proportional(tell);
    plant.words = this.#controller;
  }

  async play(days: number): Promise<Outcome> {
    await this.#controller.start?.();
    // The start's sweep is answered.
    await this.#still(10);
    const runs = runsOf(this.#world.seed, days);
    for (let day = 0; day < days; day++) {
      this.#plant.advance(Math.max(0, START_MS + day * DAY_MS + FIRST_HOUR_MS - this.#plant.nowMs), null, 0);
      for (const run of runs.filter((one) => one.day === day)) await this.#water(run);
      for (const filled of this.#plant.evening(this.#controller.asksFor()))
        await this.#controller.filledUp(filled, this.#plant.nowMs);
      if (this.#controller instanceof Ours && this.#controller.isLocked) {
        this.#locks += 1;
        await this.#controller.unlock();
      }
      await this.#still(10);
    }
    return this.#outcome(days);
  }

  async #water(run: PlannedRun): Promise<void> {
    const { luck, probes } = this.#world;
    const chance = () => this.#plant.chance();
    const seconds = (run.litres / run.plot.litresPerMinute) * 60;
    const restartAt = chance() < luck.restartsPerHundredRuns / 100 ? chance() * seconds : null;
    const failsAt = chance() < probes.failuresPerHundredRuns / 100 ? chance() * seconds : null;
    const failure = {
      seconds: 120 + 400 * chance(),
      how: chance() < 0.6 ? ('dead' as const) : ('step' as const),
    };
    let left = run.litres;
    let firstLitres: number | null = null;
    let passed = 0;
    let runId = `run-${++this.#runs}`;
    let isRestarted = false;
    let wasDosing = false;
    for (let second = 0; left - passed > 0; second++) {
      if (failsAt !== null && second === Math.round(failsAt))
        this.#plant.failing = { untilMs: this.#plant.nowMs + failure.seconds * 1_000, how: failure.how };
      if (restartAt !== null && !isRestarted && second >= restartAt) {
        isRestarted = true;
        // Its valves close with the start's sweep, and what is left is another run.
        await this.#controller.second({ ...this.#heard(null, 0), probes: null });
        await this.#controller.restart(this.#plant.nowMs);
        await this.#still(60);
        [left, passed, runId] = [left - passed, 0, `run-${++this.#runs}`];
        firstLitres = null;
        if (left < 200) break;
      }
      const flow = run.plot.litresPerMinute * (1 + 0.01 * Math.sin(second / 97));
      this.#plant.advance(1_000, run.plot.id, flow);
      passed += (flow / 60) * luck.meterFactor;
      this.#counter += (flow / 60) * luck.meterFactor;
      const open = { ...run, litres: left, runId, passedLitres: passed };
      await this.#controller.second(
        this.#heard({ ...open, litresPerMinute: flow * luck.meterFactor }, second),
      );
      const target = this.#controller.ecTarget();
      if (target === null) {
        wasDosing = false;
        continue;
      }
      if (!wasDosing) this.#doses += firstLitres === null ? 1 : 0;
      wasDosing = true;
      firstLitres ??= this.#counter;
      this.#judge(target, this.#counter - firstLitres >= MIXING_LITRES);
    }
    await this.#controller.second(this.#heard(null, 0));
    await this.#still(60);
  }

  #judge(target: number, isMixed: boolean): void {
    const isGood = Math.abs(this.#plant.ec - target) <= BAND ? 1 : 0;
    this.#band.all += 1;
    this.#band.allGood += isGood;
    if (!isMixed) return;
    this.#band.mixed += 1;
    this.#band.mixedGood += isGood;
  }

  #heard(run: Parameters<Controller['second']>[0]['run'], second: number) {
    const probes = run !== null && second % PROBES_EVERY_SECONDS === 0 ? this.#plant.read() : null;
    return { nowMs: this.#plant.nowMs, run, counterLitres: this.#counter, probes };
  }

  /** No water flows. */
  async #still(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      this.#plant.advance(1_000, null, 0);
      await this.#controller.second(this.#heard(null, 0));
    }
  }

  async #outcome(days: number): Promise<Outcome> {
    const { grams, tanks } = this.#plant.field.truth();
    const ledger = await this.#controller.ledger();
    const booked = this.#controller instanceof Ours ? await this.#controller.bookedLedger() : ledger;
    const { all, allGood, mixed, mixedGood } = this.#band;
    return {
      ...{ doses: this.#doses, dosingHours: all / 3_600, locks: this.#locks },
      ecWithinBandFraction: mixed === 0 ? 0 : mixedGood / mixed,
      ecWithinBandOfAllFraction: all === 0 ? 0 : allGood / all,
      nitrogen: Object.fromEntries(
        plots.map(({ id, hectares }) => [
          id,
          { applied: (grams[id]?.N ?? 0) / 1_000, planned: hectares * plannedUntil(days) },
        ]),
      ),
      tanks: Object.fromEntries(
        tankIds.map((id) => [
          id,
          {
            truth: (tanks[id]?.drawnLitres ?? 0) * 1_000,
            ...{ ledger: ledger[id], booked: booked[id] },
          },
        ]),
      ),
    };
  }
}

/** kg/ha of N until the end of a day: whole stages, and of the last one its part. */
function plannedUntil(days: number): number {
  return stages.reduce((sum, { fromDay, toDay, nitrogenKilogramsPerHectare }) => {
    const share = Math.min(1, Math.max(0, (days - fromDay) / (toDay - fromDay)));
    return sum + share * nitrogenKilogramsPerHectare;
  }, 0);
}
