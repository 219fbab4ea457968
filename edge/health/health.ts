import type { Reading } from '@nongtin/broker/wire';
import { Device, type DeviceView, type Pace } from './device.ts';

interface HealthOptions {
  readonly clock: { nowMs(): number; monotonicMs(): number };
}

/** Those behind bridges included; of more, the one that was heard of first is forgotten. */
const MOST_DEVICES = 10_000;

/** How the devices are, derived from what passes. Begins anew with each start of the gateway. */
export class Health {
  readonly #clock: HealthOptions['clock'];
  readonly #devices = new Map<string, Device>();

  constructor({ clock }: HealthOptions) {
    this.#clock = clock;
  }

  /** Readings of one message; `deviceMs`: the time it carried. */
  onReadings(readings: readonly Reading[], missing: number, family: string, deviceMs?: number): void {
    const [first] = readings;
    if (first === undefined) return;
    const device = this.#device(first.device);
    device.family = family;
    // A device that speaks is there, whatever its last word about itself was.
    device.online = true;
    device.onReadings(readings, missing, deviceMs, this.#clock.monotonicMs());
  }

  /** A message whose sensors had no value. */
  onSilent(id: string, missing: number, family: string): void {
    const device = this.#device(id);
    device.family = family;
    device.online = true;
    device.onSilent(missing, this.#clock.nowMs(), this.#clock.monotonicMs());
  }

  onStatus(device: string, online: boolean): void {
    this.#device(device).onStatus(online, this.#clock.nowMs(), this.#clock.monotonicMs());
  }

  onUnreadable(device: string): void {
    this.#device(device).onUnreadable(this.#clock.nowMs(), this.#clock.monotonicMs());
  }

  /** Everything that was heard of since the start. */
  devices(): DeviceView[] {
    const monotonicMs = this.#clock.monotonicMs();
    return [...this.#devices].map(([id, device]) => device.view(id, monotonicMs));
  }

  /** Since when a device has been silent for longer than it ever is, UTC ms; null: it is not; undefined: it was never heard. */
  silentSinceMs(id: string): number | null | undefined {
    return this.#devices.get(id)?.silentSinceMs(this.#clock.monotonicMs());
  }

  /** Undefined: it was never heard. */
  pace(id: string): Pace | undefined {
    return this.#devices.get(id)?.pace(this.#clock.monotonicMs());
  }

  /** With its credential go the devices that spoke through it. */
  forget(id: string): void {
    for (const known of this.#devices.keys())
      if (known === id || known.startsWith(`${id}.`)) this.#devices.delete(known);
  }

  #device(id: string): Device {
    const known = this.#devices.get(id);
    if (known !== undefined) return known;
    if (this.#devices.size >= MOST_DEVICES) {
      for (const oldest of this.#devices.keys()) {
        this.#devices.delete(oldest);
        break;
      }
    }
    const device = new Device();
    this.#devices.set(id, device);
    return device;
  }
}
