import { topicOf } from '@nongtin/broker/wire';
import type { Zone } from '../farm/layout.ts';
import type { ControllerEvent, ControlReading, ValveReport } from './controller/types.ts';
import { ForeignReports } from './reports.ts';
import type { Instant } from './time.ts';
import { type DrivenZone, drivenZones } from './zones.ts';

/** Which zones are driven, and whose words are of which of them. */
export class ZoneWiring {
  readonly #reports: ForeignReports;
  #driven: ReadonlyMap<string, DrivenZone> = new Map();
  /** A probe may stand for several zones. */
  #zonesOfProbe: ReadonlyMap<string | undefined, readonly Zone[]> = new Map();
  #zoneOfTopic: ReadonlyMap<string, string> = new Map();

  constructor(zones: readonly Zone[]) {
    this.#reports = new ForeignReports(zones);
    this.follow(zones);
  }

  follow(zones: readonly Zone[]): void {
    this.#driven = drivenZones(zones);
    this.#reports.follow(zones);
    this.#zonesOfProbe = Map.groupBy(zones, ({ soilProbe }) => soilProbe);
    this.#zoneOfTopic = new Map(
      zones.flatMap(({ id, valve }) =>
        typeof valve === 'string' ? [[topicOf('valveState', valve), id] as const] : [],
      ),
    );
  }

  /** By zone. */
  get driven(): ReadonlyMap<string, DrivenZone> {
    return this.#driven;
  }

  listensTo(topic: string): boolean {
    return this.#zoneOfTopic.has(topic);
  }

  /** What one of our own valves says. */
  report(topic: string, report: ValveReport, now: Instant): ControllerEvent | undefined {
    const zone = this.#zoneOfTopic.get(topic);
    return zone === undefined ? undefined : { kind: 'valve', zone, report, now };
  }

  /** What readings of one message say of the soil, and of valves of other families. */
  take(readings: readonly ControlReading[], now: Instant): ControllerEvent[] {
    const moist = readings.flatMap(({ metric, device, value, quality }): ControllerEvent[] => {
      const probed = metric === 'soil_moisture' ? this.#zonesOfProbe.get(device) : undefined;
      return (probed ?? []).map(({ id: zone }) => ({ kind: 'moisture', zone, value, quality, now }));
    });
    if (this.#reports.isIdle) return moist;
    const told = this.#reports.take(readings, now);
    return [...moist, ...told.map((one): ControllerEvent => ({ kind: 'valve', ...one, now }))];
  }
}
