import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { shapeProblems } from '../../shape.ts';

const closed = { additionalProperties: false } as const;

/** Where the farm's weather is measured, as a technician writes it. The meaning of each field: `Site` in types.ts. */
export const SiteLocation = Type.Object(
  {
    latitudeDegrees: Type.Number({ minimum: -90, maximum: 90 }),
    longitudeDegrees: Type.Number({ minimum: -180, maximum: 180 }),
    elevationMetres: Type.Number({ minimum: -430, maximum: 6000 }),
    isCoastal: Type.Boolean(),
    windHeightMetres: Type.Number({ minimum: 0.5, maximum: 100 }),
    monthlyEt0Mm: Type.Optional(
      Type.Array(Type.Number({ minimum: 0, maximum: 20 }), { minItems: 12, maxItems: 12 }),
    ),
    monthlyWindMetresPerSecond: Type.Optional(
      Type.Array(Type.Number({ minimum: 0, maximum: 20 }), { minItems: 12, maxItems: 12 }),
    ),
    kRs: Type.Optional(Type.Number({ minimum: 0.1, maximum: 0.3 })),
    angstrom: Type.Optional(
      Type.Object(
        { a: Type.Number({ minimum: 0.1, maximum: 0.5 }), b: Type.Number({ minimum: 0.2, maximum: 0.8 }) },
        closed,
      ),
    ),
    dewPointBelowTminCelsius: Type.Optional(Type.Number({ minimum: -5, maximum: 10 })),
    temperatureOnly: Type.Optional(Type.Enum(['penman_monteith', 'hargreaves'])),
  },
  closed,
);
export type SiteLocation = Static<typeof SiteLocation>;

const validator = Compile(SiteLocation);

const remedies: Record<string, string> = {
  latitudeDegrees: 'give degrees, north positive, such as 10.03',
  longitudeDegrees: 'give degrees, east positive, such as 105.78',
  elevationMetres: 'give metres above the sea',
  windHeightMetres: 'give the height of the anemometer above the ground, usually 2 or 10',
  monthlyEt0Mm: 'give twelve means, mm a day, January first',
  monthlyWindMetresPerSecond: 'give twelve means at 2 m above the ground, January first',
};

/** What is wrong with a location, field by field and with the remedy; `at` names it. Empty when nothing is. */
export function siteProblems(value: unknown, at: string): string[] {
  return withRemedies(shapeProblems(validator.Errors(value), at), at, remedies);
}

/** The same, each with what to do about its field. */
export function withRemedies(
  problems: readonly string[],
  at: string,
  byField: Readonly<Record<string, string>>,
): string[] {
  return problems.map((problem) => {
    const [where = ''] = problem.split(' ');
    const field = where
      .slice(at.length)
      .replace(/^\./, '')
      .replace(/[.[].*$/, '');
    const remedy = Object.hasOwn(byField, field) ? byField[field] : undefined;
    return remedy === undefined || problem.includes('remove it') ? problem : `${problem}: ${remedy}`;
  });
}
