import { StartProblem } from '@nongtin/service';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

/**
 * The farm as its people lay it out: plots with one crop each, zones with one valve each, and what waters them.
 * Soil moisture is a fraction (m³ of water in m³ of soil), durations are seconds, flows litres a minute.
 */
const closed = { additionalProperties: false } as const;
const Identity = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });
const Name = Type.String({ minLength: 1, maxLength: 80 });
const SoilFraction = Type.Number({ exclusiveMinimum: 0, maximum: 0.6 });
/** No zone may be watered longer in one go, whatever its own limit says. */
const LONGEST_RUN_SECONDS = 14_400;
const RunSeconds = Type.Integer({ minimum: 1, maximum: LONGEST_RUN_SECONDS });

const Zone = Type.Object(
  {
    id: Identity,
    name: Name,
    valve: Identity,
    soilProbe: Identity,
    /** Watered when the soil is drier than this … */
    openBelowFraction: SoilFraction,
    /** … until it is as wet as this, or the run's time is over. */
    targetFraction: SoilFraction,
    runSeconds: RunSeconds,
    /** Limit of every opening, also of one asked for by a person. */
    maxRunSeconds: RunSeconds,
    nominalFlowLitresPerMinute: Type.Number({ exclusiveMinimum: 0, maximum: 10_000 }),
  },
  closed,
);
export type Zone = Static<typeof Zone>;

const Plot = Type.Object(
  {
    id: Identity,
    name: Name,
    crop: Name,
    plantingAreaCode: Type.Optional(Name),
    areaHectares: Type.Number({ exclusiveMinimum: 0, maximum: 100_000 }),
    zones: Type.Array(Zone, { minItems: 1, maxItems: 64 }),
  },
  closed,
);
export type Plot = Static<typeof Plot>;

export const Farm = Type.Object(
  {
    format: Type.Literal('nongtin-farm-1'),
    site: Name,
    plots: Type.Array(Plot, { minItems: 1, maxItems: 64 }),
    /** Devices that serve the whole farm: weather station, fertilizer station, traps. */
    farmDevices: Type.Array(Identity, { maxItems: 256 }),
  },
  closed,
);
export type Farm = Static<typeof Farm>;

const validator = Compile(Farm);

export function zonesOf(farm: Farm): Zone[] {
  return farm.plots.flatMap((plot) => plot.zones);
}

/** The farm, or a StartProblem that names every wrong field of `path` and what to do about it. */
export function checkFarm(value: unknown, path: string): Farm {
  const problems = validator.Check(value) ? contradictions(value) : shapeProblems(value);
  if (problems.length === 0) return value as Farm;
  throw new StartProblem(`${path} cannot be used: ${problems.join('; ')}. Correct it and start again.`);
}

function shapeProblems(value: unknown): string[] {
  // An unknown field is told twice by the validator; its own line ('schema is false') is the plainer one.
  const errors = validator.Errors(value).filter((error) => error.keyword !== 'additionalProperties');
  return errors.map((error) => {
    const field = fieldName(error.instancePath);
    if (error.keyword === 'boolean') return `${field} is not known, remove it`;
    const missing = error.keyword === 'required' ? error.params.requiredProperties : undefined;
    if (missing) return `${field} lacks ${missing.join(', ')}, add it`;
    return `${field} ${error.message}`;
  });
}

/** '/plots/0/zones/2/valve' → 'plots[0].zones[2].valve' */
function fieldName(pointer: string): string {
  const name = pointer.replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.');
  return name.replace(/^\./, '') || 'the file';
}

function contradictions(farm: Farm): string[] {
  const problems: string[] = [];
  const zones = farm.plots.flatMap((plot, p) =>
    plot.zones.map((zone, z) => ({ zone, field: `plots[${p}].zones[${z}]` })),
  );
  const twice = (what: string, remedy: string, names: { name: string; field: string }[]) => {
    const first = new Map<string, string>();
    for (const { name, field } of names) {
      const other = first.get(name);
      if (other === undefined) first.set(name, field);
      else problems.push(`${field} and ${other} have the same ${what} '${name}', ${remedy}`);
    }
  };
  twice(
    'id',
    'rename one',
    farm.plots.map((plot, p) => ({ name: plot.id, field: `plots[${p}].id` })),
  );
  twice(
    'id',
    'rename one',
    zones.map(({ zone, field }) => ({ name: zone.id, field: `${field}.id` })),
  );
  twice(
    'valve',
    'give each zone a valve of its own',
    zones.map(({ zone, field }) => ({ name: zone.valve, field: `${field}.valve` })),
  );
  for (const { zone, field } of zones) {
    if (zone.targetFraction <= zone.openBelowFraction)
      problems.push(`${field}.targetFraction must be above openBelowFraction (${zone.openBelowFraction})`);
    if (zone.runSeconds > zone.maxRunSeconds)
      problems.push(`${field}.runSeconds must not be above maxRunSeconds (${zone.maxRunSeconds})`);
  }
  return problems;
}
