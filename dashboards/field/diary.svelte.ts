import { type DiaryEntry, type DiaryRevision, mergeDiary, type Waiting } from '@nongtin/broker/wire/diary';
import { ApiError, call, type Reason } from '../ui/api.ts';
import { newId } from '../ui/id.ts';
import type { Farm } from './api.ts';
import { attachmentOf } from './diary-files.ts';
import type { ProductList } from './diary-products.ts';
import { DiaryStore, type HeldFile, type KnownRevision } from './diary-store.ts';
import { gatewayDoor, syncDiary } from './diary-sync.ts';
import { whenOnline } from './online.ts';
import { type Traps, traps } from './pests.ts';
import type { Spray } from './protection.ts';
import { Rounds } from './rounds.ts';

/** An entry that the gateway writes by itself. */
export interface MeasuredEntry {
  entryId: string;
  entryKind: string;
  date: string;
  startTime: string;
  endTime: string | null;
  zone: string | null;
  figures: Record<string, string | number | null>;
  reason: Reason | null;
}

/** A spraying that the guard alone was told of. */
export interface SprayAlone {
  number: number;
  spray: Spray & { endDate: string };
}

/** What the gateway shows beside what people wrote; kept for when nobody answers. */
interface Shown {
  measured: readonly MeasuredEntry[];
  sprays: readonly SprayAlone[];
  /** What is odd about an entry, by its id. */
  warnings: Readonly<Record<string, readonly Reason[]>>;
}

/** Who writes on this phone. */
export interface Writer {
  id: string;
  name: string;
  role: string;
}

const AGAIN_MS = 30_000;
const DAYS_SHOWN = 14;
const DAY_MS = 86_400_000;
const CLOCKS_DIFFER_MS = 10 * 60_000;

/** '2026-11-23' by the phone's own calendar. */
export function dayText(atMs: number): string {
  const at = new Date(atMs - new Date(atMs).getTimezoneOffset() * 60_000);
  return at.toISOString().slice(0, 10);
}

/** The diary as the page shows it; what is made is on the phone before it is shown. */
export class DiaryState {
  readonly writer: Writer;
  farm = $state.raw<Pick<Farm, 'site' | 'plots'> | undefined>();
  traps = $state.raw<Traps>({ timeZone: 'Asia/Ho_Chi_Minh', traps: [] });
  products = $state.raw<ProductList>({ list: null, notTaken: [] });
  /** How far the phone's clock is behind the gateway's, which may be by years. */
  clockGapMs = $state(0);
  shown = $state.raw<Shown>({ measured: [], sprays: [], warnings: {} });
  known = $state.raw<ReadonlyMap<string, KnownRevision>>(new Map());
  waiting = $state.raw<readonly Waiting[]>([]);
  /** Files that are not at the gateway yet, by hash. */
  files = $state.raw<ReadonlyMap<string, HeldFile>>(new Map());
  refusedFiles = $state.raw<ReadonlyMap<string, Reason>>(new Map());
  /** Whether the gateway answered the last time. */
  isReached = $state(true);
  isSignedOut = $state(false);
  /** Whether it is known what there is to choose from, or that nobody can tell now: a form that is opened before has no plots in it. */
  isReady = $state(false);
  readonly entries: readonly DiaryEntry[] = $derived(
    [...mergeDiary([...this.known.values()].map(({ revision }) => revision)).values()].sort(newestFirst),
  );
  readonly #store: DiaryStore;
  readonly #rounds = new Rounds(() => this.#sync());
  /** Readings of the store that were begun, and the latest one that is shown. */
  #begun = 0;
  #latest = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(store: DiaryStore, writer: Writer) {
    this.#store = store;
    this.writer = writer;
  }

  static async open(writer: Writer): Promise<DiaryState> {
    const state = new DiaryState(await DiaryStore.open(), writer);
    state.farm = await state.#store.kept('farm');
    state.traps = (await state.#store.kept<Traps>('traps')) ?? state.traps;
    state.products = (await state.#store.kept<ProductList>('products')) ?? state.products;
    state.clockGapMs = (await state.#store.kept<number>('clockGapMs')) ?? 0;
    state.shown = (await state.#store.kept<Shown>('shown')) ?? state.shown;
    state.isReady = state.farm !== undefined;
    await state.#read();
    return state;
  }

  /** The day as the gateway would say it, also where the phone's clock is wrong. */
  get today(): string {
    return dayText(Date.now() + this.clockGapMs);
  }

  /** '06:30' */
  get timeOfDay(): string {
    const at = new Date(Date.now() + this.clockGapMs);
    return `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
  }

  /** Returns the way to stop. */
  start(): () => void {
    const again = () => void this.sync();
    again();
    this.#timer = setInterval(again, AGAIN_MS);
    const stop = whenOnline(again);
    return () => {
      clearInterval(this.#timer);
      stop();
    };
  }

  /** A new entry, or a change of one; on the phone when it resolves. */
  async make(
    entry: Pick<DiaryEntry, 'entryId' | 'heads'> | undefined,
    entryKind: string,
    change: Pick<DiaryRevision, 'set'> & Partial<Pick<DiaryRevision, 'why' | 'withdrawn' | 'detach'>>,
    files: readonly HeldFile[] = [],
  ): Promise<void> {
    const revision: DiaryRevision = {
      ...{ revisionId: newId(), entryId: entry?.entryId ?? newId(), entryKind, author: this.writer.id },
      ...{ madeOn: [...(entry?.heads ?? [])].slice(0, 16), phoneAtMs: Date.now() },
      ...{ attach: files.map(attachmentOf), detach: [], ...change },
    };
    await this.#store.make($state.snapshot(revision), this.writer.name, files);
    await this.#read();
    void this.sync();
  }

  /** About what the guard holds back; rejects with why not. */
  async giveWord(entryId: string, why: string): Promise<void> {
    await call(`/api/diary/entries/${entryId}/word`, { why });
    await this.sync();
  }

  async discard(revisionId: string): Promise<void> {
    await this.#store.discard(revisionId);
    await this.#read();
  }

  sync(): Promise<void> {
    return this.#rounds.ask();
  }

  async #sync(): Promise<void> {
    try {
      const { refusedFiles } = await syncDiary(this.#store, gatewayDoor, this.writer.id);
      this.refusedFiles = refusedFiles;
      await this.#fetchShown();
      this.isReached = true;
      this.isSignedOut = false;
    } catch (error) {
      this.isSignedOut = error instanceof ApiError && error.status === 401;
      this.isReached = error instanceof ApiError;
    }
    this.isReady = true;
    await this.#read();
  }

  async #fetchShown(): Promise<void> {
    const { site, plots } = await call<Farm>('/api/farm');
    this.farm = { site, plots };
    await this.#readClock();
    this.products = await call<ProductList>('/api/products');
    await this.#store.keep('products', $state.snapshot(this.products));
    const nowMs = Date.now() + this.clockGapMs;
    const from = dayText(nowMs - DAYS_SHOWN * DAY_MS);
    const { entries, measured, sprays } = await call<
      Pick<Shown, 'measured' | 'sprays'> & { entries: { entryId: string; warnings: Reason[] }[] }
    >(`/api/diary?from=${from}&to=${dayText(nowMs + DAY_MS)}`);
    const odd = entries.filter(({ warnings }) => warnings.length > 0);
    const warnings = Object.fromEntries(odd.map((entry) => [entry.entryId, entry.warnings]));
    this.shown = { measured, sprays, warnings };
    await this.#store.keep('farm', { site, plots });
    await this.#store.keep('shown', this.shown);
    this.traps = await traps();
    await this.#store.keep('traps', $state.snapshot(this.traps));
  }

  /** By the head of an answer; a gateway that is not sure of its own time corrects nobody's. */
  async #readClock(): Promise<void> {
    const beforeMs = Date.now();
    const answer = await fetch('/api/crop-protection', { cache: 'no-store' });
    if (!answer.ok) return;
    const { isClockTrusted } = (await answer.json()) as { isClockTrusted: boolean };
    const gatewayMs = Date.parse(answer.headers.get('date') ?? '');
    if (!isClockTrusted || !Number.isFinite(gatewayMs)) return;
    const gapMs = gatewayMs - (beforeMs + Date.now()) / 2;
    this.clockGapMs = Math.abs(gapMs) < CLOCKS_DIFFER_MS ? 0 : Math.round(gapMs);
    await this.#store.keep('clockGapMs', this.clockGapMs);
  }

  async #read(): Promise<void> {
    this.#begun += 1;
    const reading = this.#begun;
    const known = await this.#store.known();
    const waiting = await this.#store.waiting(this.writer.id);
    const files = await this.#store.files();
    // One that was begun before what is shown tells of the past.
    if (reading < this.#latest) return;
    this.#latest = reading;
    // All at once: an entry that is shown before it is counted as waiting looks as if it were sent.
    this.known = new Map(known.map((one) => [one.revision.revisionId, one]));
    this.waiting = waiting;
    this.files = new Map(files.map((file) => [file.sha256, file]));
  }
}

function newestFirst(a: DiaryEntry, b: DiaryEntry): number {
  const order = ({ fields, entryId }: DiaryEntry) =>
    `${fields.date?.value ?? ''} ${fields.startTime?.value ?? ''} ${entryId}`;
  return order(a) < order(b) ? 1 : -1;
}
