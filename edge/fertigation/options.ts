import type { AlarmRecord, DoseRecord, Reason } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Farm } from '../farm/layout.ts';
import type { Library } from '../irrigation/crop-water/library.ts';
import type { Timers } from '../irrigation/timers.ts';
import type { FertigationJournal } from './book.ts';

/** What the shell of the dosing heads works with. */
export interface FertigationOptions {
  readonly farm: Farm;
  readonly library: Library;
  readonly speed: number;
  readonly journal: FertigationJournal;
  /** Publishes a command for a device, QoS 1. */
  readonly publish: (topic: string, payload: string) => Promise<void>;
  readonly alarms: {
    /** `condition`: what it is about, where its reason's key alone does not say it. */
    raise(
      source: string,
      severity: AlarmRecord['severity'],
      reason: Reason,
      ruled?: { readonly condition: string },
    ): void;
    clear(source: string, condition: string): void;
    list(): readonly AlarmRecord[];
  };
  readonly clock: { nowMs(): number; monotonicMs(): number };
  /** What time of day and year it is on the farm, UTC ms; in the demo's time-lapse another than the clock's. */
  readonly calendarMs: () => number;
  /** Unique to this start of the gateway. */
  readonly idPrefix: string;
  readonly newId: () => string;
  /** Default: the process's own. */
  readonly timers?: Timers;
  readonly tickMs?: number;
  /** What people see of a head has changed. */
  readonly onChanged: (head: string) => void;
  readonly onDose: (dose: DoseRecord) => void;
  readonly logger: Logger;
}

/** Who asks. */
export interface Person {
  readonly id: string;
  readonly name: string;
}

export type Answer<T> = { readonly done: T } | { readonly refused: Reason };
