import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { shapeProblems } from '../../shape.ts';
import { capacityProblems, type Library, unknownName } from './library.ts';
import { dayOfYear } from './radiation.ts';
import { withRemedies } from './site.ts';

const closed = { additionalProperties: false } as const;
const Share = Type.Number({ exclusiveMinimum: 0, maximum: 1 });
const Moisture = Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 });
const SalinityEc = Type.Number({ minimum: 0, maximum: 60 });

/** What a technician says of a zone's water; depths are over the zone's whole area, the ground between plants included. */
export const ZoneWater = Type.Object(
  {
    /** Id of a crop profile. */
    crop: Type.String({ minLength: 1 }),
    /** Id of a soil profile. */
    soil: Type.String({ minLength: 1 }),
    /** Measured in this soil, in place of the profile's, m³/m³. */
    fieldCapacity: Type.Optional(Moisture),
    wiltingPoint: Type.Optional(Moisture),
    areaSquareMetres: Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000 }),
    method: Type.Enum(['drip', 'micro_spray', 'sprinkler', 'basin', 'furrow']),
    /** Share of the surface that irrigation wets (fw); else usual for the method (table 20 | 7.6). */
    wettedFraction: Type.Optional(Share),
    /**
     * Share of the area whose soil holds water for the roots; else what is wetted under drip and micro-spray, and all
     * elsewhere. 1 for trees on drip whose roots fill the ground.
     */
    rootedFraction: Type.Optional(Share),
    /** Share of the water that stays in the root zone; else usual for the method. */
    efficiency: Type.Optional(Type.Number({ minimum: 0.2, maximum: 1 })),
    /** YYYY-MM-DD; of annual crops only. */
    plantedOn: Type.Optional(Type.String()),
    /** Of the full-grown crop, in place of the profile's. */
    rootDepthMetres: Type.Optional(Type.Number({ minimum: 0.05, maximum: 5 })),
    /** Plants or pillars, to say litres for each. */
    plants: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000_000 })),
    /** In place of the profile's p, and then not adjusted to the day's ETc. */
    depletionFraction: Type.Optional(Type.Number({ minimum: 0.05, maximum: 0.8 })),
    /** Of the irrigation water, and of the soil's saturated extract, dS/m. */
    waterEcDsPerM: Type.Optional(SalinityEc),
    soilEcDsPerM: Type.Optional(SalinityEc),
    /** Evaporation of the wet surface by itself (dual coefficient): for crops with a kcb. */
    isDual: Type.Optional(Type.Boolean()),
    /** USDA curve number of the field; without one no rain runs off. */
    curveNumber: Type.Optional(Type.Number({ minimum: 30, maximum: 100 })),
    mulch: Type.Optional(
      Type.Object({ kind: Type.Enum(['plastic', 'organic']), coverFraction: Share }, closed),
    ),
  },
  closed,
);
export type ZoneWater = Static<typeof ZoneWater>;

const validator = Compile(ZoneWater);

const remedies: Record<string, string> = {
  areaSquareMetres: 'give the area that the valve waters, m²',
  wettedFraction: 'give a share of 1, such as 0.35 for drip',
  rootedFraction: 'give a share of 1',
  efficiency: 'give a share of 1, such as 0.9 for drip',
  rootDepthMetres: 'give metres, such as 0.4',
  plants: 'count plants or pillars',
  waterEcDsPerM: 'give dS/m (1 dS/m = 1 mS/cm = 1000 µS/cm)',
  soilEcDsPerM: 'give dS/m of the saturated extract',
  depletionFraction: 'give a share of 1, such as 0.3',
};

/** What is wrong with a zone's block, field by field and with the remedy; `at` names it. Empty when nothing is. */
export function zoneWaterProblems(value: unknown, at: string, library: Library): string[] {
  const wrong = withRemedies(shapeProblems(validator.Errors(value), at), at, remedies);
  return wrong.length > 0 ? wrong : contradictions(value as ZoneWater, at, library);
}

function contradictions(zone: ZoneWater, at: string, { crops, soils }: Library): string[] {
  const problems: string[] = [];
  const crop = crops.get(zone.crop);
  const soil = soils.get(zone.soil);
  if (crop === undefined) problems.push(unknownName(`${at}.crop`, zone.crop, crops));
  if (soil === undefined) problems.push(unknownName(`${at}.soil`, zone.soil, soils));
  else
    problems.push(
      ...capacityProblems(
        zone.fieldCapacity ?? soil.fieldCapacity,
        zone.wiltingPoint ?? soil.wiltingPoint,
        at,
      ),
    );
  if (zone.plantedOn !== undefined && !isDate(zone.plantedOn))
    problems.push(`${at}.plantedOn '${zone.plantedOn}' is not a date: write it as YYYY-MM-DD`);
  if (crop === undefined) return problems;
  if (crop.season.kind === 'annual' && zone.plantedOn === undefined)
    problems.push(`${at} lacks plantedOn, add the day on which the ${crop.name.en} was planted, YYYY-MM-DD`);
  if (crop.season.kind === 'perennial' && zone.plantedOn !== undefined)
    problems.push(`${at}.plantedOn is not used, remove it: the stages of ${crop.name.en} go by the calendar`);
  if (zone.isDual === true && crop.kcb === undefined)
    problems.push(
      `${at}.isDual needs a crop with kcb, which ${crop.id} has not: remove it, or add kcb to crops.json`,
    );
  if (zone.mulch?.kind === 'organic' && zone.isDual !== true)
    problems.push(
      `${at}.mulch of straw is weighed by the dual coefficient only: set isDual to true, or remove the mulch`,
    );
  return problems;
}

function isDate(text: string): boolean {
  try {
    return dayOfYear(text) > 0;
  } catch {
    return false;
  }
}
