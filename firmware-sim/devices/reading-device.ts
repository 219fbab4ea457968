import { topicOf } from '@nongtin/broker/wire';
import type { DeviceLink } from './link.ts';
import type { Measurement } from './sensors.ts';
import { every, type Scheduler } from './time.ts';

export interface ReadingDeviceOptions {
  readonly device: string;
  /** Real time between two readings, whatever the farm's speed. */
  readonly periodMs: number;
  /** Pause before the first reading, so that devices do not speak all at once. */
  readonly firstMs: number;
  readonly measure: () => Measurement;
}

/**
 * A sensor that publishes what it measures. Each reading carries the wall clock's time at which it was made and a
 * counter that begins at 0 at each boot.
 */
export class ReadingDevice {
  readonly #options: ReadingDeviceOptions;
  readonly #link: DeviceLink;
  readonly #scheduler: Scheduler;
  #stopMeasuring: () => void = () => undefined;
  #sequence = 0;

  constructor(options: ReadingDeviceOptions, link: DeviceLink, scheduler: Scheduler) {
    this.#options = options;
    this.#link = link;
    this.#scheduler = scheduler;
  }

  start(): void {
    this.#link.start();
    this.#stopMeasuring = every(this.#scheduler, this.#options, () => this.#publish());
  }

  async stop(): Promise<void> {
    this.#stopMeasuring();
    await this.#link.stop();
  }

  #publish(): void {
    this.#link.publish(topicOf('readings', this.#options.device), {
      time: new Date(this.#scheduler.nowMs()).toISOString(),
      seq: this.#sequence,
      ...this.#options.measure(),
    });
    this.#sequence += 1;
  }
}
