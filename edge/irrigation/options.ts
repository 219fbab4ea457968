import type { AlarmRecord, JournalRecord, Reason, RunRecord } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { WateredZone, Zone as ZoneLayout } from '../farm/layout.ts';
import type { EndedTest } from '../wet-test/ledger.ts';
import type { ControllerState, PastRecords, ZoneState } from './controller/types.ts';
import type { Source } from './sources/schema.ts';
import type { Timers } from './timers.ts';

interface IrrigationJournal extends PastRecords {
  appendRecord(record: JournalRecord): Promise<number>;
}

/** What the controller's shell works with. */
export interface IrrigationOptions {
  readonly zones: readonly ZoneLayout[];
  /** Where they take their water from; default: nobody has said. */
  readonly sources?: readonly Source[];
  readonly speed: number;
  readonly journal: IrrigationJournal;
  /** Publishes a command for a device, QoS 1. */
  readonly publish: (topic: string, payload: string) => Promise<void>;
  readonly alarms: {
    raise(source: string, severity: AlarmRecord['severity'], reason: Reason): void;
    clear(source: string, key: string): void;
    list(): readonly AlarmRecord[];
  };
  readonly clock: { nowMs(): number; monotonicMs(): number };
  /** Unique to this start of the gateway. */
  readonly idPrefix: string;
  /** Which valves have been tested with water; the others stay closed. */
  readonly wetTests: {
    readOnly(zone: WateredZone): Reason | null;
    add(zone: WateredZone, ended: EndedTest): Promise<void>;
  };
  /** Whether a program says when this zone is watered (`plan`), in place of the moisture threshold; default: none does. */
  readonly hasProgram?: (zone: string) => boolean;
  /** Default: the process's own. */
  readonly timers?: Timers;
  /** Real time between two looks at the clock; default: a quarter of a second. */
  readonly tickMs?: number;
  /** Called at each step, before any of its commands goes out: what doses into water stops before that is closed. Must not throw. */
  readonly onStep?: (state: ControllerState) => void;
  readonly onZone: (zone: ZoneState) => void;
  readonly onRun: (run: RunRecord) => void;
  readonly logger: Logger;
}
