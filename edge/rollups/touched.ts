import { STEP_MS } from './times.ts';

const FIVE_MINUTES = STEP_MS['5m'];
/** More devices than these in one window: the window is computed anew for all. */
const MOST_DEVICES = 8;
/** Windows computed by one request to the store. */
const MOST_TOGETHER = { all: 12, device: 288 } as const;

/** Windows next to each other that are computed anew together. */
export interface TouchedSpan {
  readonly fromMs: number;
  readonly toMs: number;
  /** Absent: every device. */
  readonly device?: string;
}

interface TouchedWindow {
  /** The first entry of the journal that has touched it. */
  readonly entry: number;
  /** Undefined: every device. */
  devices: Set<string> | undefined;
}

/** Which windows of five minutes have readings that their row does not know, and since which entry of the journal. */
export class Touched {
  readonly #windows = new Map<number, TouchedWindow>();

  get size(): number {
    return this.#windows.size;
  }

  /** `startMs` lies on the grid; without a device every one is meant. */
  add(startMs: number, entry: number, device?: string): void {
    const window = this.#windows.get(startMs);
    if (window === undefined) {
      const devices = device === undefined ? undefined : new Set([copyOf(device)]);
      this.#windows.set(startMs, { entry, devices });
    } else if (device === undefined || (window.devices?.size ?? 0) >= MOST_DEVICES) {
      window.devices = undefined;
    } else if (window.devices?.has(device) === false) {
      window.devices.add(copyOf(device));
    }
  }

  /** Start of the earliest one after `sinceMs`. */
  earliest(sinceMs: number): number | undefined {
    const starts = [...this.#windows.keys()].filter((startMs) => startMs >= sinceMs);
    return starts.length === 0 ? undefined : starts.reduce((a, b) => Math.min(a, b));
  }

  /** The first entry that one of the windows waits for. */
  firstEntry(): number | undefined {
    let first: number | undefined;
    for (const { entry } of this.#windows.values()) first = Math.min(first ?? entry, entry);
    return first;
  }

  /** Spans of the windows that are chosen, in the order of time. */
  spans(isChosen: (startMs: number) => boolean): TouchedSpan[] {
    const all: number[] = [];
    const ofDevice = new Map<string, number[]>();
    for (const startMs of [...this.#windows.keys()].filter(isChosen).sort((a, b) => a - b)) {
      const devices = this.#windows.get(startMs)?.devices;
      if (devices === undefined) all.push(startMs);
      for (const device of devices ?? []) ofDevice.set(device, [...(ofDevice.get(device) ?? []), startMs]);
    }
    const spans: TouchedSpan[] = joined(all, MOST_TOGETHER.all);
    for (const [device, starts] of ofDevice)
      spans.push(...joined(starts, MOST_TOGETHER.device).map((span) => ({ ...span, device })));
    return spans;
  }

  /** These windows are done; one that is touched again meanwhile is not among them. */
  remove(isChosen: (startMs: number) => boolean): void {
    for (const startMs of this.#windows.keys()) if (isChosen(startMs)) this.#windows.delete(startMs);
  }
}

/** A piece cut out of a text keeps all of it in memory, which is an entry of the journal here. */
const copyOf = (text: string) => Buffer.from(text).toString();

function joined(starts: readonly number[], most: number): TouchedSpan[] {
  const spans: { fromMs: number; toMs: number }[] = [];
  for (const startMs of starts) {
    const last = spans.at(-1);
    if (last?.toMs === startMs && startMs - last.fromMs < most * FIVE_MINUTES) last.toMs += FIVE_MINUTES;
    else spans.push({ fromMs: startMs, toMs: startMs + FIVE_MINUTES });
  }
  return spans;
}
