import type { Farm } from './layout.ts';

/**
 * Under which name the series of who speaks are kept. A device that took the place of another one goes on with its name;
 * the other one, should it speak again, gets a name of its own, so that two devices never mix in one series.
 */
export class SeriesNames {
  /** By the hardware that speaks. */
  readonly #names = new Map<string, string>();

  constructor(farm: Farm) {
    this.follow(farm);
  }

  follow(farm: Farm): void {
    this.#names.clear();
    for (const { id, hardware } of farm.devices ?? []) {
      if (hardware === undefined || hardware === id) continue;
      if (!this.#names.has(id)) this.#names.set(id, formerName(id));
      this.#names.set(hardware, id);
    }
  }

  of(hardware: string): string {
    return this.#names.size === 0 ? hardware : (this.#names.get(hardware) ?? hardware);
  }
}

/** No identity holds a dot, and no device behind a bridge ends like this by chance. */
export function formerName(device: string): string {
  return device.includes('.') ? `${device.slice(0, device.indexOf('.') + 57)}~former` : `${device}.former`;
}
