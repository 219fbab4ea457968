import type { Reason } from '@nongtin/broker/wire';
import type { Instant, Limit } from '../../irrigation/time.ts';

/**
 * A dosing head: the tanks, pumps and probes that put fertilizer into the water of one source. It never moves water itself: it
 * doses into what the irrigation controller has proven to flow.
 */
export interface HeadConfig {
  readonly id: string;
  readonly tanks: readonly TankConfig[];
  /** One or two each; where there are two they must agree. */
  readonly ec: ProbeRules;
  readonly ph: ProbeRules;
  /** Clear water before the first dose and after the last one: what the pipes hold. */
  readonly preFlushLitres: number;
  readonly postFlushLitres: number;
  /** Water between where it is injected and where the probes see it mixed. */
  readonly mixingLitres: number;
  /** How long the probes themselves take. */
  readonly probeSeconds: number;
  /** Between pulses of tanks that precipitate together, unless the head has a mixing chamber: 0. */
  readonly separationLitres: number;
  readonly limits: HeadLimits;
}

export interface HeadLimits {
  /** A dose pump's word may take so long. */
  readonly answer: Limit;
  readonly attempts: number;
  /** Flow that was not heard of for so long proves nothing any more. */
  readonly flowAge: Limit;
  /** How long a doubt may last before people are told. */
  readonly doubt: Limit;
  /** Of what a dose should raise EC by: less, and nothing comes out of the tank. */
  readonly leastEffectFraction: number;
}

export interface ProbeRules {
  readonly count: 1 | 2;
  /** Outside of it nothing is dosed; EC in mS/cm at 25 °C. */
  readonly min: number;
  readonly max: number;
  /** By so much two may differ. */
  readonly tolerance: number;
  readonly maxAge: Limit;
}

export interface TankConfig {
  readonly id: string;
  /** What its pump gives, from the latest calibration and what the tank's level has shown since; null: nobody has measured it, and it doses nothing. */
  readonly millilitresPerSecond: number | null;
  /**
   * A venturi or proportional injector behind a suction valve: what it draws from a litre of water that flows, likewise measured or
   * null. Absent: the tank has a pump.
   */
  readonly injector?: { readonly millilitresPerLitre: number | null } | undefined;
  /** One pulse: the pump's lease. */
  readonly minPulseSeconds: number;
  readonly maxPulseSeconds: number;
  /** Acid before calcium before the others, so that a precipitate has the longest way. */
  readonly order: number;
  readonly isAcid: boolean;
  /** Ids of tanks that precipitate with it. */
  readonly apartFrom: readonly string[];
  readonly perRunMillilitres: number;
  readonly perDayMillilitres: number;
  /** What is left in it, by what was filled in and dosed; null: nobody has said, and nothing is dosed from it. */
  readonly leftMillilitres: number | null;
  /** What the level has shown of the calibrated rate, and is in the rate above. Absent: 1. */
  readonly rateFactor?: number | undefined;
  /** Times of which the level has shown that more was given than was booked, so many times as much: limits count that. */
  readonly undercounted?:
    | readonly { readonly fromMs: number; readonly toMs: number; readonly ratio: number }[]
    | undefined;
}

/** What a zone's water is to hold, as it was resolved when its run began. */
export type Recipe = {
  readonly id: string;
  /** By tank, mL of stock in a m³ of water; acid too, where it is not led by pH. */
  readonly millilitresPerCubicMetre: Readonly<Record<string, number>>;
  /** Acid is dosed until the water has this pH. */
  readonly ph: { readonly target: number; readonly deadBand: number; readonly tank: string } | null;
  /** What the run is to get by its plan, by tank, mL: when one of them has been given the dose is over. Absent: as its water wants. */
  readonly plannedMillilitres?: Readonly<Record<string, number>> | undefined;
} & (
  | { readonly mode: 'proportional' }
  /** All tanks but acid by one factor, so that the water has this EC. */
  | {
      readonly mode: 'ec';
      readonly ecTarget: number;
      readonly deadBand: number;
      /** mS/cm that the stated ratios add to clear water. */
      readonly ecRise: number;
    }
  /** So much in a run, spread over its water between the flushes. */
  | { readonly mode: 'quantity'; readonly millilitres: Readonly<Record<string, number>> }
);

/** A zone that is being watered through the head, proven by its meter. */
interface WaterRun {
  readonly zone: string;
  readonly runId: string;
  /** Null: it wants no fertilizer. */
  readonly recipe: Recipe | null;
  /** What has passed since it was opened, and what is still to come at least. */
  readonly litres: number;
  readonly litresLeft: number;
  readonly litresPerMinute: number;
}

/** What flows through the head, as the irrigation controller has proven it. */
export interface Water {
  readonly runs: readonly WaterRun[];
  /** A count of all its water that never falls; litres. */
  readonly counter: number;
  /** The oldest of the meters' last words. */
  readonly seen: Instant;
}

export interface ProbeReading {
  readonly value: number;
  readonly isGood: boolean;
  readonly seen: Instant;
}

export type Quantity = 'ec' | 'ph';

/** One injection: a pump that runs for a whole number of seconds and stops by itself. */
export interface Pulse {
  readonly tank: string;
  readonly commandId: string;
  readonly seconds: number;
  /** What it gives if it is not stopped before. */
  readonly millilitres: number;
  readonly sentAt: Instant;
  /** The head's counter when it was sent. */
  readonly counter: number;
  /** Into a measuring cup; null: into the water. */
  readonly calibrationId: string | null;
  /** The pump has said that it runs. */
  readonly isHeard: boolean;
  /** Told to stop before its time; null: it was not. */
  readonly stop: {
    readonly commandId: string;
    readonly firstAt: Instant;
    readonly sentAt: Instant;
    readonly attempts: number;
  } | null;
}

export interface Session {
  readonly doseId: string;
  readonly recipe: Recipe;
  readonly runIds: readonly string[];
  readonly begun: Instant;
  /** Of what a restart must take for given: written down before it is. */
  readonly allowed: Readonly<Record<string, number>>;
  readonly asked: Readonly<Record<string, number>> | null;
  readonly owed: Readonly<Record<string, number>>;
  readonly given: Readonly<Record<string, number>>;
  /** In a row, until now: pulses of which no pump has said anything. */
  readonly unheardPulses: number;
  /** A pump that gives too little for this much water. */
  readonly slow: { readonly tank: string; readonly since: Instant } | null;
  /** Water that its quantity is spread over, litres; and what has been dosed so far. */
  readonly spreadLitres: number;
  readonly litres: number;
  /** By run, of these litres. */
  readonly shares: Readonly<Record<string, { readonly zone: string; readonly litres: number }>>;
  /** By run, what it is to get by its plan, by tank, mL; runs without a plan are not in it. */
  readonly planned: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Of all water that it was dosed into, as the probes saw it. */
  readonly seen: Readonly<Record<Quantity, Mean>>;
  readonly loop: LoopState;
  /** The newest word of a probe that the loops have seen, monotonic real milliseconds. */
  readonly lookedRealMs: number;
}

/** What the loops of EC and pH have come to. */
export interface LoopState {
  /** EC of the clear water. */
  readonly sourceEc: number | null;
  /** What the stocks add of what the recipe says, as the last dose has shown. */
  readonly strength: number;
  /** On the stated ratios of all tanks but acid. */
  readonly factor: number;
  /** mL of acid in a m³. */
  readonly acid: number;
  /** The head's counter when something was changed last. */
  readonly changedAtLitres: number;
  readonly changedAt: Instant;
  readonly ec: Mean;
  readonly ph: Mean;
  /** The latest mean of mixed water, and what had been given into it should have added, mS/cm; null: none yet. */
  readonly shown: { readonly ec: number; readonly expectedEc: number } | null;
  /** The head's counter when the dose began; null: it has been broken off since, and the clear water may be another by now. */
  readonly begunAtLitres: number | null;
  /** The head's counter when the factor was set, and mL of all tanks but acid that had been given or were due then. */
  readonly factorSince: { readonly litres: number; readonly given: number };
  /** What the stocks added in the first water that was wholly mixed; null: there was none, or too little was put in. */
  readonly seenStrength: number | null;
}

/** What a dose has shown, for the next one of its recipe to begin with. */
export interface Learnt {
  /** What its stocks add to EC of what the recipe says that they add; null: nobody has seen it. */
  readonly strength: number | null;
  /** mL of acid in a m³. */
  readonly acid: number;
}

export interface Mean {
  readonly sum: number;
  readonly count: number;
}

/** What was dosed lately, for the day's limit. */
export interface Given {
  readonly doseId: string;
  readonly tank: string;
  readonly millilitres: number;
  readonly atMs: number;
  /** Null: in an earlier start. */
  readonly realMs: number | null;
}

export interface LastPulse {
  readonly tank: string;
  readonly counter: number;
  /** By tank, the counter at the end of its last pulse; and how many it had since one that it precipitates with had any. */
  readonly ends: Readonly<Record<string, number>>;
  readonly inARow: Readonly<Record<string, number>>;
}

export interface HeadState {
  /** Pumps that have not said yet that they stand; null: all have. */
  readonly sweep: {
    readonly silent: readonly string[];
    /** Those that have said that they run. */
    readonly defiant: readonly string[];
    readonly sentAt: Instant;
    readonly attempts: number;
  } | null;
  /** A person has stopped it, and only a person lets it go on. */
  readonly isHeld: boolean;
  /** Something has failed, and a person has to look. */
  readonly lock: Reason | null;
  readonly water: Water | null;
  /** Since when there is water without a break. */
  readonly wetSince: Instant | null;
  /** The first counter of this start: what was in the pipe then nobody knows. */
  readonly firstCounter: number | null;
  /** EC of the clear water, of all words of the probes since it has been all that there is. */
  readonly clearEc: Mean;
  /** By recipe, from its latest dose. */
  readonly learnt: Readonly<Record<string, Learnt>>;
  readonly probes: Readonly<Record<Quantity, readonly (ProbeReading | null)[]>>;
  readonly session: Session | null;
  /** Runs in which nothing is dosed any more, whatever comes. */
  readonly spentRuns: readonly string[];
  readonly spentWhy: Reason | null;
  readonly pulse: Pulse | null;
  /** The last pulse into the water: its tank, and the counter at its end. */
  readonly last: LastPulse | null;
  readonly given: readonly Given[];
  /** Why nothing is dosed now; null: it is, or nobody wants it. */
  readonly why: Reason | null;
  readonly whySince: Instant | null;
  /** Keys of the alarms that stand. */
  readonly told: readonly string[];
  readonly issued: number;
}

export type HeadEvent = { readonly now: Instant } & (
  | { readonly kind: 'tick' }
  | { readonly kind: 'water'; readonly water: Water }
  | {
      readonly kind: 'probe';
      readonly quantity: Quantity;
      readonly index: number;
      readonly value: number;
      readonly isGood: boolean;
    }
  | {
      readonly kind: 'pump';
      readonly tank: string;
      readonly isRunning: boolean;
      readonly commandId?: string | undefined;
    }
  | {
      readonly kind: 'allowance_durable';
      readonly doseId: string;
      readonly millilitres: Readonly<Record<string, number>>;
    }
  /** A person holds a measuring cup. Nothing happens where calibrationBar() says why not. */
  | {
      readonly kind: 'calibrate';
      readonly calibrationId: string;
      readonly tank: string;
      readonly seconds: number;
    }
  | { readonly kind: 'stop_calibration' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'unlock' }
);

/** What happens to a head, without its moment: whoever tells it adds that. */
export type Untimed = HeadEvent extends infer E ? (E extends HeadEvent ? Omit<E, 'now'> : never) : never;

/** What a head's pumps and probes have said. */
export type Told = Extract<Untimed, { kind: 'probe' | 'pump' }>;

export type EventOf<K extends HeadEvent['kind']> = Extract<HeadEvent, { kind: K }>;

export type HeadAction =
  | { readonly kind: 'run_pump'; readonly tank: string; readonly commandId: string; readonly seconds: number }
  | { readonly kind: 'stop_pump'; readonly tank: string; readonly commandId: string }
  /** Cumulative, by tank: to be durable before it is given. */
  | {
      readonly kind: 'journal_allowance';
      readonly doseId: string;
      readonly runIds: readonly string[];
      readonly recipe: string;
      readonly millilitres: Readonly<Record<string, number>>;
      /** What it has given when this is asked: of a dose that is cut off, no less. */
      readonly given: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'journal_dose'; readonly dose: EndedDose }
  /** A pump has run into a cup, for all of its time or not; and the water that has flowed meanwhile, litres. */
  | {
      readonly kind: 'calibrated';
      readonly calibrationId: string;
      readonly tank: string;
      readonly seconds: number;
      readonly litres: number;
      readonly isWhole: boolean;
    }
  | { readonly kind: 'raise_alarm'; readonly severity: 'low' | 'high' | 'critical'; readonly reason: Reason }
  | { readonly kind: 'clear_alarm'; readonly key: string };

export interface EndedDose {
  readonly doseId: string;
  readonly recipe: string;
  readonly runIds: readonly string[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly millilitres: Readonly<Record<string, number>>;
  readonly waterLitres: number;
  /** Which zones got it, by the water of each of their runs. */
  readonly shares: Session['shares'];
  /** Means of what the probes saw while it was dosed; null: they said nothing. */
  readonly ec: number | null;
  readonly ph: number | null;
  readonly why: Reason;
  readonly learnt: Learnt;
}
