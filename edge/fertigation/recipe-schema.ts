import { type Static, type TProperties, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { dayOfText } from '../irrigation/programs/calendar.ts';
import { shapeProblems } from '../shape.ts';
import { Identity } from './schema.ts';

/** Recipes, and which plot or zone gets which, as they stand in farm.json. */
const closed = { additionalProperties: false } as const;
const Name = Type.String({ minLength: 1, maxLength: 80 });
const Ratio = Type.Number({ exclusiveMinimum: 0, maximum: 50_000 });
/** By tank. */
const Ratios = Type.Record(Identity, Ratio, { minProperties: 1 });
/** What a dose is reckoned by: one nutrient of the tank's stock leads, the others come with it. */
const Nutrient = Type.Enum(['N', 'P2O5', 'K2O', 'CaO', 'MgO', 'S']);

const common = {
  id: Identity,
  name: Name,
  /** Acid is dosed until the water has this pH. */
  ph: Type.Optional(
    Type.Object(
      {
        target: Type.Number({ minimum: 4, maximum: 8 }),
        /** 0.1 unless it is stated. */
        deadBand: Type.Optional(Type.Number({ minimum: 0.02, maximum: 1 })),
        /** The tank of the acid, and the most of it. */
        tank: Identity,
        maxMillilitresPerCubicMetre: Ratio,
      },
      closed,
    ),
  ),
};
const recipeWith = <const Mode extends string, Own extends TProperties>(mode: Mode, own: Own) =>
  Type.Object({ ...common, mode: Type.Literal(mode), ...own }, closed);

const Proportional = recipeWith('proportional', {
  /** mL of stock in each m³ of water. */
  millilitresPerCubicMetre: Ratios,
});
const Concentration = recipeWith('concentration', {
  /** What the water is to hold. */
  doses: Type.Array(
    Type.Object(
      {
        tank: Identity,
        nutrient: Nutrient,
        gramsPerLitre: Type.Number({ exclusiveMinimum: 0, maximum: 10 }),
      },
      closed,
    ),
    { minItems: 1, maxItems: 8 },
  ),
});
const ByEc = recipeWith('ec', {
  /** Ratio of the tanks to each other; all but acid are dosed by one factor of it, so that the water has this EC. */
  millilitresPerCubicMetre: Ratios,
  ecTarget: Type.Number({ exclusiveMinimum: 0, maximum: 10 }),
  /** mS/cm that the stated ratios add to clear water: by a hand meter, or the maker's table. */
  ecRise: Type.Number({ minimum: 0.05, maximum: 10 }),
  /** 0.05 unless it is stated. */
  deadBand: Type.Optional(Type.Number({ minimum: 0.02, maximum: 0.5 })),
});
const Quantity = recipeWith('quantity', {
  /** mL of stock in a run. */
  millilitres: Type.Record(Identity, Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000 }), {
    minProperties: 1,
  }),
});
const PerHectare = recipeWith('kg_per_ha', {
  /** In a run. */
  doses: Type.Array(
    Type.Object(
      {
        tank: Identity,
        nutrient: Nutrient,
        kilogramsPerHectare: Type.Number({ exclusiveMinimum: 0, maximum: 500 }),
      },
      closed,
    ),
    { minItems: 1, maxItems: 8 },
  ),
});

export type RecipeConfig =
  | Static<typeof Proportional>
  | Static<typeof Concentration>
  | Static<typeof ByEc>
  | Static<typeof Quantity>
  | Static<typeof PerHectare>;

/** One validator a mode, so that what is wrong is said of the mode that was meant. */
const modes = {
  proportional: Compile(Proportional),
  concentration: Compile(Concentration),
  ec: Compile(ByEc),
  quantity: Compile(Quantity),
  kg_per_ha: Compile(PerHectare),
};

/** What is wrong with a recipe by itself; `at` names it. */
export function recipeProblems(value: unknown, at: string): string[] {
  const mode: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'mode') : undefined;
  if (typeof mode !== 'string' || !Object.hasOwn(modes, mode))
    return [`${at}.mode must be one of ${Object.keys(modes).join(', ')}`];
  return shapeProblems(modes[mode as keyof typeof modes].Errors(value), at);
}

/** Tanks that a recipe draws from. */
export function tanksOfRecipe(recipe: RecipeConfig): string[] {
  const acid = recipe.ph ? [recipe.ph.tank] : [];
  const named =
    'doses' in recipe
      ? recipe.doses.map(({ tank }) => tank)
      : Object.keys(recipe.mode === 'quantity' ? recipe.millilitres : recipe.millilitresPerCubicMetre);
  return [...new Set([...named, ...acid])];
}

export const stages = ['initial', 'development', 'mid', 'late'] as const;
const Kilograms = Type.Number({ minimum: 0, maximum: 2_000 });
const Assigned = Type.Object(
  {
    /** Id of one of `recipes`. */
    recipe: Identity,
    /** Of its crop; absent: all season. */
    stages: Type.Optional(
      Type.Array(Type.Enum([...stages]), { minItems: 1, maxItems: 4, uniqueItems: true }),
    ),
  },
  closed,
);

/**
 * The season's plan of one nutrient, stage by stage from the season's first day: each run gives its part of it (plan.ts). It leads, the
 * others come with it as the recipe has them.
 */
const PlanByStage = Type.Object(
  {
    nutrient: Nutrient,
    stages: Type.Array(
      Type.Object(
        {
          days: Type.Integer({ minimum: 1, maximum: 366 }),
          kilogramsPerHectare: Kilograms,
          /** Of irrigation, on a day like most. */
          millimetresPerDay: Type.Number({ exclusiveMinimum: 0, maximum: 50 }),
        },
        closed,
      ),
      { minItems: 1, maxItems: 24 },
    ),
  },
  closed,
);
export type PlanByStage = Static<typeof PlanByStage>;

/** What a plot gets. */
const PlotFertigation = Type.Object(
  {
    recipes: Type.Array(Assigned, { maxItems: 8 }),
    /** What the plan gives it in a season, kg/ha. */
    planKilogramsPerHectare: Type.Optional(
      Type.Object(
        {
          N: Type.Optional(Kilograms),
          P2O5: Type.Optional(Kilograms),
          K2O: Type.Optional(Kilograms),
        },
        closed,
      ),
    ),
    planByStage: Type.Optional(PlanByStage),
    /** YYYY-MM-DD from which the season's nutrients are counted; absent: its crop's planting, or the first of January. */
    seasonFrom: Type.Optional(Type.String({ pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' })),
  },
  closed,
);
export type PlotFertigation = Static<typeof PlotFertigation>;

/** What a zone gets in place of its plot's; an empty list: nothing. */
const ZoneFertigation = Type.Object({ recipes: Type.Array(Assigned, { maxItems: 8 }) }, closed);
export type ZoneFertigation = Static<typeof ZoneFertigation>;

const plotValidator = Compile(PlotFertigation);
const zoneValidator = Compile(ZoneFertigation);

export function plotFertigationProblems(value: unknown, at: string): string[] {
  if (!plotValidator.Check(value)) return shapeProblems(plotValidator.Errors(value), at);
  const { seasonFrom, planByStage, planKilogramsPerHectare: planned = {} } = value;
  const problems: string[] = [];
  if (seasonFrom !== undefined && dayOfText(seasonFrom) === null)
    problems.push(`${at}.seasonFrom '${seasonFrom}' is not a date: write it as YYYY-MM-DD`);
  if (planByStage === undefined) return problems;
  const { nutrient, stages: parts } = planByStage;
  const sum = parts.reduce((all, { kilogramsPerHectare }) => all + kilogramsPerHectare, 0);
  const whole = (planned as Record<string, number | undefined>)[nutrient];
  if (whole !== undefined && Math.abs(sum - whole) > MOST_APART * whole)
    problems.push(
      `${at}.planByStage.stages give ${Number(sum.toFixed(2))} kg/ha of ${nutrient} in all, planKilogramsPerHectare says ${whole}: correct one of them`,
    );
  return problems;
}

/** Rounding of stages. */
const MOST_APART = 0.01;

export function zoneFertigationProblems(value: unknown, at: string): string[] {
  return shapeProblems(zoneValidator.Errors(value), at);
}
