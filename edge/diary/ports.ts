import type { DiaryEntry, HarvestOverride, HarvestRecord, LayoutRecord, Reason } from '@nongtin/broker/wire';

/** What the diary needs of others. */

/** Lets a harvest be that lies within a pre-harvest interval; counts only from a manager. */
export interface ManagersWord {
  readonly person: Person;
  readonly reason: string;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly role: string;
}

/** What stands between a harvest and the journal. */
export interface HarvestGuard {
  /** Lets a harvest be kept, or says what bars it. */
  admit(
    harvest: { readonly plot: string; readonly atMs: number },
    word: ManagersWord | undefined,
    keep: (override: HarvestOverride | undefined) => Promise<HarvestRecord>,
  ): Promise<readonly { readonly reason: Reason }[]>;
  /** What would keep it out; nothing is kept. */
  bars(harvest: { readonly plot: string; readonly atMs: number }): readonly { readonly reason: Reason }[];
  /** A harvest was told anew that needs no leave. */
  corrected(harvest: HarvestRecord): void;
}

/**
 * Knows sprayings, and what they bar. What the diary tells of one was done, so it is never refused: what is odd about it is told
 * beside the entry.
 */
export interface SprayGuard {
  /** A spraying as the diary has it now. Resolves with whether the guard goes by it. */
  tell(entry: DiaryEntry, person: Person, why?: string): Promise<boolean>;
  warnings(entry: DiaryEntry): readonly Reason[];
}

/**
 * Reckons with what people have counted in traps. What was counted was counted, so it is never refused: what keeps it from being
 * reckoned with is told beside the entry.
 */
export interface TrapCounts {
  /** An observation as the diary has it now. */
  tell(entry: DiaryEntry, person: Person): Promise<void>;
  warnings(entry: DiaryEntry): readonly Reason[];
}

export interface LayoutRecords {
  /** Newest first. */
  records(kind: 'layout', limit: number): Promise<readonly LayoutRecord[]>;
}
