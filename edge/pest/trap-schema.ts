import { StartProblem } from '@nongtin/service';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { shapeProblems } from '../shape.ts';
import type { PestLibrary } from './library.ts';

/** Traps as they stand in farm.json. */
const closed = { additionalProperties: false } as const;
const Identity = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });
const DeviceName = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}(\\..{1,64})?$' });

export const Trap = Type.Object(
  {
    id: Identity,
    name: Type.String({ minLength: 1, maxLength: 80 }),
    plot: Identity,
    /** Which one is counted: id of the pest library. */
    pest: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }),
    kind: Type.Enum([
      'methyl_eugenol',
      'cue_lure',
      'pheromone',
      'sticky_yellow',
      'sticky_blue',
      'light',
      'other',
    ]),
    /** What counts in it (metric trap_count, a counter), and on which channel; absent: people count. */
    device: Type.Optional(DeviceName),
    channel: Type.Optional(Type.String({ maxLength: 64 })),
    /** After so many days somebody should have looked; absent: after the pest's own window. */
    checkEveryDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 60 })),
  },
  closed,
);
export type Trap = Static<typeof Trap>;

const validator = Compile(Trap);

/** What is wrong with a trap, field by field; `at`: where it stands. */
export function trapProblems(value: unknown, at: string): string[] {
  return validator.Check(value) ? [] : shapeProblems(validator.Errors(value), at);
}

interface Trapped {
  readonly plots: readonly { readonly id: string; readonly pests?: readonly string[] }[];
  readonly traps?: readonly Trap[];
}

/** What contradicts itself, or the farm, in traps whose shape is sound. */
export function trapContradictions({ plots, traps = [] }: Trapped): string[] {
  return traps.flatMap(({ id, plot, device, channel }, t) => {
    const at = `traps[${t}]`;
    const problems: string[] = [];
    const same = traps.findIndex((other) => other.id === id);
    if (same < t) problems.push(`${at}.id and traps[${same}].id have the same id '${id}', rename one`);
    if (!plots.some((one) => one.id === plot))
      problems.push(`${at}.plot '${plot}' is no plot of the farm: name another plot, or remove the trap`);
    if (channel !== undefined && device === undefined)
      problems.push(`${at}.channel is one of a device: name the device too, or remove the channel`);
    const twin = traps.findIndex(
      (other, o) =>
        o < t &&
        device !== undefined &&
        other.device === device &&
        (other.channel === undefined || channel === undefined || other.channel === channel),
    );
    if (twin >= 0)
      problems.push(
        `${at}.device '${device}' counts for traps[${twin}] already: give each trap a device or a channel of its own`,
      );
    return problems;
  });
}

/** Pests that the library does not know, of traps and of plots. */
export function unknownPests({ plots, traps = [] }: Trapped, library: PestLibrary): string[] {
  const remedy = `take one of ${[...library.keys()].join(', ')}, or add it to pests.json`;
  const unknown = (pest: string, at: string) =>
    library.has(pest) ? [] : [`${at} '${pest}' is not in the pest library: ${remedy}`];
  return [
    ...traps.flatMap(({ pest }, t) => unknown(pest, `traps[${t}].pest`)),
    ...plots.flatMap(({ pests = [] }, p) =>
      pests.flatMap((pest, n) => unknown(pest, `plots[${p}].pests[${n}]`)),
    ),
  ];
}

/** Throws a StartProblem where the farm names pests that the library does not know. */
export function checkPests(farm: Trapped, library: PestLibrary, path: string): void {
  const problems = unknownPests(farm, library);
  if (problems.length > 0)
    throw new StartProblem(`${path} cannot be used: ${problems.join('; ')}. Correct it and start again.`);
}
