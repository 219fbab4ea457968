import { blend, type Contents, nothing, type Solution } from './solution.ts';

export interface PipeBuild {
  /** Of pipe in which nothing mixes, behind where the stock comes in. */
  readonly plugLitres: number;
  /** Of a chamber behind it, or of a long pipe's dispersion. */
  readonly chamberLitres: number;
  /** Tanks in series that the chamber mixes like: 1 is a stirred vessel, many are a pipe. */
  readonly chambers: number;
}

interface Parcel {
  litres: number;
  contents: Contents;
}

/** From where stock is injected to where probes see the water: plug flow, then mixing. What goes in comes out or is in it. */
export class MixingPipe {
  readonly #build: PipeBuild;
  readonly #plug: Parcel[];
  /** Of each chamber, per litre. */
  readonly #chambers: Solution[];

  constructor(build: PipeBuild, first: Solution) {
    this.#build = build;
    this.#plug =
      build.plugLitres > 0
        ? [{ litres: build.plugLitres, contents: blend(first, build.plugLitres, nothing, 0) }]
        : [];
    this.#chambers = Array.from({ length: build.chamberLitres > 0 ? build.chambers : 0 }, () => first);
    this.#atEnd = first;
  }

  #atEnd: Solution;

  /** The water that leaves it now, per litre. */
  get atEnd(): Solution {
    return this.#atEnd;
  }

  /** All that is in it. */
  get held(): Contents {
    const each = this.#build.chamberLitres / Math.max(1, this.#chambers.length);
    return [
      ...this.#plug.map(({ contents }) => contents),
      ...this.#chambers.map((one) => blend(one, each, nothing, 0)),
    ].reduce((sum, one) => blend(sum, 1, one, 1), nothing);
  }

  /** So many litres with these contents go in, as many leave; the answer is what leaves with them. */
  push(litres: number, contents: Contents): Contents {
    if (litres <= 0) return nothing;
    let flowing = this.#throughPlug(litres, contents);
    const each = this.#build.chamberLitres / Math.max(1, this.#chambers.length);
    for (const [index, before] of this.#chambers.entries()) {
      const incoming = blend(flowing, 1 / litres, nothing, 0);
      const stays = Math.exp(-litres / each);
      const after = blend(before, stays, incoming, 1 - stays);
      flowing = blend(blend(flowing, 1, before, each), 1, after, -each);
      this.#chambers[index] = after;
    }
    this.#atEnd = this.#chambers.at(-1) ?? blend(flowing, 1 / litres, nothing, 0);
    return flowing;
  }

  #throughPlug(litres: number, contents: Contents): Contents {
    if (this.#build.plugLitres <= 0) return contents;
    this.#plug.push({ litres, contents });
    let [left, out] = [litres, nothing];
    for (let first = this.#plug[0]; first !== undefined && left > 0; first = this.#plug[0]) {
      const taken = Math.min(left, first.litres);
      const share = taken / first.litres;
      out = blend(out, 1, first.contents, share);
      left -= taken;
      if (share >= 1) this.#plug.shift();
      else {
        first.contents = blend(first.contents, 1 - share, nothing, 0);
        first.litres -= taken;
      }
    }
    return out;
  }
}
