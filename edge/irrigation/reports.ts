import { actuatorOf, type ForeignValve } from '../actuators/index.ts';
import type { Zone } from '../farm/layout.ts';
import { isFitForControl } from '../ingest/quality.ts';
import type { ControlReading, ValveReport } from './controller/types.ts';
import { Meter } from './meter.ts';
import type { Instant } from './time.ts';

interface Watched {
  readonly zone: string;
  readonly device: string;
  /** Undefined: whatever the device says is of this output. */
  readonly channel: string | undefined;
  /** Undefined: nobody measures it. */
  readonly meterDevice: string | undefined;
  readonly meterChannel: string | undefined;
  readonly meter: Meter;
  /** Null: not known yet. */
  open: boolean | null;
}

export interface ZoneReport {
  readonly zone: string;
  readonly report: ValveReport;
}

/**
 * What readings say of valves of other families: `valve_open` of the valve's output, `flow` and `volume` of its meter. Our
 * own valves say all of it in one message; here it comes in pieces, so each report tells what is new and keeps silent of
 * the rest. A flagged reading is never used.
 */
export class ForeignReports {
  readonly #byDevice = new Map<string, Watched[]>();

  constructor(zones: readonly Zone[]) {
    this.follow(zones);
  }

  /** From now on of these zones. What is known of a valve that stays as it was is kept. */
  follow(zones: readonly Zone[]): void {
    const before = [...new Set([...this.#byDevice.values()].flat())];
    this.#byDevice.clear();
    for (const { id, valve } of zones) {
      if (valve === undefined || typeof valve === 'string') continue;
      const fresh = watchedValve(id, valve);
      const watched = before.find((known) => isSameWatched(known, fresh)) ?? fresh;
      for (const name of new Set([watched.device, watched.meterDevice])) {
        if (name === undefined) continue;
        this.#byDevice.set(name, [...(this.#byDevice.get(name) ?? []), watched]);
      }
    }
  }

  /** There is no valve of another family. */
  get isIdle(): boolean {
    return this.#byDevice.size === 0;
  }

  /** Readings of one message; what they hold of one zone becomes one report. */
  take(readings: readonly ControlReading[], now: Instant): ZoneReport[] {
    const told = new Set<Watched>();
    const stated = new Set<Watched>();
    for (const reading of readings) {
      const { device, metric } = reading;
      if (metric !== 'valve_open' && metric !== 'flow' && metric !== 'volume') continue;
      for (const watched of this.#byDevice.get(device) ?? []) {
        if (!isFitForControl(reading.quality) || !this.#note(watched, reading, now)) continue;
        told.add(watched);
        if (metric === 'valve_open') stated.add(watched);
      }
    }
    return [...told].flatMap((watched) => this.#report(watched, !stated.has(watched)));
  }

  /** False when the reading is none of this valve's. */
  #note(watched: Watched, { metric, device, channel, value }: ControlReading, now: Instant): boolean {
    if (metric === 'valve_open') {
      if (device !== watched.device || (watched.channel ?? channel) !== channel) return false;
      const open = value >= 0.5;
      if (open !== watched.open) watched.meter.valveTurned(open, now);
      watched.open = open;
      return true;
    }
    if (device !== watched.meterDevice || (watched.meterChannel ?? channel) !== channel) return false;
    if (metric === 'flow') watched.meter.flows(value, now);
    else watched.meter.counts(value, now);
    return true;
  }

  #report(watched: Watched, isStateOld: boolean): ZoneReport[] {
    const { zone, open, meter } = watched;
    const { flowLitresPerMinute, ...total } = meter.tell();
    if (open === null) return [];
    const flow = !open && this.#runsForAnother(watched) ? null : flowLitresPerMinute;
    const state = open ? 'open' : 'closed';
    const old = isStateOld ? { isStateOld } : {};
    return [{ zone, report: { state, cause: 'periodic', ...old, flowLitresPerMinute: flow, ...total } }];
  }

  /** The water that a shared meter sees is that of whoever is open. */
  #runsForAnother(watched: Watched): boolean {
    const others = this.#byDevice.get(watched.meterDevice ?? '') ?? [];
    return others.some(
      (other) =>
        other !== watched &&
        other.meterDevice === watched.meterDevice &&
        other.meterChannel === watched.meterChannel &&
        other.open === true,
    );
  }
}

function watchedValve(zone: string, valve: ForeignValve): Watched {
  const { device, flowMeter } = valve;
  return {
    ...{ zone, device, channel: valve.channel ?? actuatorOf(valve).stateChannel },
    ...{ meterDevice: flowMeter?.device, meterChannel: flowMeter?.channel },
    ...{ meter: new Meter(), open: null },
  };
}

function isSameWatched(one: Watched, other: Watched): boolean {
  const fields = ['zone', 'device', 'channel', 'meterDevice', 'meterChannel'] as const;
  return fields.every((field) => one[field] === other[field]);
}
