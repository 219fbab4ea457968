import type { AlarmRecord, Reason } from '@nongtin/broker/wire';

export interface AlarmDoor {
  raise(source: string, severity: AlarmRecord['severity'], reason: Reason): void;
  clear(source: string, key: string): void;
}

const SOURCE = 'gateway';

/** What a person should know of the clock. */
export class ClockAlarms {
  readonly #door: AlarmDoor;

  constructor(door: AlarmDoor) {
    this.#door = door;
  }

  /** `boots`: earlier starts that wait for their date. */
  tell(isTrusted: boolean, boots: number): void {
    if (isTrusted) this.#door.clear(SOURCE, 'clock_untrusted');
    else this.#door.raise(SOURCE, 'low', { key: 'clock_untrusted', figures: {} });
    if (boots === 0) this.#door.clear(SOURCE, 'boot_undated');
    else this.#door.raise(SOURCE, 'low', { key: 'boot_undated', figures: { boots } });
  }

  /** The machine's clock differs by so much and is not believed; undefined: no longer. */
  dispute(aheadMs: number | undefined): void {
    if (aheadMs === undefined) {
      this.#door.clear(SOURCE, 'clock_disagrees');
      return;
    }
    const figures = { differenceSeconds: Math.round(aheadMs / 1000) };
    this.#door.raise(SOURCE, 'high', { key: 'clock_disagrees', figures });
  }
}
