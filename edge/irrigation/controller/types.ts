import type {
  HandsOffRecord,
  JournalRecord,
  Reading,
  Reason,
  RunRecord,
  ValveCommand,
  ValveState,
} from '@nongtin/broker/wire';
import type { WateredZone } from '../../farm/layout.ts';
import type { EndedTest } from '../../wet-test/ledger.ts';
import type { WetTest } from '../../wet-test/machine.ts';

/** A moment on the three clocks of the farm. */
export interface Instant {
  /** Farm clock: monotonic, runs `speed` times as fast as real time in the time-lapse demo. */
  readonly farmMs: number;
  /** Monotonic real milliseconds. */
  readonly realMs: number;
  /** UTC, may jump; only written into records, never compared. */
  readonly atMs: number;
}

/**
 * A time that must pass on both clocks. Farm seconds alone will not do: at 60-fold time-lapse 30 farm seconds are
 * half a real second, in which no radio answers. Real seconds alone will not do either: they say nothing about water.
 */
export interface Limit {
  readonly farmSeconds: number;
  readonly realSeconds: number;
}

export function elapsed(since: Instant, now: Instant, limit: Limit): boolean {
  return (
    now.farmMs - since.farmMs >= limit.farmSeconds * 1000 &&
    now.realMs - since.realMs >= limit.realSeconds * 1000
  );
}

/** A zone as the controller sees it: its valve by name, and in what that valve differs from one of ours. */
export interface ControlledZone extends Omit<WateredZone, 'valve'> {
  readonly valve: string;
  /**
   * Of another family: it takes no command id, so a repetition asks only for the time that is left; and it may close
   * without a word, so it is told to close when the time is over.
   */
  readonly foreign: boolean;
  /** How long its answer may take, where that is not `ControllerConfig.answer`. */
  readonly answer?: Limit | undefined;
  /** Names its flow meter; two zones behind one meter are never watered together, or neither run could be believed. */
  readonly meter: string;
  /** Nobody measures its water: it is opened by people only, and its runs are proven by nothing. */
  readonly isUnmetered: boolean;
  /** Why nothing but a wet test may open it; null: one has measured that it closes by itself. */
  readonly readOnly: Reason | null;
  /** Its place on the farm is being changed: no run begins meanwhile. */
  readonly isHeld: boolean;
  /** What a wet test tells the valve, and when the valve's own means then close it. */
  readonly test: { readonly leaseSeconds: number; readonly cutOffSeconds: number };
}

export interface ControllerConfig {
  readonly zones: readonly ControlledZone[];
  readonly speed: number;
  /** Makes run and command ids unique across starts of the gateway. */
  readonly idPrefix: string;
  readonly maxZonesAtOnce: number;
  /** Between two runs of one zone: water needs time to reach the probe. */
  readonly pauseRealSeconds: number;
  readonly moistureMaxAgeRealSeconds: number;
  /** How long nobody opens from afar what a person at the farm has stopped: that person may stand in the open pipe. */
  readonly handsOffRealSeconds: number;
  /** A command without an answer is repeated after this … */
  readonly answer: Limit;
  /** … until it has been sent so often; a device takes one id once, so a repetition opens nothing twice. */
  readonly attempts: number;
  /** After those, a close is still repeated, this far apart. */
  readonly slowRepeatRealSeconds: number;
  /** An intent that became durable later than this is not acted upon: the soil may have changed. */
  readonly intentMaxAgeRealSeconds: number;
  /** How long flow may be out of band before the run is stopped. */
  readonly flowFault: Limit;
  /** The band of a zone that states none, as fractions of its nominal flow. */
  readonly lowFlowFraction: number;
  readonly highFlowFraction: number;
  /** How long after an opening flow may be out of a stated band: pipes fill. After that one reading ends the run. */
  readonly flowSettling: Limit;
  /** How long an open valve may be reported without a word of its meter. */
  readonly meterSilence: Limit;
  /** How long water may run through a closed valve. */
  readonly leak: Limit;
  /** Flow of a closed valve below this fraction of the nominal one is the meter's noise. */
  readonly leakFlowFraction: number;
  /** How long after its lease a valve may still be open. */
  readonly leaseGrace: Limit;
  /** How long a run that a restart cut off waits for the meter before it is recorded without it. */
  readonly interruptedWaitRealSeconds: number;
  /** By so much a valve may miss its cut-off in a wet test; of a longer one, by that part of it. */
  readonly testToleranceSeconds: number;
  readonly testToleranceFraction: number;
  /** How long a wet test watches the meter after the closing, and how long when it has been silent. */
  readonly testDrainSeconds: number;
  readonly testMeterSeconds: number;
}

export const controllerDefaults = {
  maxZonesAtOnce: 2,
  pauseRealSeconds: 120,
  moistureMaxAgeRealSeconds: 600,
  handsOffRealSeconds: 900,
  answer: { farmSeconds: 30, realSeconds: 5 },
  attempts: 3,
  slowRepeatRealSeconds: 60,
  intentMaxAgeRealSeconds: 30,
  flowFault: { farmSeconds: 30, realSeconds: 5 },
  lowFlowFraction: 0.2,
  highFlowFraction: 2,
  flowSettling: { farmSeconds: 30, realSeconds: 5 },
  meterSilence: { farmSeconds: 300, realSeconds: 300 },
  leak: { farmSeconds: 30, realSeconds: 5 },
  leakFlowFraction: 0.03,
  leaseGrace: { farmSeconds: 30, realSeconds: 5 },
  interruptedWaitRealSeconds: 600,
  testToleranceSeconds: 3,
  testToleranceFraction: 0.1,
  testDrainSeconds: 20,
  testMeterSeconds: 120,
} as const satisfies Partial<ControllerConfig>;

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;
export type IntentRecord = RecordOf<'intent'>;

/** What the journal still knows of watering; the newest first. */
export interface PastRecords {
  records<K extends 'intent' | 'run' | 'zone_settings' | 'hands_off'>(
    kind: K,
    limit: number,
  ): Promise<readonly RecordOf<K>[]>;
}
export type Outcome = RunRecord['outcome'];

export interface Run {
  /** Also the id of its one opening command. */
  readonly runId: string;
  readonly source: 'threshold' | 'manual' | 'wet_test';
  readonly decided: Instant;
  readonly plannedSeconds: number;
  readonly reason: Reason;
  /** The meter's counter when it was decided. */
  readonly litresBefore: number | null;
  readonly moistureBefore: number | null;
  /** From this moment on (monotonic real milliseconds) its opening is not sent any more; null: whenever it is decided. */
  readonly openBeforeRealMs: number | null;
}

/** An opening that somebody asks for from afar. */
interface RemoteOpening {
  readonly commandId: string;
  /** Name of the account. */
  readonly by: string;
  readonly openBeforeRealMs: number;
}

/** Where a zone is. controller.ts holds the table of what happens in each. */
export type Phase =
  /** The valve's state is unknown: it is told to close until it says that it has. */
  | {
      readonly name: 'sweeping';
      readonly since: Instant;
      readonly sentAt: Instant;
      readonly attempts: number;
    }
  | { readonly name: 'idle' }
  /** Decided; sent only when the intent is durable (then `sentAt` is set). */
  | {
      readonly name: 'opening';
      readonly run: Run;
      readonly sentAt: Instant | null;
      /** When the first of the attempts was sent. */
      readonly firstSentAt: Instant | null;
      readonly attempts: number;
    }
  | {
      readonly name: 'running';
      readonly run: Run;
      readonly openedAt: Instant;
      readonly oddFlow: { readonly key: 'no_flow' | 'flow_too_high'; readonly since: Instant } | null;
    }
  | {
      readonly name: 'closing';
      readonly run: Run;
      readonly openedAt: Instant | null;
      readonly outcome: Outcome;
      /** Why the zone is locked once it has closed. */
      readonly lock: Reason | null;
      readonly since: Instant;
      readonly sentAt: Instant;
      readonly attempts: number;
    }
  /** Opened by a person who stands beside it, to see that it closes by itself; null: the intent is not durable yet. */
  | { readonly name: 'testing'; readonly run: Run; readonly test: WetTest | null; readonly startedBy: string }
  /** Until a person unlocks it. */
  | { readonly name: 'locked'; readonly reason: Reason; readonly sentAt: Instant };

export type PhaseName = Phase['name'];

export interface ZoneState {
  readonly id: string;
  readonly phase: Phase;
  /** The latest reading fit for control. */
  readonly moisture: { readonly value: number; readonly seen: Instant } | null;
  readonly valve: {
    readonly open: boolean;
    /** The latest; null before the meter has said anything. */
    readonly flowLitresPerMinute: number | null;
    readonly flowSeen: Instant | null;
    readonly totalLitres: number | null;
    readonly totalSinceStart: boolean;
    readonly seen: Instant;
  } | null;
  readonly leakSince: Instant | null;
  readonly lastEndedRealMs: number | null;
  /** When a person at the farm has stopped it, unless one has opened or unlocked it since. */
  readonly stoppedByHandRealMs: number | null;
  /** A run that a restart cut off: recorded as soon as the meter says how much ran. */
  readonly interrupted: { readonly intent: IntentRecord; readonly since: Instant } | null;
  /** What was decided last, and why. */
  readonly decision: Reason;
}

export interface ControllerState {
  readonly zones: Readonly<Record<string, ZoneState>>;
  /** Running number of ids. */
  readonly issued: number;
}

/** What control needs of a reading; it sees them before they are on the disk. */
export type ControlReading = Pick<Reading, 'metric' | 'device' | 'channel' | 'value' | 'quality'>;

/** What is known of a valve and its meter at one moment; a ValveState of our own valves is one. */
export interface ValveReport {
  readonly state: ValveState['state'];
  readonly cause: ValveState['cause'];
  readonly commandId?: string | undefined;
  /** Null: this message says nothing of the flow. */
  readonly flowLitresPerMinute: number | null;
  /** Null: the meter has no counter, or has not told it. */
  readonly totalLitres: number | null;
  /** The counter is one that the gateway keeps, and begins anew when it starts. */
  readonly totalSinceStart?: boolean | undefined;
}

export type ControllerEvent = { readonly now: Instant } & (
  | { readonly kind: 'tick' }
  | {
      readonly kind: 'moisture';
      readonly zone: string;
      readonly value: number;
      /** Bits of `quality`. */
      readonly quality: number;
    }
  | { readonly kind: 'valve'; readonly zone: string; readonly report: ValveReport }
  /** The valve's device has just come back. */
  | { readonly kind: 'online'; readonly zone: string }
  | { readonly kind: 'intent_durable'; readonly zone: string; readonly runId: string }
  | { readonly kind: 'intent_failed'; readonly zone: string; readonly runId: string }
  | {
      readonly kind: 'open';
      readonly zone: string;
      readonly requestId: string;
      readonly durationSeconds: number;
      readonly remote?: RemoteOpening | undefined;
    }
  | {
      readonly kind: 'stop';
      readonly zone: string;
      readonly requestId: string;
      readonly isRemote?: boolean | undefined;
    }
  /** A wet test, for the person who stands beside the valve. */
  | { readonly kind: 'test'; readonly zone: string; readonly requestId: string; readonly startedBy: string }
  | { readonly kind: 'unlock'; readonly zone: string; readonly requestId: string }
);

/** What somebody asks of a zone. */
export type Wish =
  | { readonly kind: 'open'; readonly durationSeconds: number; readonly remote?: RemoteOpening }
  | { readonly kind: 'test'; readonly startedBy: string }
  | { readonly kind: 'stop'; readonly isRemote?: boolean }
  | { readonly kind: 'unlock' };

/** Orders to the shell. A command that could not be sent is one without an answer; the same limits hold. */
export type Action =
  | { readonly kind: 'journal_intent'; readonly record: IntentRecord }
  | {
      readonly kind: 'command';
      readonly zone: string;
      readonly valve: string;
      readonly command: ValveCommand;
    }
  | { readonly kind: 'journal_run'; readonly record: RunRecord }
  | { readonly kind: 'journal_hands_off'; readonly record: HandsOffRecord }
  | { readonly kind: 'journal_wet_test'; readonly record: EndedTest }
  | {
      readonly kind: 'raise_alarm';
      readonly zone: string;
      readonly severity: 'critical' | 'high' | 'low';
      readonly reason: Reason;
    }
  | { readonly kind: 'clear_alarm'; readonly zone: string; readonly key: string }
  | {
      readonly kind: 'answer';
      readonly requestId: string;
      readonly accepted: boolean;
      readonly reason: Reason;
    };

/** Alarms that keep a zone locked, also over a restart, until a person clears them. */
export const lockKeys: readonly string[] = ['no_flow', 'flow_too_high', 'leak', 'valve_does_not_close'];

export function reasonOf(key: string, figures: Record<string, number | string | null> = {}): Reason {
  const kept: Reason['figures'] = {};
  for (const [name, value] of Object.entries(figures)) {
    if (value !== null) kept[name] = typeof value === 'number' ? Math.round(value * 10_000) / 10_000 : value;
  }
  return { key, figures: kept };
}
