import { advanceFarm, type FarmState, newFarm, withValve } from '../field/farm.ts';
import { flowLitresPerMinute } from '../field/hydraulics.ts';
import { type ZoneName, zones } from '../field/layout.ts';
import { normal, type Random, seededRandom } from '../field/random.ts';
import { localInstantMs, localTime } from '../field/sun.ts';
import { type Weather, weatherAt } from '../field/weather.ts';
import type { Scheduler } from './time.ts';

export interface LiveFarmOptions {
  readonly scheduler: Scheduler;
  /** How many seconds pass on the farm in one real second. */
  readonly speed: number;
  readonly seed: number;
}

/** What a valve with its meter does to the farm and sees of it. */
export interface Pipe {
  open(): void;
  close(): void;
  meter(): { flowLitresPerMinute: number; totalLitres: number };
}

/** A time-lapse begins at this local hour: the sun shines, and showers are hours away. */
const TIME_LAPSE_START_HOURS = 8;

/**
 * The simulated field, kept up to date: its state moves on whenever somebody looks. Its own time runs `speed` times as
 * fast as real time. At speed 1 it is the time of day outside; a time-lapse begins at eight in the morning.
 */
export class LiveFarm {
  readonly #options: LiveFarmOptions;
  readonly #random: Random;
  readonly #startedMonotonicMs: number;
  readonly #firstMs: number;
  #state: FarmState;

  constructor(options: LiveFarmOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed, 'pressure');
    this.#startedMonotonicMs = options.scheduler.monotonicMs();
    const nowMs = options.scheduler.nowMs();
    this.#firstMs =
      options.speed === 1 ? nowMs : localInstantMs(localTime(nowMs).day, TIME_LAPSE_START_HOURS);
    this.#state = newFarm(this.#firstMs, options.seed);
  }

  /** The farm now. */
  look(): FarmState {
    const realMs = this.#options.scheduler.monotonicMs() - this.#startedMonotonicMs;
    const farmMs = this.#firstMs + realMs * this.#options.speed;
    this.#state = advanceFarm(this.#state, farmMs, this.#options.seed);
    return this.#state;
  }

  weather(): Weather {
    return weatherAt(this.look().atMs, this.#options.seed);
  }

  /** Real milliseconds in which `seconds` pass on the farm. */
  realMs(seconds: number): number {
    return (seconds * 1000) / this.#options.speed;
  }

  pipe(zone: ZoneName): Pipe {
    return {
      open: () => {
        const pressure = 1 + 0.02 * normal(this.#random);
        this.#state = withValve(this.look(), zone, zones[zone].fullLitresPerMinute * pressure);
      },
      close: () => {
        this.#state = withValve(this.look(), zone, 'closed');
      },
      meter: () => this.#meter(zone),
    };
  }

  #meter(zone: ZoneName): ReturnType<Pipe['meter']> {
    const { atMs, zones: states } = this.look();
    const { opening, meterLitres } = states[zone];
    const flow = opening
      ? flowLitresPerMinute(opening.fullLitresPerMinute, (atMs - opening.atMs) / 1000) *
        (1 + 0.004 * normal(this.#random))
      : 0;
    return { flowLitresPerMinute: Math.max(0, flow), totalLitres: meterLitres };
  }
}
