/** `gentle` spares an SD card: it commits seldom, and a device's PUBACK may take as long. */
export type JournalProfile = 'normal' | 'gentle';

/** Milliseconds between two commits while little arrives; what is urgent never waits for it. */
const SPACING_MS: Readonly<Record<JournalProfile, number>> = { normal: 10, gentle: 2_000 };
/** Smaller groups are not committed early: an SD card is not worn for one device, which may wait. */
const LEAST_EARLY: Readonly<Record<JournalProfile, number>> = { normal: 1, gentle: 8 };
/** After so many groups that were committed early, one is given its full time again, to learn what comes now. */
const EARLY_GROUPS = 15;

/**
 * When the next group is to be committed (pure; milliseconds of a monotonic clock).
 *
 * After a quiet time at once. Otherwise not before `SPACING_MS` have passed since the group before, so that a steady
 * trickle costs few commits; but nobody waits for messages that do not come: a group that was given its full time
 * tells how many arrive in it, and the ones after it are committed as soon as they are as large. So 50 devices that
 * each wait for a PUBACK before they send again are answered as fast as the disk allows, and not once in 10 ms.
 */
export class Pacing {
  readonly #spacingMs: number;
  readonly #leastEarly: number;
  #lastTakeMs = Number.NEGATIVE_INFINITY;
  #expected = Number.POSITIVE_INFINITY;
  #early = 0;

  constructor(profile: JournalProfile) {
    this.#spacingMs = SPACING_MS[profile];
    this.#leastEarly = LEAST_EARLY[profile];
  }

  /** So many appends need not wait any longer. */
  get enough(): number {
    return this.#early < EARLY_GROUPS && this.#expected >= this.#leastEarly
      ? this.#expected
      : Number.POSITIVE_INFINITY;
  }

  /** How long what waits is to wait still. */
  delayMs(nowMs: number): number {
    const leftMs = this.#lastTakeMs + this.#spacingMs - nowMs;
    return leftMs > 0 ? leftMs : 0;
  }

  /** A group is committed. `hadItsTime`: it was neither urgent nor large, its time was over. */
  taken(appends: number, nowMs: number, hadItsTime: boolean): void {
    this.#lastTakeMs = nowMs;
    if (hadItsTime) {
      this.#expected = appends;
      this.#early = 0;
    } else if (appends >= this.#expected) {
      this.#expected = appends;
      this.#early += 1;
    }
  }
}
