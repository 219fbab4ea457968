import type { DoseCalibrationRecord, Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../irrigation/reason.ts';
import type { Calibrated } from './head.ts';

type CupRun = DoseCalibrationRecord['runs'][number];

/** Two runs that differ by more than this part of their mean are followed by a third. */
const MOST_SPREAD = 0.1;
/** No cup holds more, and no scale of a farm tells less, mL. */
const MOST_MILLILITRES = 20_000;
const LEAST_MILLILITRES = 1;

/** A person measures a pump: run after run into a cup, until two in a row agree. */
export interface CalibrationView {
  readonly calibrationId: string;
  readonly tank: string;
  readonly seconds: number;
  /** `running`; `measure`: the cup is to be read; `again`: another run is wanted, for `reason`; `done`. */
  readonly stage: 'running' | 'measure' | 'again' | 'done';
  readonly reason: Reason | null;
  readonly runs: readonly CupRun[];
  /** Of the last two, per cent of their mean. */
  readonly spreadPercent: number | null;
  /** Of `done`: mL/s, or mL per litre of water of an injector. */
  readonly rate: number | null;
}

interface Measuring {
  calibrationId: string;
  readonly tank: string;
  readonly isInjector: boolean;
  seconds: number;
  stage: CalibrationView['stage'];
  reason: Reason | null;
  cup: { readonly seconds: number; readonly waterLitres: number } | null;
  runs: CupRun[];
  rate: number | null;
}

/** The calibrations of all heads since the start; one that a restart cuts off begins anew. */
export class Calibrations {
  readonly #byTank = new Map<string, Measuring>();

  view(tank: string): CalibrationView | null {
    const measuring = this.#byTank.get(tank);
    if (measuring === undefined) return null;
    const { isInjector: _, cup: __, ...shown } = measuring;
    const spread = spreadOf(measuring);
    return { ...shown, spreadPercent: spread === null ? null : Math.round(spread * 1000) / 10 };
  }

  /** Its runs so far are kept, unless it is over. */
  begun(tank: string, isInjector: boolean, run: { calibrationId: string; seconds: number }): void {
    const known = this.#byTank.get(tank);
    const runs = known === undefined || known.stage === 'done' ? [] : known.runs;
    this.#byTank.set(tank, {
      ...{ ...run, tank, isInjector, stage: 'running', reason: null, cup: null, runs, rate: null },
    });
  }

  /** The pump stands. */
  ran({ calibrationId, tank, seconds, litres, isWhole }: Calibrated): void {
    const measuring = this.#byTank.get(tank);
    if (measuring?.calibrationId !== calibrationId) return;
    const { isInjector } = measuring;
    const isDry = isInjector && litres <= 0;
    measuring.stage = isWhole && !isDry ? 'measure' : 'again';
    measuring.reason = isWhole && !isDry ? null : reasonOf('dose_calibration_cut_short');
    measuring.cup = isWhole && !isDry ? { seconds, waterLitres: litres } : null;
  }

  /** Why a reading of the cup cannot be taken; null: it is. */
  read(tank: string, calibrationId: string, millilitres: number): Reason | null {
    const measuring = this.#byTank.get(tank);
    if (measuring?.calibrationId !== calibrationId || measuring.stage !== 'measure' || measuring.cup === null)
      return reasonOf('dose_calibration_not_run');
    if (!(millilitres >= LEAST_MILLILITRES && millilitres <= MOST_MILLILITRES))
      return reasonOf('dose_calibration_millilitres', { min: LEAST_MILLILITRES, max: MOST_MILLILITRES });
    measuring.runs = [...measuring.runs, { ...measuring.cup, millilitres }];
    measuring.cup = null;
    const spread = spreadOf(measuring);
    measuring.stage = spread !== null && spread <= MOST_SPREAD ? 'done' : 'again';
    measuring.reason = whyAgain(spread);
    if (measuring.stage === 'done') measuring.rate = meanRate(measuring);
    return null;
  }

  /** The runs that agree; only of one that is done. */
  agreed(tank: string): { readonly runs: readonly CupRun[]; readonly rate: number } | null {
    const measuring = this.#byTank.get(tank);
    if (measuring === undefined || measuring.rate === null) return null;
    return { runs: measuring.runs.slice(-2), rate: measuring.rate };
  }
}

function whyAgain(spread: number | null): Reason | null {
  if (spread === null) return reasonOf('dose_calibration_second');
  if (spread <= MOST_SPREAD) return null;
  return reasonOf('dose_calibration_spread', {
    spreadPercent: Math.round(spread * 100),
    most: MOST_SPREAD * 100,
  });
}

function rateOf({ seconds, waterLitres, millilitres }: CupRun, isInjector: boolean): number {
  return millilitres / (isInjector ? waterLitres : seconds);
}

/** Of the last two runs; null: there is but one. */
function spreadOf({ runs, isInjector }: Measuring): number | null {
  const rates = runs.slice(-2).map((run) => rateOf(run, isInjector));
  const [one, other] = rates;
  return one === undefined || other === undefined ? null : Math.abs(one - other) / ((one + other) / 2);
}

function meanRate({ runs, isInjector }: Measuring): number {
  const rates = runs.slice(-2).map((run) => rateOf(run, isInjector));
  return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
}
