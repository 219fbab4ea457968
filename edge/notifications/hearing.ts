import type { Reason } from '@nongtin/broker/wire';
import type { Priority } from './settings.ts';

/** What is heard of an alarm: how it is now. A part of what the alarm engine tells. */
export interface HeardAlarm {
  readonly alarmId: string;
  readonly state: string;
  /** Whether its condition stands. */
  readonly stands: boolean;
  readonly priority: Priority;
  readonly source: string;
  readonly reason: Reason;
  readonly raisedAtMs: number;
  /** Not null: nobody is to be told of it now. */
  readonly concealed: object | null;
  /** Of a cause: how many alarms it stands for. */
  readonly behind: { readonly count: number } | null;
}

/** Where alarms are heard. */
export interface AlarmFeed {
  subscribe(listener: (alarm: HeardAlarm) => void): () => void;
  /** All that are not over and done with. */
  current(): readonly HeardAlarm[];
}

/**
 * What is known of an alarm by who tells people of it. `calls`: people are to come; `quiet`: somebody has it, or nobody is to
 * be told; `over`: its condition does not stand any more.
 */
export interface Case {
  readonly alarmId: string;
  readonly phase: 'calls' | 'quiet' | 'over';
  /** From when on steps are counted, by a clock that does not jump. */
  readonly sinceMs: number;
  readonly priority: Priority;
  readonly source: string;
  readonly reason: Reason;
  readonly raisedAtMs: number;
  readonly behind: number;
}

/**
 * One step: what is known after this was heard.
 *
 * | before \ heard | stands, nobody has it | acknowledged or concealed | does not stand |
 * |---|---|---|---|
 * | nothing | calls, from now | quiet | nothing |
 * | calls | calls, since before | quiet | over |
 * | quiet | calls, from now (revealed, or come again) | quiet | over |
 * | over | calls, from now | quiet | over |
 */
export function heard(before: Case | undefined, alarm: HeardAlarm, nowMs: number): Case | undefined {
  const { alarmId, priority, source, reason, raisedAtMs } = alarm;
  if (!alarm.stands) return before && { ...before, phase: 'over' };
  const isCalling =
    alarm.concealed === null && (alarm.state === 'unacknowledged' || alarm.state === 'latched');
  const sinceMs = before?.phase === 'calls' ? before.sinceMs : nowMs;
  const behind = alarm.behind?.count ?? 0;
  return {
    ...{ alarmId, phase: isCalling ? 'calls' : 'quiet', sinceMs, priority, source, reason, raisedAtMs },
    behind,
  };
}
