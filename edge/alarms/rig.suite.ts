import { type AlarmRecord, encodeRecord, parseRecord, type Reason } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { Alarms, type Ruled } from './alarms.ts';
import type { Causes } from './board.ts';
import type { AlarmChange } from './change.ts';
import type { Maintained } from './point.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
const LOOK_MS = 5_000;
const STARTED_MS = Date.UTC(2026, 10, 21, 10);

/** Alarms on a clock of their own, with a journal in memory that outlives restarts. */
export class AlarmRig {
  readonly records: AlarmRecord[] = [];
  /** What those who tell people have heard. */
  readonly heard: AlarmChange[] = [];
  readonly clock = {
    passedMs: 0,
    /** By which the wall clock was set. */
    setMs: 0,
    nowMs: () => STARTED_MS + this.clock.passedMs + this.clock.setMs,
    monotonicMs: () => this.clock.passedMs,
  };
  readonly maintained = new Map<string, Maintained>();
  alarms: Alarms;
  readonly #causes: Causes | undefined;
  #ids = 0;

  constructor(causes?: Causes) {
    this.#causes = causes;
    this.alarms = this.#begin();
  }

  raise(source: string, severity: AlarmRecord['severity'], key: string, ruled?: Ruled): void {
    const reason: Reason = { key, figures: { source } };
    this.alarms.raise(source, severity, reason, ruled);
  }

  pass(ms: number, everyMs = LOOK_MS): void {
    for (let left = ms; left > 0; left -= everyMs) {
      this.clock.passedMs += Math.min(left, everyMs);
      this.alarms.look();
    }
  }

  /** As after a power cut: what was not in the journal is gone. */
  async restart(): Promise<void> {
    this.alarms = this.#begin();
    await this.alarms.start();
  }

  /** Of an alarm that stands or waits for a person. */
  of(source: string, condition: string): AlarmRecord | undefined {
    return this.open().find(
      (known) => known.source === source && (known.point ?? known.reason.key) === condition,
    );
  }

  open(): AlarmRecord[] {
    return this.alarms.list().filter(({ alarmState }) => alarmState !== undefined && alarmState !== 'normal');
  }

  #begin(): Alarms {
    const alarms = new Alarms({
      journal: {
        // As the journal keeps it.
        appendRecord: async (record) => {
          const read = parseRecord(encodeRecord(record));
          return read.kind === 'alarm' ? this.records.push(read) : 0;
        },
        records: async (_, limit) => this.records.slice(-limit).reverse(),
      },
      ...{ clock: this.clock, newId: () => `al-${++this.#ids}`, onAlarm: () => {} },
      ...(this.#causes === undefined ? {} : { causes: this.#causes }),
      maintenance: { start: async () => {}, of: (source) => this.maintained.get(source) ?? null },
      logger: pino({ enabled: false }),
    });
    alarms.subscribe((change) => this.heard.push(change));
    return alarms;
  }
}

/** A rule of the farm's own. */
export function ruled(given: Partial<Ruled> & Pick<Ruled, 'condition'>): Ruled {
  const rule: Omit<Ruled['rule'], 'readings'> = {
    ...{ id: given.condition, metric: 'soil_moisture', unit: 'm³/m³', comparison: 'below', limit: 0.1 },
    ...{ deadBand: 0.02, onDelaySeconds: 0, offDelaySeconds: 0 },
  };
  return {
    manner: { latching: false, mustAcknowledge: true },
    onDelayMs: 0,
    rule: { ...rule, readings: [] },
    ...given,
  };
}
