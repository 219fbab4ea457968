import { setTimeout as delay } from 'node:timers/promises';
import { cpuSecondsOf } from '../sides/processes.ts';
import { type Beginning, READINGS_TOPIC, type Side } from '../sides/side.ts';
import { connectGenerator, type Generator } from './generator.ts';
import { type Marks, stepMsOf } from './payload.ts';
import type { LoadResult } from './types.ts';

export interface LoadShape {
  readonly messagesPerSecond: number;
  readonly seconds: number;
  /** On each connection. */
  readonly window: number;
}

export interface StepResult {
  readonly load: LoadResult;
  /** Acknowledged, but not in InfluxDB. Of a step that did not settle: not yet. */
  readonly missing: number;
  /** Everything was stored soon enough after the end. */
  readonly storedInTime: boolean;
  /** Messages stored a second, from the first one sent to the last one seen: what an overloaded side is able to do. */
  readonly storedPerSecond: number;
  /** Of broker, pipeline and database together, until everything had to be stored. */
  readonly cpuSecondsPer10k: number;
}

/** On each connection, where a load is not told otherwise. */
export const WINDOW = 200;
const LONGEST_BESIDE_SECONDS = 900;
/** Everything must be stored so long after the last acknowledgement. */
const STORED_WITHIN_MS = 1_500;
const ASK_EVERY_MS = 250;
/** What has not moved for so long will not come any more: longer than any pause of ours between two tries. */
const STANDSTILL_MS = 8_000;

/** Puts paced loads on one side, one after the other, and looks what became of every message. */
export class LoadRunner {
  readonly #side: Side;
  readonly #devices: readonly string[];
  readonly #marks: Marks;
  #deviceClockMs = 0;

  constructor(side: Side, devices: readonly string[], marks: Marks = 'time') {
    this.#side = side;
    this.#devices = devices;
    this.#marks = marks;
  }

  /** `settleMs`: how long it waits, beyond what counts as in time, for what is not stored yet. */
  async run(shape: LoadShape, settleMs = 0): Promise<StepResult> {
    const { generator, beginning } = await this.connect(shape);
    const cpuBefore = this.#cpuSeconds();
    const startedAtMs = performance.now();
    const load = await generator.run();
    // Looked at once, at the last moment: asking costs the database CPU that would be counted.
    await delay(STORED_WITHIN_MS);
    const cpuSeconds = this.#cpuSeconds() - cpuBefore;
    let missing = load.acknowledged - (await this.#side.stored(beginning));
    const storedInTime = missing <= 0;
    let lastMs = startedAtMs + load.seconds * 1_000;
    if (missing > 0) ({ missing, lastMs } = await this.settle(beginning, load.acknowledged, settleMs));
    return {
      ...{ load, missing, storedInTime },
      storedPerSecond: ((load.acknowledged - missing) * 1_000) / (lastMs - startedAtMs),
      cpuSecondsPer10k: (cpuSeconds * 10_000) / load.acknowledged,
    };
  }

  /** Waits until everything is stored, or nothing has come for long: how many are missing then, and when the last came. */
  async settle(
    beginning: Beginning,
    acknowledged: number,
    withinMs: number,
  ): Promise<{ missing: number; lastMs: number }> {
    const deadlineMs = performance.now() + withinMs;
    let lastMs = performance.now();
    let missing = acknowledged;
    while (missing > 0 && performance.now() < Math.min(deadlineMs, lastMs + STANDSTILL_MS)) {
      await delay(ASK_EVERY_MS);
      const now = acknowledged - (await this.#side.stored(beginning));
      if (now !== missing) lastMs = performance.now();
      missing = now;
    }
    return { missing, lastMs };
  }

  /** Does something while a load goes on beside it, however long that takes. */
  async beside<Result>(messagesPerSecond: number, work: () => Promise<Result>): Promise<Result> {
    const shape = { messagesPerSecond, seconds: LONGEST_BESIDE_SECONDS, window: WINDOW };
    const { generator, beginning } = await this.connect(shape);
    const load = generator.run().catch(() => {});
    try {
      return await work();
    } finally {
      await generator.stop();
      await load;
      this.#deviceClockMs = beginning.deviceMs + (Date.now() - beginning.wallMs);
    }
  }

  /** A generator that waits for its word. */
  async connect(shape: LoadShape): Promise<{ generator: Generator; beginning: Beginning }> {
    const perDevice = shape.messagesPerSecond / this.#devices.length;
    const wallMs = Date.now();
    // No time of a device comes twice, also when its clock ran ahead of ours in the load before.
    const deviceMs = Math.max(wallMs, this.#deviceClockMs);
    this.#deviceClockMs = deviceMs + Math.ceil(perDevice * shape.seconds + 1) * stepMsOf(perDevice);
    const generator = await connectGenerator({
      ...shape,
      ...{ host: '127.0.0.1', port: this.#side.mqttPort, topic: READINGS_TOPIC },
      devices: this.#devices.map((id) => ({ id, password: this.#side.password(id) })),
      marks: this.#marks,
      epochMs: deviceMs,
    });
    return { generator, beginning: { wallMs, deviceMs } };
  }

  #cpuSeconds(): number {
    return this.#side.pids().reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  }
}
