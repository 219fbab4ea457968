import { call, type Reason } from '../ui/api.ts';

/** What the gateway says of fertigation; EC in mS/cm at 25 °C. */
export interface DosingHead {
  head: string;
  name: string;
  state: 'idle' | 'dosing' | 'flushing' | 'waiting' | 'calibrating' | 'stopped' | 'locked';
  /** Why nothing is dosed now; null: it is, or nobody wants it. */
  reason: Reason | null;
  sinceMs: number | null;
  ec: Quantity;
  ph: Quantity;
  dose: { recipe: string; zones: string[]; waterLitres: number; ecTarget: number | null } | null;
  /** Clear water that the pipes lack since the last dose. */
  unflushedLitres: number;
  tanks: StockTank[];
}

export interface Quantity {
  tolerance: number;
  probes: { value: number | null; atMs: number | null; isGood: boolean | null }[];
}

export interface StockTank {
  tank: string;
  name: string;
  kind: 'pump' | 'injector';
  capacityLitres: number;
  /** Null: nobody has said when it was filled. */
  leftLitres: number | null;
  /** At the pace of the last two weeks. */
  daysLeft: number | null;
  /** mL/s of a pump, mL per litre of water of an injector; null: nobody has measured it, and it doses nothing. */
  rate: number | null;
  calibratedAtMs: number | null;
  /** Of what its stock was meant to be, as EC has shown. */
  strength: number;
  /** What its level has shown, the latest time; null: nobody has read it twice. */
  stocktake: {
    toMs: number;
    bookedMillilitres: number;
    drawnMillilitres: number;
    ratio: number | null;
  } | null;
  /** Why a person has to look at it, or at its pump. */
  doubt: Reason | null;
  perDayMillilitres: number;
  givenTodayMillilitres: number;
  /** N, P2O5, K2O … */
  gramsPerLitre: Record<string, number>;
  calibration: Calibration | null;
}

/** Runs of a pump into a cup, until two in a row agree. */
export interface Calibration {
  calibrationId: string;
  seconds: number;
  stage: 'running' | 'measure' | 'again' | 'done';
  /** Why another run is wanted. */
  reason: Reason | null;
  runs: { seconds: number; millilitres: number; waterLitres: number }[];
  rate: number | null;
}

export interface Recipe {
  recipe: string;
  name: string;
  ecTarget: number | null;
  phTarget: number | null;
}

/** What was dosed; newest first. */
export interface Dose {
  doseId: string;
  head: string;
  recipe: string;
  startedAtMs: number;
  zones: { zone: string }[];
  tanks: { tank: string; millilitres: number }[];
  waterLitres: number;
  ec: number | null;
  ph: number | null;
  why: Reason;
  isUpperBound: boolean;
}

/** A plot's nutrients of this season, as labels give them. */
export interface PlotNutrients {
  plot: string;
  name: string;
  areaHectares: number;
  seasonFrom: string;
  planKilogramsPerHectare: Partial<Nutrients> | null;
  /** As the levels of the tanks and EC have it. */
  season: { kilograms: Nutrients };
  /** By seconds times the rates of the pumps alone, kg. */
  booked: Nutrients;
  /** Doses that a restart has cut off, counted by the middle of what they can be. */
  upperBounds: number;
}

export interface Nutrients {
  N: number;
  P2O5: number;
  K2O: number;
}

const base = '/api/fertigation';
const ofHead = (head: string, action: string) =>
  call(`${base}/heads/${encodeURIComponent(head)}/${action}`, {});
const ofTank = <T>(tank: string, action: string, body: object) =>
  call<T>(`${base}/tanks/${encodeURIComponent(tank)}/${action}`, body);

export const fertigation = () => call<{ heads: DosingHead[]; recipes: Recipe[] }>(base);
export const doses = async () => (await call<{ doses: Dose[] }>(`${base}/doses?limit=20`)).doses;
export const nutrients = async () => (await call<{ plots: PlotNutrients[] }>(`${base}/nutrients`)).plots;
export const stopHead = (head: string) => ofHead(head, 'stop');
export const resumeHead = (head: string) => ofHead(head, 'resume');
export const unlockHead = (head: string) => ofHead(head, 'unlock');
/** `litresBefore`: where somebody has looked before filling; the same as `litres`: nothing was filled in. */
export const fillTank = (tank: string, level: { litres: number; litresBefore?: number }) =>
  ofTank(tank, 'filled', level);
/** Resolves while the pump runs. */
export const runIntoCup = async (tank: string, seconds: number) =>
  (await ofTank<{ calibration: Calibration }>(tank, 'calibrate', { seconds, holdsCup: true })).calibration;
export const stopCup = (tank: string) => ofTank(tank, 'calibrate/stop', {});
export const measureCup = (tank: string, calibrationId: string, millilitres: number) =>
  ofTank(tank, 'calibrate/measured', { calibrationId, millilitres });

/** A reason with what people call its tank, without the word for it: the sentence has that. */
export function named(reason: Reason, tankName: string | undefined): Reason {
  if (tankName === undefined) return reason;
  return { ...reason, figures: { ...reason.figures, tank: tankName.replace(/^(bồn|tank) +/i, '') } };
}

/** P2O5 → P₂O₅. */
export const formula = (nutrient: string) =>
  nutrient.replace(/\d/g, (digit) => String.fromCodePoint(0x2080 + Number(digit)));

/** What NPK probes say of the soil: indications, by which nothing is dosed. */
const SOIL_NUTRIENTS = new Set(['soil_nitrogen', 'soil_phosphorus', 'soil_potassium']);
export const isNutrient = (metric: string) => SOIL_NUTRIENTS.has(metric);
