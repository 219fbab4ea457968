import type { Valve } from '../actuators/index.ts';
import type { ZoneWater } from '../irrigation/crop-water/zone-water.ts';
import { asLabelled } from './nutrients.ts';
import { amountsOf } from './recipe.ts';
import {
  type PlotFertigation,
  type RecipeConfig,
  stages,
  tanksOfRecipe,
  type ZoneFertigation,
} from './recipe-schema.ts';
import { contentOf, type Head, usualProbes } from './schema.ts';

/** Of a farm, what matters to its fertilizer. */
export interface FertilizedFarm {
  readonly heads?: readonly Head[];
  readonly recipes?: readonly RecipeConfig[];
  readonly sources?: readonly { readonly id: string }[];
  readonly plots: readonly FertilizedPlot[];
}
interface FertilizedPlot {
  readonly id: string;
  readonly areaHectares: number;
  readonly fertigation?: PlotFertigation;
  readonly zones: readonly FertilizedZone[];
}
interface FertilizedZone {
  readonly id: string;
  readonly source?: string;
  readonly valve?: Valve;
  readonly water?: ZoneWater;
  readonly fertigation?: ZoneFertigation;
}

/** Area that a zone's dose is spread over: its own, or its part of the plot's. */
export function hectaresOf(plot: FertilizedPlot, zone: FertilizedZone): number {
  if (zone.water !== undefined) return zone.water.areaSquareMetres / 10_000;
  return plot.areaHectares / Math.max(1, plot.zones.length);
}

/** What does not fit together of the farm's heads, recipes, plots and zones. */
export function fertigationContradictions(farm: FertilizedFarm): string[] {
  const { heads = [], recipes = [] } = farm;
  const zones = farm.plots.flatMap((plot) => plot.zones.map(({ id }) => id));
  const problems = [
    ...heads.flatMap((head, h) => headContradictions(head, `heads[${h}]`, farm, zones)),
    ...named(
      heads.flatMap(({ tanks }, h) => tanks.map(({ id }, t) => [id, `heads[${h}].tanks[${t}].id`] as const)),
    ),
    ...named(recipes.map(({ id }, r) => [id, `recipes[${r}].id`] as const)),
    ...recipes.flatMap((recipe, r) => recipeContradictions(recipe, `recipes[${r}]`, heads)),
  ];
  // What follows would only say the same again.
  if (problems.length > 0) return problems;
  return farm.plots.flatMap((plot, p) => plotContradictions(plot, `plots[${p}]`, farm));
}

function headContradictions(
  { id, source }: Head,
  at: string,
  { heads = [], sources = [] }: FertilizedFarm,
  zones: readonly string[],
): string[] {
  const problems: string[] = [];
  if (!sources.some((known) => known.id === source))
    problems.push(`${at}.source names '${source}', which is none of sources: add it or correct the name`);
  if (heads.filter((head) => head.source === source).length > 1)
    problems.push(`${at}.source '${source}' has two heads: put their tanks into one`);
  if (heads.filter((head) => head.id === id).length > 1)
    problems.push(`${at}.id '${id}' is also that of another head: rename one`);
  if (zones.includes(id) || sources.some((known) => known.id === id))
    problems.push(`${at}.id '${id}' is also that of a zone or source: rename one`);
  return problems;
}

function named(names: readonly (readonly [id: string, field: string])[]): string[] {
  const first = new Map<string, string>();
  return names.flatMap(([id, field]) => {
    const other = first.get(id);
    if (other === undefined) first.set(id, field);
    return other === undefined ? [] : [`${field} and ${other} have the same id '${id}', rename one`];
  });
}

/** The head that has all of its tanks. */
export function headOf(recipe: RecipeConfig, heads: readonly Head[]): Head | undefined {
  const wanted = tanksOfRecipe(recipe);
  return heads.find(({ tanks }) => wanted.every((id) => tanks.some((tank) => tank.id === id)));
}

function recipeContradictions(recipe: RecipeConfig, at: string, heads: readonly Head[]): string[] {
  const known = heads.flatMap(({ tanks }) => tanks);
  const unknown = tanksOfRecipe(recipe).filter((id) => !known.some((tank) => tank.id === id));
  if (unknown.length > 0)
    return unknown.map(
      (id) => `${at} doses from tank '${id}', which no head has: add it or correct the name`,
    );
  const head = headOf(recipe, heads);
  if (head === undefined) return [`${at} doses from tanks of several heads: make a recipe of each`];
  const problems: string[] = [];
  const { ph } = recipe;
  if (ph && head.tanks.find(({ id }) => id === ph.tank)?.isAcid !== true)
    problems.push(`${at}.ph.tank '${ph.tank}' is no acid: name the tank of the acid, or set its isAcid`);
  const range = { ...usualProbes.ph, ...head.ph };
  if (ph && (ph.target <= range.min || ph.target >= range.max))
    problems.push(
      `${at}.ph.target must lie within the head's ph.min and ph.max (${range.min} to ${range.max})`,
    );
  if (recipe.mode === 'ec') problems.push(...targetProblems(recipe, head, at));
  const amounts = amountsOf(recipe, head, 1);
  for (const { tank, nutrient } of amounts.lacking)
    problems.push(
      `${at}.doses is reckoned by the ${nutrient} of tank '${tank}', which holds none: name another nutrient, or correct what the tank holds`,
    );
  return problems;
}

function targetProblems(
  { ecTarget }: Extract<RecipeConfig, { mode: 'ec' }>,
  { sourceEc, ec }: Head,
  at: string,
): string[] {
  const { max } = { ...usualProbes.ec, ...ec };
  if (sourceEc !== undefined && ecTarget <= sourceEc)
    return [
      `${at}.ecTarget (${ecTarget}) is not above the EC of the clear water (${sourceEc}), and nothing can be dosed out of water: raise it`,
    ];
  return ecTarget >= max
    ? [`${at}.ecTarget (${ecTarget}) must be below the head's ec.max (${max}), above which nothing is dosed`]
    : [];
}

function plotContradictions(plot: FertilizedPlot, at: string, farm: FertilizedFarm): string[] {
  const assigned = plot.fertigation?.recipes ?? [];
  const inZones = plot.zones.flatMap((zone, z) => {
    const own = zone.fertigation?.recipes;
    const field = own ? `${at}.zones[${z}].fertigation.recipes` : `${at}.fertigation.recipes`;
    return (own ?? assigned).flatMap((one, r) => ({
      zone,
      ...one,
      field: `${field}[${r}]`,
      isOwn: own !== undefined,
    }));
  });
  const unknown = (recipe: string) => !(farm.recipes ?? []).some(({ id }) => id === recipe);
  const unheard = [
    ...assigned.map(({ recipe }, r) => ({ recipe, field: `${at}.fertigation.recipes[${r}]` })),
    ...inZones,
  ].filter(({ recipe }) => unknown(recipe));
  const problems = unheard.map(
    ({ recipe, field }) =>
      `${field}.recipe names '${recipe}', which is none of recipes: add it or correct it`,
  );
  if (problems.length === 0) for (const one of inZones) problems.push(...zoneProblems(one, plot, farm));
  for (const [r, { recipe }] of assigned.entries()) {
    const reached = inZones.some(
      (one) => one.recipe === recipe && !one.isOwn && isBehind(one.zone, recipe, farm),
    );
    if (problems.length === 0 && !reached && plot.zones.some(({ fertigation }) => fertigation === undefined))
      problems.push(
        `${at}.fertigation.recipes[${r}] reaches no zone of '${plot.id}': state their source, the one that the head doses into`,
      );
  }
  problems.push(...twice(plot, at));
  if (problems.length === 0) problems.push(...planProblems(plot, at, farm, inZones));
  return [...new Set(problems)];
}

/** A plan of what no recipe of the plot gives. */
function planProblems(
  { id, fertigation }: FertilizedPlot,
  at: string,
  { recipes = [], heads = [] }: FertilizedFarm,
  assigned: readonly { readonly recipe: string }[],
): string[] {
  const nutrient = fertigation?.planByStage?.nutrient;
  if (nutrient === undefined) return [];
  const gives = assigned.some((one) => {
    const recipe = recipes.find((known) => known.id === one.recipe);
    if (recipe === undefined) return false;
    const named = tanksOfRecipe(recipe);
    const tanks =
      headOf(recipe, heads)?.tanks.filter(({ id, isAcid }) => !isAcid && named.includes(id)) ?? [];
    return tanks.some((tank) => asLabelled(contentOf(tank), nutrient) > 0);
  });
  return gives
    ? []
    : [
        `${at}.fertigation.planByStage plans ${nutrient}, and no recipe of '${id}' has a tank that holds any (acid does not count): correct nutrient, or give the plot such a recipe`,
      ];
}

function isBehind({ source }: FertilizedZone, recipe: string, { recipes = [], heads = [] }: FertilizedFarm) {
  const config = recipes.find(({ id }) => id === recipe);
  return config !== undefined && headOf(config, heads)?.source === source;
}

function zoneProblems(
  {
    zone,
    recipe: id,
    field,
    isOwn,
    ...one
  }: {
    readonly zone: FertilizedZone;
    readonly recipe: string;
    readonly stages?: readonly string[];
    readonly field: string;
    readonly isOwn: boolean;
  },
  plot: FertilizedPlot,
  farm: FertilizedFarm,
): string[] {
  const recipe = farm.recipes?.find((known) => known.id === id);
  if (recipe === undefined) return [];
  const head = headOf(recipe, farm.heads ?? []);
  if (head === undefined) return [];
  if (head.source !== zone.source)
    return isOwn
      ? [
          `${field} is of head '${head.id}', which doses into '${head.source}': zone '${zone.id}' has another source`,
        ]
      : [];
  const problems: string[] = [];
  const { valve, water } = zone;
  if (valve !== undefined && typeof valve !== 'string' && valve.flowMeter === null)
    problems.push(
      `${field}: nobody measures the water of zone '${zone.id}', so nothing is ever dosed there: name its flowMeter`,
    );
  const everySeconds = typeof valve === 'object' ? (valve.flowMeter?.everySeconds ?? 0) : 0;
  const { flowAgeSeconds = 60 } = head.limits ?? {};
  if (everySeconds >= flowAgeSeconds)
    problems.push(
      `${field}: the meter of zone '${zone.id}' speaks every ${everySeconds} s, and a flow that was not heard of for ${flowAgeSeconds} s proves nothing: let it speak more often, or raise limits.flowAgeSeconds of head '${head.id}' (300 at most)`,
    );
  if (one.stages !== undefined && water === undefined)
    problems.push(
      `${field}.stages: zone '${zone.id}' does not say what grows there: add its water with crop and plantedOn, or leave stages out`,
    );
  if (recipe.mode === 'ec' && recipe.ecTarget <= (water?.waterEcDsPerM ?? 0))
    problems.push(
      `${field}: the target of '${id}' (${recipe.ecTarget} mS/cm) is not above the EC of the water of zone '${zone.id}' (${water?.waterEcDsPerM}): raise it`,
    );
  const { millilitres } = amountsOf(recipe, head, hectaresOf(plot, zone));
  for (const [tank, wanted] of Object.entries(millilitres)) {
    const { perRunMillilitres: most = 0 } = head.tanks.find((known) => known.id === tank) ?? {};
    if (wanted > most)
      problems.push(
        `${field}: zone '${zone.id}' wants ${Math.round(wanted)} mL of '${tank}' in a run, whose perRunMillilitres is ${most}: raise that, or dose less more often`,
      );
  }
  return problems;
}

/** One stage, two recipes. */
function twice({ fertigation, zones }: FertilizedPlot, at: string): string[] {
  const lists = [
    { recipes: fertigation?.recipes ?? [], field: `${at}.fertigation` },
    ...zones.map((zone, z) => ({
      recipes: zone.fertigation?.recipes ?? [],
      field: `${at}.zones[${z}].fertigation`,
    })),
  ];
  return lists.flatMap(({ recipes, field }) =>
    stages.flatMap((stage) => {
      const its = recipes.filter((one) => one.stages === undefined || one.stages.includes(stage));
      return its.length > 1
        ? [
            `${field}.recipes has ${its.length} recipes for stage '${stage}' (${its.map(({ recipe }) => recipe).join(', ')}): keep one`,
          ]
        : [];
    }),
  );
}
