import type { Core } from '../../edge/core.ts';
import type { FarmSpec, FieldExpectations } from '../../firmware-sim/index.ts';
import type { Own } from './farm-of.ts';
import type { Trace } from './traces.ts';

/** What is given to be played: a farm, what somebody has written for its gateway, what goes wrong, and what must come of it. */
export interface FarmScenario {
  readonly name: string;
  /** What happens, as the table of results says it. */
  readonly title: string;
  /** ISO 8601 with an offset; 2026-02-10T05:00:00+07:00 unless it is stated. */
  readonly start?: string;
  /** ISO 8601 duration. */
  readonly length: string;
  readonly farm: FarmSpec;
  readonly own: Own;
  readonly faults?: readonly OrderedFault[];
  /** What people do at the farm. */
  readonly people?: readonly Deed[];
  readonly forecast?: ForecastFile;
  /** How often the controller looks at the clock; 1 unless it is stated. */
  readonly tickSeconds?: number;
  readonly expect: Expectations;
  /** What should be better than what is expected; shown beside the result. */
  readonly fallsShort?: string;
}

/** As in a scenario file of firmware-sim. */
interface OrderedFault {
  readonly fault: string;
  readonly at: string;
  readonly for?: string;
  readonly target?: string;
  readonly [option: string]: unknown;
}

interface Deed {
  /** Seconds from the start. */
  readonly atSeconds: number;
  readonly act: (core: Core) => unknown;
}

export interface ForecastFile {
  /** Hours before the start at which it was made. */
  readonly ageHours: number;
  /** In each of the 48 hours from the start's midnight on. */
  readonly rainMmPerHour: number;
}

/** What must hold, in the field and beside it; judge.ts adds what holds of every scenario. Alarms are 'ZONE KEY' or 'SOURCE KEY'. */
export interface Expectations extends Omit<FieldExpectations, 'longestOpenSeconds'> {
  /** Litres that really passed each zone's valve; every zone has its line. */
  readonly litres: NonNullable<FieldExpectations['litres']>;
  /** The longest real opening (s); else the zone's limit. For valves that nobody can close. */
  readonly longestOpenSeconds?: number;
  /** What the faults must leave behind, where nothing else here tells that they bit. */
  readonly traces?: readonly Trace[];
  /** Raised at least once; whatever is raised must stand here or in `mayRaise`. */
  readonly alarms?: readonly string[];
  readonly mayRaise?: readonly string[];
  /** Zones and sources that are locked at the end; all others are not. */
  readonly locked?: readonly string[];
  /** Keys of reasons that were given at some time, and that never were. */
  readonly reasons?: readonly string[];
  readonly neverReasons?: readonly string[];
  /** The meter does not tell the truth: its litres are not held against those that really ran. */
  readonly isMeterWrong?: boolean;
}
