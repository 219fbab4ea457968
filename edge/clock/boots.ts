import { readStateFile, writeStateFile } from '@nongtin/service';
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
  /** The first entry that waits for the date, once there is one. */
  firstNumber: Type.Optional(Type.Integer()),
});
export type Boot = Static<typeof Boot>;

const File = Type.Object({
  version: Type.Literal(1),
  /** The newest time that was known to be right. */
  newestKnownMs: Type.Number(),
  boots: Type.Array(Boot),
});
const file = Compile(File);

/** Undated boots are listed until somebody dates them; this many are remembered, the oldest go first. */
const MOST_BOOTS = 256;

/** What must outlive a start so that boots can be dated later: a small file. Every change is on the disk when it returns. */
export class Boots {
  readonly #path: string;
  #newestKnownMs = 0;
  #boots: Boot[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined: the file is new, nothing is known yet. */
  open(): number | undefined {
    const saved = readStateFile(this.#path, (value) => file.Check(value));
    this.#newestKnownMs = saved?.newestKnownMs ?? 0;
    this.#boots = saved?.boots ?? [];
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

  /** It was this time, for certain. */
  known(nowMs: number): void {
    this.#newestKnownMs = nowMs;
    this.#write();
  }

  #write(): void {
    writeStateFile(this.#path, { version: 1, newestKnownMs: this.#newestKnownMs, boots: this.#boots });
  }
}
