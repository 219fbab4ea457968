import type { DiaryRevision, FieldValue } from './revision.ts';

/**
 * What people write down, by kind of work, and the fields of each: GLOBALG.A.P. IFA crops base and what VietGAP books ask for,
 * whichever asks for more; which field is for which requirement stands in docs/diary.md. Units stand in the names. A field that
 * nobody must fill in is left out when empty. Fields are added and never taken away: older entries have them.
 */
type FieldRule =
  | { readonly type: 'text'; readonly most: number }
  | { readonly type: 'number'; readonly min: number; readonly max: number }
  | { readonly type: 'choice'; readonly of: readonly string[] }
  /** YYYY-MM-DD and HH:MM by the farm's calendar. */
  | { readonly type: 'date' | 'time' | 'flag' };

interface KindRule {
  readonly fields: Readonly<Record<string, FieldRule>>;
  readonly required: readonly string[];
}

const line = { type: 'text', most: 200 } as const;
const text = { type: 'text', most: 2_000 } as const;
const date = { type: 'date' } as const;
const time = { type: 'time' } as const;
const amount = { type: 'number', min: 0, max: 10_000_000 } as const;
const flag = { type: 'flag' } as const;
const oneOf = (...of: string[]) => ({ type: 'choice', of }) as const;

/** Of every entry: when, where, who did it. `plot` is an id of the farm's layout; the whole farm has none. */
const everywhere = {
  date,
  startTime: time,
  endTime: time,
  plot: line,
  zone: line,
  areaHectares: amount,
  doneBy: line,
  note: text,
} as const;

/** What is used up, and whence it came: one step back (GLOBALG.A.P. CB 1.1). */
const input = { product: line, lot: line, supplier: line } as const;
const unit = oneOf('kg', 'g', 'l', 'ml', 'piece', 'bag', 'bottle');

export const entryKinds = {
  /**
   * GLOBALG.A.P. CB 7.3.1 to 7.3.7: exact dates and end time, so that the pre-harvest interval can be checked; trade name,
   * active ingredient, dose, method, operator, justification, authorisation, weather; 7.5.1: what is left of the mix.
   */
  spraying: {
    required: ['date', 'plot', 'product', 'target', 'doneBy'],
    fields: {
      ...everywhere,
      ...input,
      registrationNumber: line,
      activeIngredient: line,
      formulation: line,
      expiresOn: date,
      target: line,
      justification: text,
      growthStage: line,
      variety: line,
      doseAmount: amount,
      doseUnit: oneOf(
        'l_per_ha',
        'ml_per_ha',
        'kg_per_ha',
        'g_per_ha',
        'ml_per_l',
        'g_per_l',
        'ml_per_16l',
        'g_per_16l',
        'percent',
      ),
      waterLitres: amount,
      usedAmount: amount,
      unit,
      method: line,
      isThroughDrip: flag,
      equipment: line,
      authorisedBy: line,
      preHarvestDays: amount,
      reentryHours: amount,
      weather: line,
      protectiveGear: line,
      stockLeft: amount,
      leftoverDisposal: line,
    },
  },
  /** GLOBALG.A.P. CB 4.2.1 to 4.2.6, and 4.1.1: who decided on kind and quantity. */
  fertilizing: {
    required: ['date', 'plot', 'product', 'usedAmount', 'unit'],
    fields: {
      ...everywhere,
      ...input,
      registrationNumber: line,
      expiresOn: date,
      composition: line,
      isOrganic: flag,
      treatment: line,
      treatmentDays: amount,
      justification: text,
      growthStage: line,
      usedAmount: amount,
      unit,
      method: line,
      equipment: line,
      authorisedBy: line,
      weather: line,
      stockLeft: amount,
    },
  },
  /** GLOBALG.A.P. CB 3.7: date, and how densely. */
  planting: {
    required: ['date', 'plot', 'crop'],
    fields: {
      ...everywhere,
      ...{ crop: line, variety: line, ...input, seedTreatment: line, plants: amount },
      usedAmount: amount,
      unit,
      certificate: line,
    },
  },
  pruning: {
    required: ['date', 'plot'],
    fields: { ...everywhere, part: line, plants: amount, disposal: line },
  },
  harvest: {
    required: ['date', 'plot', 'quantityKg'],
    fields: {
      ...everywhere,
      quantityKg: { type: 'number', min: 0.001, max: 10_000_000 },
      lotCode: line,
      variety: line,
      container: line,
      soldKg: amount,
      buyer: line,
    },
  },
  cleaning: {
    required: ['date', 'place'],
    fields: {
      ...everywhere,
      place: oneOf('tools', 'sprayer', 'packing_place', 'store', 'vehicle', 'toilet', 'water_tank', 'waste'),
      what: line,
      agent: line,
      method: line,
      disposal: line,
    },
  },
  training: {
    required: ['date', 'topic'],
    fields: {
      ...everywhere,
      topic: line,
      trainer: line,
      participants: text,
      hours: amount,
      certificate: line,
    },
  },
  purchase: {
    required: ['date', 'product', 'supplier', 'quantity', 'unit'],
    fields: {
      ...everywhere,
      ...input,
      inputKind: oneOf('fertilizer', 'plant_protection', 'seed', 'packaging', 'other'),
      quantity: amount,
      unit,
      manufacturer: line,
      activeIngredient: line,
      composition: line,
      producedOn: date,
      expiresOn: date,
      registrationNumber: line,
      invoice: line,
      storage: line,
      stockLeft: amount,
    },
  },
  observation: {
    required: ['date', 'what'],
    fields: {
      ...everywhere,
      what: text,
      target: line,
      severity: oneOf('none', 'light', 'medium', 'heavy'),
      growthStage: line,
      count: amount,
      method: line,
      // Of a count of a trap: which one, at `startTime`, and since when where that is not the look before.
      trap: line,
      sinceDate: date,
      sinceTime: time,
    },
  },
} as const satisfies Record<string, KindRule>;
export type EntryKind = keyof typeof entryKinds;

/** What is wrong with a revision: where, which sentence tells it, and its figures. */
export interface RevisionProblem {
  readonly path: string;
  readonly key: string;
  readonly figures: Readonly<Record<string, string | number>>;
}

const rules: Readonly<Record<string, KindRule>> = entryKinds;

/** The rule of a kind; undefined: this version does not know it. */
export function kindRule(entryKind: string): KindRule | undefined {
  return Object.hasOwn(rules, entryKind) ? rules[entryKind] : undefined;
}

/** Checks what a revision sets. Where it begins an entry, everything required has to be there. */
export function fieldProblems({ entryKind, set, madeOn }: DiaryRevision): RevisionProblem[] {
  const rule = kindRule(entryKind);
  if (rule === undefined) {
    const known = Object.keys(rules).join(', ');
    return [{ path: 'entryKind', key: 'diary_kind_unknown', figures: { kind: entryKind, known } }];
  }
  const wrong = Object.entries(set).flatMap(([name, value]) => {
    const path = `set.${name}`;
    const field = Object.hasOwn(rule.fields, name) ? rule.fields[name] : undefined;
    if (field === undefined)
      return [{ path, key: 'diary_field_unknown', figures: { field: name, kind: entryKind } }];
    if (value === null)
      return rule.required.includes(name)
        ? [{ path, key: 'diary_field_required', figures: { field: name } }]
        : [];
    return valueProblem(field, value, path, name);
  });
  const absent = madeOn.length > 0 ? [] : rule.required.filter((name) => !Object.hasOwn(set, name));
  return [
    ...wrong,
    ...absent.map((field) => ({ path: `set.${field}`, key: 'diary_field_required', figures: { field } })),
  ];
}

function valueProblem(
  rule: FieldRule,
  value: Exclude<FieldValue, null>,
  path: string,
  field: string,
): RevisionProblem[] {
  const problem = (key: string, figures: Record<string, string | number> = {}) => [
    { path, key, figures: { field, ...figures } },
  ];
  switch (rule.type) {
    case 'text':
      if (typeof value !== 'string' || value.trim() === '') return problem('diary_not_text');
      return value.length > rule.most
        ? problem('diary_too_long', { length: value.length, most: rule.most })
        : [];
    case 'number':
      return typeof value === 'number' && value >= rule.min && value <= rule.max
        ? []
        : problem('diary_not_in_range', { min: rule.min, max: rule.max });
    case 'choice':
      return typeof value === 'string' && rule.of.includes(value)
        ? []
        : problem('diary_not_a_choice', { choices: rule.of.join(', ') });
    case 'date':
      return typeof value === 'string' && isDate(value) ? [] : problem('diary_not_a_date');
    case 'time':
      return typeof value === 'string' && /^([01]\d|2[0-3]):[0-5]\d$/.test(value)
        ? []
        : problem('diary_not_a_time');
    case 'flag':
      return typeof value === 'boolean' ? [] : problem('diary_not_a_flag');
  }
}

function isDate(value: string): boolean {
  if (!/^(19|20)\d\d-\d\d-\d\d$/.test(value)) return false;
  const parsed = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(value);
}
