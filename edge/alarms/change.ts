import type { AlarmRecord, Reason } from '@nongtin/broker/wire';

/**
 * The states of an alarm, by ISA-18.2 (IEC 62682), figure 2. Two of them are over for the condition and wait for a person:
 * `returned` for an acknowledgement, the latched ones for a reset as well.
 */
export type AlarmState =
  | 'normal'
  | 'unacknowledged'
  | 'acknowledged'
  | 'returned'
  | 'latched'
  | 'latched_acknowledged'
  /** A person has put it aside for a while. */
  | 'shelved'
  /** By design: its cause is an alarm already, or its device or zone is being maintained. */
  | 'suppressed'
  /** Taken out by a person until a person takes it back. */
  | 'out_of_service';

/** What has happened to an alarm. */
export type AlarmEvent =
  /** Its condition stands: from nothing, or again after it was over and not acknowledged. */
  | 'raised'
  /** Its condition is over; `state` says whether it still waits for a person. */
  | 'cleared'
  | 'acknowledged'
  | 'reset'
  /** From here on nobody is to be told of it: shelved, suppressed, or out of service. */
  | 'concealed'
  /** That is over: one that stands is unacknowledged again, and told again. */
  | 'revealed'
  /** It comes and goes too often to be told each time: told once, until it is calm. */
  | 'chattering'
  /** Nobody has acknowledged it in time: the next person is to be told. */
  | 'escalated'
  /** Another number of alarms stands behind it, or it chatters on: the same alarm, nothing that has to be told. */
  | 'grown';

/** What those who tell people hear of an alarm: how it is now, and what has just happened to it. */
export interface AlarmChange {
  readonly alarmId: string;
  readonly event: AlarmEvent;
  readonly atMs: number;
  readonly state: AlarmState;
  /** Whether its condition stands, however it is shown. */
  readonly stands: boolean;
  readonly priority: AlarmRecord['severity'];
  /** A device, a zone, a source of water, or a part of the gateway ('journal', 'broker', 'uplink', 'clock', 'weather'). */
  readonly source: string;
  readonly reason: Reason;
  /** When its condition began to stand, this time. */
  readonly raisedAtMs: number;
  /** Null: nobody has. `by` is the name of a person: the alarm is theirs. */
  readonly acknowledged: {
    readonly by: string;
    readonly atMs: number;
    readonly comment: string | null;
  } | null;
  /** Why nobody is to be told of this; null: they are. */
  readonly concealed: Concealment | null;
  /** How often nobody has acknowledged it in time: 0 for the first to be told, 1 for the next, and so on. */
  readonly escalation: number;
  /** Of a cause: whose alarms are concealed by it, those named first, up to 100 of them. */
  readonly behind: { readonly count: number; readonly sources: readonly string[] } | null;
}

export type Concealment =
  | {
      readonly kind: 'shelved' | 'maintenance' | 'out_of_service';
      /** Null: until a person takes it back. */
      readonly untilMs: number | null;
      readonly by: string;
      readonly why: string;
    }
  | { readonly kind: 'cause'; readonly alarmId: string };

/**
 * Where alarms are heard. Changes are told in order, each alarm's own; in a storm several changes of one alarm come as the last of
 * them, so that no listener hears more than a bounded number a minute. Nothing is told of earlier starts: `current()` is what stands or
 * waits for a person now, for whoever begins to listen.
 */
export interface AlarmStream {
  /** Calls back for each change from here on; the listener must not throw. Returns the end of it. */
  subscribe(listener: (change: AlarmChange) => void): () => void;
  /** All alarms that are not `normal`, each with its newest change; concealed ones too. */
  current(): readonly AlarmChange[];
}
