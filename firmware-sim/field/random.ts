import { seededRandom as seeded } from '@nongtin/service';

/** Uniform numbers in [0, 1). The same seed and name give the same numbers for ever. */
export type Random = () => number;

/** A generator of its own for each `name`, so that one more device does not change what another one draws. */
export function seededRandom(seed: number, name: string): Random {
  return seeded(hash(`${seed}/${name}`));
}

/** Standard normal, by Box and Muller. */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Poisson by Knuth's product of uniforms; meant for means below 50. */
export function poisson(mean: number, random: Random): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count += 1;
  return count;
}

/** FNV-1a with a final mix, so that neighbouring seeds do not give neighbouring numbers. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
