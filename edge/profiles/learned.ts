import type { ProfileMemory } from './profile.ts';

/** Speakers whose things are held unpacked; the others are read from the memory again when they speak. */
const MOST_SPEAKERS = 5_000;

interface Slot<T> {
  readonly id: string;
  readonly value: T;
}

interface Known<T> {
  readonly byId: Map<string, { slot: number; value: T }>;
  slots: number;
}

/**
 * What a family has learned of each speaker, by id: kept in the profiles' memory, one key a thing, and bounded for each
 * speaker, so that one that announces without end pushes out nobody else's.
 */
export class Learned<T> {
  readonly #memory: ProfileMemory;
  readonly #family: string;
  readonly #most: number;
  readonly #speakers = new Map<string, Known<T>>();

  constructor(memory: ProfileMemory, family: string, most: number) {
    this.#memory = memory;
    this.#family = family;
    this.#most = most;
  }

  get(speaker: string, id: string): T | undefined {
    return this.#of(speaker).byId.get(id)?.value;
  }

  entries(speaker: string): [string, T][] {
    return [...this.#of(speaker).byId].map(([id, { value }]) => [id, value]);
  }

  /** False when the speaker already has as many as it may. Undefined forgets. */
  set(speaker: string, id: string, value: T | undefined): boolean {
    const known = this.#of(speaker);
    const slot = known.byId.get(id)?.slot ?? this.#freeSlot(known);
    if (value === undefined) {
      if (known.byId.delete(id)) this.#memory.set(this.#key(speaker, slot), undefined);
      return true;
    }
    if (slot >= this.#most) return false;
    known.byId.set(id, { slot, value });
    this.#memory.set(this.#key(speaker, slot), { id, value } satisfies Slot<T>);
    if (slot >= known.slots) {
      known.slots = slot + 1;
      this.#memory.set(this.#key(speaker), known.slots);
    }
    return true;
  }

  #freeSlot({ byId, slots }: Known<T>): number {
    if (byId.size === slots) return slots;
    const taken = new Set([...byId.values()].map(({ slot }) => slot));
    let slot = 0;
    while (taken.has(slot)) slot += 1;
    return slot;
  }

  #of(speaker: string): Known<T> {
    const held = this.#speakers.get(speaker);
    if (held !== undefined) return held;
    const slots = Number(this.#memory.get(this.#key(speaker)) ?? 0);
    const known: Known<T> = { byId: new Map(), slots: Math.min(slots, this.#most) || 0 };
    for (let slot = 0; slot < known.slots; slot += 1) {
      const saved = this.#memory.get(this.#key(speaker, slot)) as Slot<T> | undefined;
      if (saved !== undefined) known.byId.set(saved.id, { slot, value: saved.value });
    }
    if (this.#speakers.size >= MOST_SPEAKERS) this.#speakers.clear();
    this.#speakers.set(speaker, known);
    return known;
  }

  #key(speaker: string, slot?: number): string {
    return slot === undefined ? `${speaker}\n${this.#family}` : `${speaker}\n${this.#family}\n${slot}`;
  }
}
