import type {
  HandsOffRecord,
  JournalRecord,
  Reading,
  Reason,
  RunRecord,
  ValveCommand,
  ValveState,
} from '@nongtin/broker/wire';
import type { EndedTest } from '../../wet-test/ledger.ts';
import type { WetTest } from '../../wet-test/machine.ts';
import type { Failure, Gauge, PartName, SourceAction, SourceState } from '../sources/state.ts';
import type { Claim, Instant } from '../time.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;
export type IntentRecord = RecordOf<'intent'>;

/** What the journal still knows of watering; the newest first. */
export interface PastRecords {
  records<K extends 'intent' | 'run' | 'zone_settings' | 'hands_off' | 'alarm'>(
    kind: K,
    limit: number,
  ): Promise<readonly RecordOf<K>[]>;
}
export type Outcome = RunRecord['outcome'];

/** What proved that water ran: its meter; or nothing, because nobody measures it. */
type Proof = NonNullable<RunRecord['proof']>;

/** What a program wants of a zone now: one cycle of one decision. */
export interface Wanted {
  /** The same decision has the same id, over restarts too; each of its cycles is watered once, ever. */
  readonly decisionId: string;
  readonly cycle: number;
  /** Limit of this cycle. */
  readonly seconds: number;
  /** Ends it where the zone is metered; null: the time does. */
  readonly litres: number | null;
  /** Ends it when the probe says so much, m³/m³; null: whatever the probe says. */
  readonly untilSoilMoisture?: number | null;
  /** End of its window, UTC: not begun after that. */
  readonly openBeforeMs: number;
  readonly reason: Reason;
}

/** The meter's counter over a run, litres. */
export interface Tally {
  readonly before: number;
  /** The highest that was told, and when. */
  readonly highest: number;
  readonly seen: Instant;
  /** It has been told since the run was decided. */
  readonly isTold: boolean;
  /** It is one that the gateway keeps. */
  readonly isSinceStart: boolean;
  /** Since when it has told less than before. */
  readonly backSince: Instant | null;
}

export interface Run {
  /** Also the id of its first opening command; further ones are `ID~2`, `ID~3`. */
  readonly runId: string;
  readonly source: 'threshold' | 'manual' | 'wet_test' | 'program';
  readonly decided: Instant;
  readonly plannedSeconds: number;
  readonly reason: Reason;
  /** The meter's counter when it was decided. */
  readonly litresBefore: number | null;
  /** What that counter has told since (tally.ts); null: it does not measure this run. */
  readonly tally: Tally | null;
  readonly moistureBefore: number | null;
  /** From this moment on (monotonic real milliseconds) its opening is not sent any more; null: whenever it is decided. */
  readonly openBeforeRealMs: number | null;
  /** Of a program; and the litres that end it, null where the time does. */
  readonly wanted: Pick<Wanted, 'decisionId' | 'cycle' | 'litres' | 'untilSoilMoisture'> | null;
}

/** What is known of the valve's own timer. */
export interface Lease {
  /** When the first opening was sent. */
  readonly firstSentAt: Instant;
  /** When the one that holds was sent. */
  readonly sentAt: Instant;
  /** Farm time at which the valve closes by itself at the earliest, by the latest opening that it has confirmed. */
  readonly endsFarmMs: number;
  /** Sent, and not confirmed yet. */
  readonly renewal: {
    readonly commandId: string;
    readonly firstSentAt: Instant;
    readonly sentAt: Instant;
    readonly endsFarmMs: number;
  } | null;
  /** Openings of this run under ids of their own; the first is one. */
  readonly openings: number;
}

/** An open valve. */
export interface Flowing {
  readonly run: Run;
  readonly openedAt: Instant;
  readonly lease: Lease;
  readonly oddFlow: { readonly key: 'no_flow' | 'flow_too_high'; readonly since: Instant } | null;
  /** The counter's latest step: one that stands still while water flows is broken. */
  readonly counted: { readonly litres: number | null; readonly since: Instant };
}

/** A run that is over, or about to be. */
export interface Ending {
  readonly run: Run;
  readonly openedAt: Instant | null;
  readonly outcome: Outcome;
  readonly proof: Proof | null;
}

/** Water that an open valve behind a source has lost, or never got: whose fault it is has to be found out. */
export interface Loss {
  /** When its meter said so first. */
  readonly at: Instant;
  readonly flowLitresPerMinute: number;
}

/** An opening that somebody asks for from afar. */
interface RemoteOpening {
  readonly commandId: string;
  /** Name of the account. */
  readonly by: string;
  readonly openBeforeRealMs: number;
}

/** Where a zone is; phases.ts holds the table of what happens in each. */
export type Phase =
  /** The valve's state is unknown: it is told to close until it says that it has. */
  | {
      readonly name: 'unknown';
      readonly since: Instant;
      readonly sentAt: Instant;
      readonly attempts: number;
      /** Of the first closing; further ones are `ID~2`, `ID~3`. */
      readonly commandId: string;
      /** Farm time at which whatever was opened has closed by itself. */
      readonly leaseFarmMs: number;
      /** That it is open, although it was told to close. */
      readonly claim: Claim | null;
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
  /** It says that it is open; no water has proven it yet. */
  | ({ readonly name: 'proving' } & Flowing)
  | ({ readonly name: 'running'; readonly proof: Proof } & Flowing)
  | ({
      readonly name: 'closing';
      /** Why the zone is locked once it has closed. */
      readonly lock: Reason | null;
      /** Why it is in doubt once it has closed. */
      readonly loss: Loss | null;
      readonly since: Instant;
      readonly sentAt: Instant;
      /** None yet: the pump before it is not off. */
      readonly attempts: number;
      /** Of the first closing; null: none has been sent. */
      readonly commandId: string | null;
      readonly claim: Claim | null;
      /** Farm time at which the valve closes by itself at the earliest. */
      readonly leaseFarmMs: number;
    } & Ending)
  /** It says that it is closed; its meter has not shown that no water flows any more. */
  | ({ readonly name: 'leak_testing'; readonly closedAt: Instant } & Ending)
  /** Opened by a person who stands beside it, to see that it closes by itself; null: the intent is not durable yet. */
  | { readonly name: 'testing'; readonly run: Run; readonly test: WetTest | null; readonly startedBy: string }
  /** It has lost its water, and is kept closed until it is known whether the zone or its source has failed (blame.ts). */
  | { readonly name: 'in_doubt'; readonly loss: Loss; readonly sentAt: Instant }
  /** Until a person unlocks it. */
  | {
      readonly name: 'locked';
      readonly reason: Reason;
      readonly since: Instant;
      readonly sentAt: Instant;
      /** Closings that it has been sent since it was last heard to be closed. */
      readonly attempts: number;
    };

export type PhaseName = Phase['name'];

/** What a program has said last. */
export interface Plan {
  readonly wanted: Wanted | null;
  readonly reason: Reason;
  /** End of the window on the monotonic clock, as it was understood first: what happens to UTC later moves it no more. */
  readonly openBeforeRealMs: number;
}

/** One cycle of one decision, by name. */
export function cycleKey({
  decisionId,
  cycle,
}: {
  readonly decisionId: string;
  readonly cycle: number;
}): string {
  return `${decisionId}#${cycle}`;
}

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
    readonly totalSeen: Instant | null;
    readonly totalSinceStart: boolean;
    readonly seen: Instant;
  } | null;
  readonly leakSince: Instant | null;
  readonly lastEndedRealMs: number | null;
  /** When a person at the farm has stopped it, unless one has opened or unlocked it since. */
  readonly stoppedByHandRealMs: number | null;
  /** A run that a restart cut off: recorded as soon as the meter says how much ran. */
  readonly interrupted: { readonly intent: IntentRecord; readonly since: Instant } | null;
  /** What its program says; null: it has said nothing since the start. */
  readonly plan: Plan | null;
  /** Cycles of decisions that have been begun: `cycleKey`. */
  readonly begun: readonly string[];
  /** What was decided last, and why. */
  readonly decision: Reason;
}

export interface ControllerState {
  readonly sources: Readonly<Record<string, SourceState>>;
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
  /** The state is what the valve has said last: this message is its meter's alone. */
  readonly isStateOld?: boolean | undefined;
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
  /** What the zone's program wants now, and why; said again as often as one likes. */
  | {
      readonly kind: 'plan';
      readonly zone: string;
      readonly wanted: Wanted | null;
      readonly reason: Reason;
    }
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
  /** Water has failed; null: something about it has changed. The controller tells its own zones. */
  | { readonly kind: 'supply'; readonly zone: string; readonly failure: Failure | null }
  | {
      readonly kind: 'part';
      readonly source: string;
      readonly part: PartName;
      readonly isOn: boolean;
      readonly commandId?: string | undefined;
    }
  | {
      readonly kind: 'measured';
      readonly source: string;
      readonly what: Gauge;
      readonly value: number;
      /** Bits of `quality`. */
      readonly quality: number;
    }
  | { readonly kind: 'part_online'; readonly source: string; readonly part: PartName }
  | { readonly kind: 'unlock_source'; readonly source: string; readonly requestId: string }
);
/** An event about a source. */
export type ControlledSourceEvent = Extract<ControllerEvent, { readonly source: string }>;
export type ZoneEvent = Exclude<ControllerEvent, { readonly source: string }>;

export type ZoneIn<P extends PhaseName> = ZoneState & { readonly phase: Extract<Phase, { name: P }> };
export type EventOf<K extends ControllerEvent['kind']> = Extract<ControllerEvent, { kind: K }>;

/** What somebody asks of a zone. */
export type Wish =
  | { readonly kind: 'open'; readonly durationSeconds: number; readonly remote?: RemoteOpening }
  | { readonly kind: 'test'; readonly startedBy: string }
  | { readonly kind: 'stop'; readonly isRemote?: boolean }
  | { readonly kind: 'unlock' };

/** Orders to the shell. A command that could not be sent is one without an answer; the same limits hold. */
export type Action =
  | SourceAction
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
      readonly kind: 'answer';
      readonly requestId: string;
      readonly accepted: boolean;
      readonly reason: Reason;
    };

/** Alarms that keep a zone locked, also over a restart, until a person clears them. */
export const lockKeys: readonly string[] = [
  'no_flow',
  'valve_lies_open',
  'flow_too_high',
  'leak',
  'valve_lies_closed',
  'valve_does_not_close',
  'meter_silent',
  'meter_stuck',
  'flow_lost',
];
