import type { Reason, ValveCommand } from '@nongtin/broker/wire';
import type { Claim, Instant, Limit } from '../time.ts';

export type PartName = 'pump' | 'masterValve' | 'flushValve';

/** A pump or master valve as the controller sees it. */
export interface ControlledPart {
  /** Its valve or relay, by name. */
  readonly valve: string;
  /** Takes no command id, so a repetition asks only for the time that is left. */
  readonly foreign: boolean;
  /** Another opening begins its time anew. */
  readonly isRearmed: boolean;
  /** The longest that its family can be told. */
  readonly longestSeconds: number;
  /** It runs for whole numbers of so many seconds. */
  readonly stepSeconds: number;
  /** Of a pump: from the master valve's opening to its start, and from its stop to the closing of valve and master valve. */
  readonly leadSeconds: number;
  readonly lagSeconds: number;
}

export interface ControlledFilter {
  readonly everyLitres: number | null;
  readonly difference: { readonly maxKilopascals: number } | null;
  readonly flushSeconds: number;
  readonly minMinutes: number;
  /** Flushes in a row that may fail to bring the difference down. */
  readonly tries: number;
}

/** What a pressure gauge or a level says. */
export type Gauge = 'pressure' | 'level' | 'beforeFilter' | 'afterFilter';

export interface Gauged {
  readonly value: number;
  readonly seen: Instant;
}

export interface FilterState {
  readonly stage: 'waiting' | 'opening' | 'flushing' | 'closing';
  readonly since: Instant;
  readonly cause: 'litres' | 'pressure' | null;
  /** When it was flushed last, or that was given up; or the start. */
  readonly endedAt: Instant;
  /** That the zones behind it have been given since it was flushed. */
  readonly litres: number;
  readonly before: Gauged | null;
  readonly after: Gauged | null;
  readonly tries: number;
  /** Flushing does not help any more. */
  readonly blocked: Reason | null;
}

export interface ControlledSource {
  readonly id: string;
  readonly pump: ControlledPart | null;
  readonly masterValve: ControlledPart | null;
  readonly flushValve: ControlledPart | null;
  readonly filter: ControlledFilter | null;
  readonly maxFlowLitresPerMinute: number;
  readonly gapSeconds: number;
  readonly together: readonly (readonly string[])[] | null;
  readonly pressure: { readonly minKilopascals: number; readonly maxKilopascals: number } | null;
  readonly tank: {
    readonly stopPercent: number;
    readonly resumePercent: number;
    readonly maxAgeSeconds: number;
    readonly dryStopsADay: number;
  } | null;
}

export interface SourceLimits {
  /** A command without an answer is repeated after this … */
  readonly answer: Limit;
  /** … and after so many it is a failure. */
  readonly attempts: number;
  readonly slowRepeatRealSeconds: number;
  /** So late messages may be: what names no command and says on for longer after it was told to be off does not stop. */
  readonly lateness: Limit;
  /** The longest single lease of a pump. */
  readonly leaseSeconds: number;
  /** By so much a pump's lease ends before that of the last open valve behind it, beside its lag; messages take time. */
  readonly margin: Limit;
  /** How long after the start of the pump its pressure may be out of its band, and how long it may be so afterwards. */
  readonly pressureSettling: Limit;
  readonly pressureFault: Limit;
  /**
   * When a zone behind it has lost its water: how long the source has time to show that it gives any, how long its pump may say
   * nothing, and how much later water that still runs in another zone proves something (a tank runs dry for all, one after the other).
   */
  readonly vouching: Limit;
  readonly silence: Limit;
  readonly flowVouching: Limit;
}

export const sourceDefaults: SourceLimits = {
  answer: { farmSeconds: 5, realSeconds: 5 },
  attempts: 3,
  slowRepeatRealSeconds: 60,
  lateness: { farmSeconds: 0, realSeconds: 60 },
  leaseSeconds: 900,
  margin: { farmSeconds: 5, realSeconds: 5 },
  pressureSettling: { farmSeconds: 60, realSeconds: 10 },
  pressureFault: { farmSeconds: 15, realSeconds: 5 },
  vouching: { farmSeconds: 600, realSeconds: 60 },
  silence: { farmSeconds: 60, realSeconds: 30 },
  flowVouching: { farmSeconds: 30, realSeconds: 5 },
};

/** What is known of a pump or master valve. */
export interface PartState {
  /** Null: it has said nothing since the start, or since a flush whose end nobody has heard of. */
  readonly isOn: boolean | null;
  readonly seen: Instant | null;
  readonly told: 'on' | 'off';
  /** When it was told so first, and last. */
  readonly since: Instant;
  readonly sentAt: Instant;
  readonly attempts: number;
  /** What it was told last; a repetition adds `~2`, `~3`. */
  readonly commandId: string;
  /** Farm time at which it is off by itself at the latest, whichever of our messages it has heard. */
  readonly offByFarmMs: number;
  /** Farm time at which the lease that was sent last ends. */
  readonly leaseFarmMs: number;
  /** It has said that it has done what it was told last. */
  readonly isConfirmed: boolean;
  /** Its words name the latest command that it has heard. */
  readonly isNamed: boolean;
  /** It has heard that it is to be off, and is on. */
  readonly isDefiant: boolean;
  /** That it is on, although it was told to be off. */
  readonly claim: Claim | null;
  /** Since when it has said what it says now. */
  readonly turnedAt: Instant | null;
}

export type Stage =
  /** After a start: told to stop and to close until it says that it has. */
  | 'unknown'
  | 'resting'
  /** A valve is open: master valve, then pump. */
  | 'starting'
  | 'delivering'
  /** Pump first, then, after its lag, the master valve. */
  | 'stopping'
  /** Until a person unlocks it. */
  | 'locked';

interface Suspicion {
  readonly since: Instant;
  readonly reason: Reason;
  /** What has said only then that it had gone off by itself. */
  readonly stopped: PartName | null;
}

export interface SourceState {
  readonly id: string;
  readonly stage: Stage;
  readonly since: Instant;
  readonly pump: PartState | null;
  readonly masterValve: PartState | null;
  readonly flushValve: PartState | null;
  readonly filter: FilterState | null;
  readonly pressure: {
    readonly value: number;
    readonly seen: Instant;
    readonly oddSince: Instant | null;
  } | null;
  /** The latest pressure while it delivered. */
  readonly delivered: { readonly value: number; readonly seen: Instant } | null;
  readonly level: { readonly value: number; readonly seen: Instant } | null;
  /** The latest flow as it should be behind it, while some other zone has lost its own. */
  readonly flowSeen: Instant | null;
  /** Several zones have lost their water together: nothing is watered until it is known why. */
  readonly suspicion: Suspicion | null;
  /** Stopped by a low tank, and not filled up since. */
  readonly isDry: boolean;
  /** When it ran dry, monotonic real milliseconds; of the last 24 hours. */
  readonly dryStopsRealMs: readonly number[];
  /** When a zone behind it began to open last. */
  readonly lastOpening: Instant | null;
  /** Farm time until which runs that a restart has cut off may water on: the master valve stays open for a pump that may run. */
  readonly heldUntilFarmMs: number;
  /** Why it is locked. */
  readonly lock: Reason | null;
}

/** An open valve behind a source that wants its water. */
export interface Demand {
  /** Farm time at which the last of them closes by itself, at the earliest; null: nobody wants water. */
  readonly leaseFarmMs: number | null;
  /** It is a wet test: the pump is left to stop by itself too, and one that does not is not used. */
  readonly isTest: boolean;
  /** Zones that have lost its water, and since when; nobody knows yet why. */
  readonly losses: readonly { readonly zone: string; readonly at: Instant }[];
  /** The latest flow behind it that is as it should be; asked for only while there are losses. */
  readonly flowSeen: Instant | null;
}

export type SourceAction =
  | {
      readonly kind: 'part_command';
      readonly source: string;
      readonly part: PartName;
      readonly command: ValveCommand;
    }
  | {
      readonly kind: 'raise_alarm';
      readonly zone: string;
      readonly severity: 'critical' | 'high' | 'low';
      readonly reason: Reason;
    }
  | { readonly kind: 'clear_alarm'; readonly zone: string; readonly key: string };

/** Water has failed: the runs behind the source end at once. `no_answer`: it never came. */
export interface Failure {
  readonly outcome: 'interrupted' | 'no_answer';
  readonly reason: Reason;
}

/** Alarms that keep a source locked, also over a restart, until a person clears them. */
export const sourceLockKeys: readonly string[] = [
  'pump_does_not_stop',
  'master_does_not_close',
  'flush_valve_does_not_close',
  'source_dry_too_often',
  'pressure_too_low',
  'pressure_too_high',
  'source_no_flow',
];
