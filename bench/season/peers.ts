import { topicOf } from '@nongtin/broker/wire';
import type { MemoryBus } from '../../firmware-sim/links/memory-bus.ts';
import type { Scheduler } from '../../firmware-sim/time/scheduler.ts';

/** What a controller of this comparison sees of its zone, over the same bus as ours. */
interface Zone {
  readonly valve: string;
  readonly soilProbe: string;
  readonly weatherStation: string;
}

/** What every controller has to be able to. */
export interface Peer {
  start(): void;
  stop(): void;
}

interface Parts {
  readonly bus: MemoryBus;
  readonly scheduler: Scheduler;
  readonly zone: Zone;
}

interface ClockOptions extends Parts {
  /** Each day's run: mean ETc of the peak month ÷ efficiency, as seconds of the zone's flow. */
  readonly runSeconds: number;
  /** Local time of day, seconds since midnight. */
  readonly startSeconds: number;
  readonly utcOffsetHours: number;
  readonly rainSkipMm: number;
}

const DAY_MS = 86_400_000;

/** A clock program as every irrigation clock has it: each day the same, skipped after rain. */
export class ClockProgram implements Peer {
  readonly #options: ClockOptions;
  #ends: (() => void)[] = [];
  #rain: { readonly atMs: number; readonly countedMm: number }[] = [];
  #runs = 0;

  constructor(options: ClockOptions) {
    this.#options = options;
  }

  start(): void {
    const { bus, zone } = this.#options;
    this.#ends.push(
      bus.subscribe(topicOf('readings', zone.weatherStation), ({ payload }) => this.#hear(payload)),
    );
    this.#wait();
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  #wait(): void {
    const { scheduler, startSeconds, utcOffsetHours } = this.#options;
    const localMs = scheduler.nowMs() + utcOffsetHours * 3_600_000;
    const sinceStartMs = (((localMs - startSeconds * 1000) % DAY_MS) + DAY_MS) % DAY_MS;
    this.#ends = [...this.#ends.slice(0, 1), scheduler.after(DAY_MS - sinceStartMs, () => this.#water())];
  }

  #water(): void {
    const { bus, zone, runSeconds, rainSkipMm } = this.#options;
    if (this.#rainOfLastDay() < rainSkipMm) open(bus, zone.valve, `clock-${++this.#runs}`, runSeconds);
    this.#wait();
  }

  #hear(payload: string): void {
    const { rain } = JSON.parse(payload) as { rain?: number };
    const nowMs = this.#options.scheduler.nowMs();
    if (typeof rain === 'number') this.#rain.push({ atMs: nowMs, countedMm: rain });
    this.#rain = this.#rain.filter(({ atMs }) => nowMs - atMs <= DAY_MS);
  }

  #rainOfLastDay(): number {
    return (this.#rain.at(-1)?.countedMm ?? 0) - (this.#rain[0]?.countedMm ?? 0);
  }
}

interface ThresholdOptions extends Parts {
  readonly onBelowFraction: number;
  readonly offAtFraction: number;
}

const LEASE_SECONDS = 3_600;

/** Threshold control as hobby controllers have it: on when the probe is dry, off when it is wet. */
export class ThresholdControl implements Peer {
  readonly #options: ThresholdOptions;
  #end: () => void = () => {};
  #isOpen = false;
  #renewAtMs = 0;
  #commands = 0;

  constructor(options: ThresholdOptions) {
    this.#options = options;
  }

  start(): void {
    const { bus, zone } = this.#options;
    this.#end = bus.subscribe(topicOf('readings', zone.soilProbe), ({ payload }) => this.#hear(payload));
  }

  stop(): void {
    this.#end();
  }

  #hear(payload: string): void {
    const { soil_moisture: moisture } = JSON.parse(payload) as { soil_moisture?: number };
    const { bus, scheduler, zone, onBelowFraction, offAtFraction } = this.#options;
    if (moisture === undefined) return;
    if (this.#isOpen && moisture >= offAtFraction) {
      this.#isOpen = false;
      this.#renewAtMs = 0;
      bus.publish({
        topic: topicOf('valveCommand', zone.valve),
        payload: JSON.stringify({ id: `threshold-${++this.#commands}`, action: 'close' }),
      });
    } else if (
      moisture < (this.#isOpen ? offAtFraction : onBelowFraction) &&
      scheduler.nowMs() >= this.#renewAtMs
    ) {
      this.#isOpen = true;
      this.#renewAtMs = scheduler.nowMs() + (LEASE_SECONDS * 1000) / 2;
      open(bus, zone.valve, `threshold-${++this.#commands}`, LEASE_SECONDS);
    }
  }
}

function open(bus: MemoryBus, valve: string, id: string, durationSeconds: number): void {
  bus.publish({
    topic: topicOf('valveCommand', valve),
    payload: JSON.stringify({
      id,
      action: 'open',
      durationSeconds: Math.max(1, Math.round(durationSeconds)),
    }),
  });
}
