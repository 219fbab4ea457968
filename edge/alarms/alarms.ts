import type { AlarmRecord, Reason } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';

interface AlarmsOptions {
  readonly journal: {
    appendRecord(record: AlarmRecord): Promise<number>;
    /** Newest first. */
    records(kind: 'alarm', limit: number): Promise<readonly AlarmRecord[]>;
  };
  readonly clock: { nowMs(): number };
  readonly newId: () => string;
  readonly onAlarm: (alarm: AlarmRecord) => void;
  readonly logger: Logger;
}

/** Cleared alarms kept in view. */
const MOST_CLEARED = 100;
/** How far back the journal is searched for alarms that still stand. */
const MOST_READ = 10_000;

/**
 * Conditions with a severity and a state (ISA-18.2, thin): active → acknowledged → cleared. Each change is one
 * journal record; the newest record of an alarm is its state, so a restart forgets nothing.
 */
export class Alarms {
  readonly #options: AlarmsOptions;
  /** Standing ones, by source and key: the same condition is one alarm however often it is reported. */
  readonly #standing = new Map<string, AlarmRecord>();
  #cleared: AlarmRecord[] = [];

  constructor(options: AlarmsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const seen = new Set<string>();
    for (const record of await this.#options.journal.records('alarm', MOST_READ)) {
      if (seen.has(record.alarmId)) continue;
      seen.add(record.alarmId);
      if (record.state !== 'cleared') this.#standing.set(keyOf(record.source, record.reason.key), record);
      else if (this.#cleared.length < MOST_CLEARED) this.#cleared.push(record);
    }
  }

  raise(source: string, severity: AlarmRecord['severity'], reason: Reason): void {
    if (this.#standing.has(keyOf(source, reason.key))) return;
    const atMs = this.#options.clock.nowMs();
    const alarmId = this.#options.newId();
    this.#change({ kind: 'alarm', alarmId, atMs, severity, state: 'active', source, reason });
  }

  clear(source: string, key: string): void {
    const alarm = this.#standing.get(keyOf(source, key));
    if (alarm) this.#change({ ...alarm, state: 'cleared', atMs: this.#options.clock.nowMs() });
  }

  /**
   * Undefined when no standing alarm has this id. `by` is the name of the person. It does not wait for the journal: the
   * alarm may be that the journal cannot write.
   */
  async acknowledge(alarmId: string, by: string): Promise<AlarmRecord | undefined> {
    const alarm = [...this.#standing.values()].find((standing) => standing.alarmId === alarmId);
    if (alarm === undefined || alarm.state === 'acknowledged') return alarm;
    const reason = { ...alarm.reason, figures: { ...alarm.reason.figures, acknowledgedBy: by } };
    const atMs = this.#options.clock.nowMs();
    const acknowledged: AlarmRecord = { ...alarm, reason, state: 'acknowledged', atMs };
    void this.#change(acknowledged);
    return acknowledged;
  }

  /** Standing ones first, the newest first among equals. */
  list(): readonly AlarmRecord[] {
    const standing = [...this.#standing.values()].sort((a, b) => b.atMs - a.atMs);
    return [...standing, ...this.#cleared];
  }

  /** In view at once; resolves when it is durable, which a journal that cannot write puts off. */
  #change(alarm: AlarmRecord): Promise<void> {
    const key = keyOf(alarm.source, alarm.reason.key);
    if (alarm.state === 'cleared') {
      this.#standing.delete(key);
      this.#cleared = [alarm, ...this.#cleared].slice(0, MOST_CLEARED);
    } else this.#standing.set(key, alarm);
    this.#options.onAlarm(alarm);
    return this.#options.journal.appendRecord(alarm).then(
      () => undefined,
      (error: unknown) => this.#options.logger.error({ err: error, alarm }, 'alarm is not in the journal'),
    );
  }
}

function keyOf(source: string, key: string): string {
  return `${source} ${key}`;
}
