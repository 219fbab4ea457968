import { isWatered, type Zone } from '../farm/layout.ts';

const SHOWN: readonly string[] = ['soil_moisture', 'soil_temperature', 'soil_ec'];

/** Zones without a valve: the controller knows nothing of them, but people see what their probes say. */
export class MeasuredZones {
  readonly #onZone: (zone: Zone) => void;
  /** By probe. */
  #zones: ReadonlyMap<string, Zone> = new Map();

  constructor(zones: readonly Zone[], onZone: (zone: Zone) => void) {
    this.#onZone = onZone;
    this.follow(zones);
  }

  follow(zones: readonly Zone[]): void {
    this.#zones = new Map(
      zones.flatMap((zone) =>
        isWatered(zone) || zone.soilProbe === undefined ? [] : [[zone.soilProbe, zone] as const],
      ),
    );
  }

  onReadings(readings: readonly { readonly device: string; readonly metric: string }[]): void {
    if (this.#zones.size === 0) return;
    const told = new Set<Zone>();
    for (const { device, metric } of readings) {
      const zone = SHOWN.includes(metric) ? this.#zones.get(device) : undefined;
      if (zone) told.add(zone);
    }
    for (const zone of told) this.#onZone(zone);
  }
}
