import { Overlay } from './overlay.ts';

/**
 * What lets water pass or drives it: a valve, a pump. It does as it is told unless a fault holds it; what a device says of
 * it is another matter.
 */
export class Gate {
  #isTold = false;
  #sinceMs: number | null = null;
  /** Faults hold it on (true) or off (false), at once. */
  readonly held = new Overlay<boolean>();
  /** Faults make it stick where it comes to be: once on it stays on (true), once off it stays off (false). */
  readonly sticks = new Overlay<boolean>();

  get isOn(): boolean {
    const held = this.held.value;
    if (held !== undefined) return held;
    const wasOn = this.#sinceMs !== null;
    return this.sticks.value === wasOn ? wasOn : this.#isTold;
  }

  tell(isOn: boolean): void {
    this.#isTold = isOn;
  }

  /** Since when it really is on, by the farm's time; null while it is off. Kept up by `look`. */
  get sinceMs(): number | null {
    return this.#sinceMs;
  }

  /** Notices a change at this instant of the farm's time; returns what changed. */
  look(atMs: number): 'on' | 'off' | undefined {
    const { isOn } = this;
    if (isOn === (this.#sinceMs !== null)) return undefined;
    this.#sinceMs = isOn ? atMs : null;
    return isOn ? 'on' : 'off';
  }
}
