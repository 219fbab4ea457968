import { type Logger, readStateFile, writeStateFile } from '@nongtin/service';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** A start of the gateway whose clock was not trusted, as long as it is not dated or its readings are not delivered. */
const Boot = Type.Object({
  bootId: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  /** By its own clock: when it began. */
  startedAtMs: Type.Number(),
  /** Uptime of the machine at that moment, and which switching-on of the machine that was. */
  uptimeMs: Type.Number(),
  machineBootId: Type.Optional(Type.String()),
  /** UTC: it cannot have begun before, nor ended after. */
  notBeforeMs: Type.Number(),
  notAfterMs: Type.Optional(Type.Number()),
  /** Its first entry. */
  beganAtNumber: Type.Optional(Type.Integer()),
  /** The first entry that waits for the date, once there is one. */
  firstNumber: Type.Optional(Type.Integer()),
});
export type Boot = Static<typeof Boot>;

/** A boot that was dated by what somebody told, not by a time server: it may prove wrong. */
const Word = Type.Object({
  bootId: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  /** The boot's first entry. */
  firstNumber: Type.Integer(),
  /** One moment of that boot: by its own clock, in UTC as it was told, and since the machine was switched on. */
  provisionalMs: Type.Number(),
  utcMs: Type.Number(),
  uptimeMs: Type.Number(),
  machineBootId: Type.Optional(Type.String()),
});
export type Word = Static<typeof Word>;

/** Readings of a boot that were dated by a word which proved wrong: they are told apart by a flag. */
const Doubt = Type.Object({
  bootId: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  /** Entries of that boot from here … */
  firstNumber: Type.Integer(),
  /** … up to here. */
  lastNumber: Type.Integer(),
  /** The series store has the flag. */
  isTold: Type.Boolean(),
});
export type Doubt = Static<typeof Doubt>;

const File = Type.Object({
  version: Type.Literal(1),
  /** The newest time that was known to be right. */
  newestKnownMs: Type.Number(),
  /** The newest time that only a person vouched for. */
  newestToldMs: Type.Optional(Type.Number()),
  boots: Type.Array(Boot),
  words: Type.Optional(Type.Array(Word)),
  doubts: Type.Optional(Type.Array(Doubt)),
});
const file = Compile(File);

/** Undated boots are listed until somebody dates them; this many are remembered, the oldest go first. */
const MOST_BOOTS = 256;

/**
 * What must outlive a start so that boots can be dated later: a small file. A change is on the disk when it returns; when it
 * throws, it counts in memory and is saved with the next one.
 */
export class Boots {
  readonly #path: string;
  #newestKnownMs = 0;
  #newestToldMs = 0;
  #boots: Boot[] = [];
  #words: readonly Word[] = [];
  #doubts: Doubt[] = [];
  #isSaved = true;

  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined: the file is new, nothing is known yet. */
  open(): number | undefined {
    const saved = readStateFile(this.#path, (value) => file.Check(value));
    this.#newestKnownMs = saved?.newestKnownMs ?? 0;
    this.#newestToldMs = saved?.newestToldMs ?? 0;
    this.#boots = saved?.boots ?? [];
    this.#words = saved?.words ?? [];
    this.#doubts = saved?.doubts ?? [];
    return saved?.newestKnownMs;
  }

  /** Oldest first. */
  list(): readonly Boot[] {
    return this.#boots;
  }

  get(bootId: string): Boot | undefined {
    return this.#boots.find((boot) => boot.bootId === bootId);
  }

  /** Adds a boot, or changes what is known of it. */
  put(boot: Boot): void {
    const at = this.#boots.findIndex(({ bootId }) => bootId === boot.bootId);
    if (at < 0) this.#boots = [...this.#boots, boot].slice(-MOST_BOOTS);
    else this.#boots = this.#boots.with(at, boot);
    this.#write();
  }

  remove(bootId: string): void {
    this.#boots = this.#boots.filter((boot) => boot.bootId !== bootId);
    this.#write();
  }

  newestToldMs(): number {
    return this.#newestToldMs;
  }

  /** It was this time, for certain, whatever a person said before. */
  known(nowMs: number): void {
    this.#newestKnownMs = nowMs;
    this.#newestToldMs = 0;
    this.#write();
  }

  /** It was this time as far as a person knew. */
  told(nowMs: number): void {
    this.#newestToldMs = nowMs;
    this.#write();
  }

  words(): readonly Word[] {
    return this.#words;
  }

  keepWords(words: readonly Word[]): void {
    this.#words = words.slice(-MOST_BOOTS);
    this.#write();
  }

  doubts(): readonly Doubt[] {
    return this.#doubts;
  }

  /** Adds a doubt, or takes the place of the one about the same boot. */
  doubt(doubt: Doubt): void {
    const others = this.#doubts.filter(({ bootId }) => bootId !== doubt.bootId);
    this.#doubts = [...others, doubt].slice(-MOST_BOOTS);
    this.#write();
  }

  /** Tries again what could not be saved. */
  save(): void {
    if (!this.#isSaved) this.#write();
  }

  #write(): void {
    this.#isSaved = false;
    writeStateFile(this.#path, {
      ...{ version: 1, newestKnownMs: this.#newestKnownMs, newestToldMs: this.#newestToldMs },
      ...{ boots: this.#boots, words: this.#words, doubts: this.#doubts },
    });
    this.#isSaved = true;
  }
}

/** A change that a full disk may put off: it must not keep the gateway from starting, nor readings from being dated. */
export function saveOrTell(logger: Logger, change: () => void): void {
  try {
    change();
  } catch (error) {
    logger.error(
      { err: error },
      'what is known of the time could not be saved; tried again with the next change',
    );
  }
}
