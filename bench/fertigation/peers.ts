import type { Controller, Heard, OpenRun } from './controller.ts';
import { litresPerDay } from './season.ts';
import { calibrated, stocks, type TankId } from './worlds.ts';

const PRE_FLUSH_LITRES = 60;
const POST_FLUSH_LITRES = 120;
const NITROGEN_PER_MILLILITRE = (stocks.a.gramsPerLitre.N + stocks.b.gramsPerLitre.N) / 1_000;
/** mS/cm that a mL of each stock in a litre adds, and what the clear water was when somebody measured it. */
const EC_PER_MILLILITRE = 1.01 / 4;
const CLEAR_EC = 0.5;

/** What both peers have in common: flushes, a share of the plan for each run as if all went by it, and books of seconds times rate. */
abstract class Peer implements Controller {
  abstract readonly name: string;
  readonly #tell: (tank: TankId, seconds: number, commandId: string) => void;
  readonly #given: Record<TankId, number> = { acid: 0, a: 0, b: 0 };
  #inRun = { runId: '', millilitres: 0 };
  #target: number | null = null;
  #issued = 0;
  #busyUntilMs = 0;

  constructor(tell: (tank: TankId, seconds: number, commandId: string) => void) {
    this.#tell = tell;
  }

  abstract dose(heard: Heard, run: OpenRun): void;

  second(heard: Heard): void {
    const { run } = heard;
    this.#target = null;
    if (run === null) return;
    if (this.#inRun.runId !== run.runId) this.#inRun = { runId: run.runId, millilitres: 0 };
    if (run.passedLitres < PRE_FLUSH_LITRES || run.litres - run.passedLitres < POST_FLUSH_LITRES) return;
    if (this.#inRun.millilitres >= plannedMillilitres(run)) return;
    this.#target = run.stage.ecTarget;
    this.dose(heard, run);
  }

  /** Both nutrient tanks, one after the other. */
  protected give(nowMs: number, seconds: number): boolean {
    if (nowMs < this.#busyUntilMs) return false;
    for (const tank of ['a', 'b'] as const) {
      this.#tell(tank, seconds, `peer-${++this.#issued}`);
      this.#given[tank] += seconds * calibrated[tank];
    }
    this.#inRun.millilitres += seconds * calibrated.a;
    this.#busyUntilMs = nowMs + seconds * 1_000;
    return true;
  }

  pump(): void {
    // It does not listen to its pumps.
  }

  filledUp(): void {
    // Nobody tells it.
  }

  restart(): void {
    this.#inRun = { runId: '', millilitres: 0 };
  }

  asksFor(): TankId[] {
    return [];
  }

  ecTarget(): number | null {
    return this.#target;
  }

  ledger(): Record<TankId, number> {
    return this.#given;
  }
}

/** mL of each tank: the stage's kg spread evenly over the water that the plan expects. */
function plannedMillilitres({ plot, stage, litres }: OpenRun): number {
  const stageLitres = litresPerDay(plot, stage) * (stage.toDay - stage.fromDay);
  const grams = (1_000 * stage.nitrogenKilogramsPerHectare * plot.hectares * litres) / stageLitres;
  return grams / NITROGEN_PER_MILLILITRE;
}

/** As simple controllers do it: below the target and not on its way up, a dose of fixed length; then it waits. */
export class FixedDose extends Peer {
  readonly name = 'fixed dose';
  #waitUntilMs = 0;
  #lastEc = 0;

  dose({ nowMs, probes }: Heard, run: OpenRun): void {
    const ec = probes?.ec[0];
    if (ec === null || ec === undefined) return;
    const isRising = ec > this.#lastEc + 0.02;
    this.#lastEc = ec;
    if (nowMs < this.#waitUntilMs || isRising || ec >= run.stage.ecTarget - 0.05) return;
    if (this.give(nowMs, 3)) this.#waitUntilMs = nowMs + 10_000;
  }
}

/** So many mL for each m³ that the meter counts, by what the stocks should add to the clear water that was measured once. */
export class Proportional extends Peer {
  readonly name = 'proportional';
  #owed = { runId: '', millilitres: 0, passedLitres: 0 };

  dose({ nowMs }: Heard, { runId, stage, passedLitres }: OpenRun): void {
    if (this.#owed.runId !== runId) this.#owed = { runId, millilitres: 0, passedLitres };
    const perLitre = (stage.ecTarget - CLEAR_EC) / EC_PER_MILLILITRE;
    this.#owed.millilitres += perLitre * (passedLitres - this.#owed.passedLitres);
    this.#owed.passedLitres = passedLitres;
    const seconds = Math.min(3, Math.floor(this.#owed.millilitres / calibrated.a));
    if (seconds >= 1 && this.give(nowMs, seconds)) this.#owed.millilitres -= seconds * calibrated.a;
  }
}
