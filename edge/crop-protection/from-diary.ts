import type { PlantProtectionProduct } from '@nongtin/broker/wire';
import {
  canonicalJson,
  type DiaryEntry,
  type Dose,
  type FieldValue,
  type SprayRecord,
} from '@nongtin/broker/wire';
import type { Plot } from '../farm/layout.ts';
import { dateText, dayOfText, minutesOfText } from '../irrigation/programs/calendar.ts';
import type { ProductWish } from './check-spray.ts';
import { namesMeet, sameName } from './names.ts';
import type { SprayWish } from './read-spray.ts';

/** The list in force. */
interface List {
  readonly version: number;
  readonly products: readonly PlantProtectionProduct[];
}

/** A spraying of the diary as the guard reads one. `hasEnd`: somebody has said when it ended. */
export interface DiarySpray {
  readonly wish: SprayWish;
  readonly hasEnd: boolean;
}

const UNITS: Readonly<Record<string, string>> = {
  ...{ l_per_ha: 'L/ha', ml_per_ha: 'mL/ha', kg_per_ha: 'kg/ha', g_per_ha: 'g/ha' },
  ...{ ml_per_l: 'mL/L', g_per_l: 'g/L', ml_per_16l: 'mL/16L', g_per_16l: 'g/16L', percent: '%' },
  ...{ kg: 'kg', g: 'g', l: 'L', ml: 'mL' },
};
/** Nobody has said when it ended: it lasts to the end of its day, for then no interval is taken to be over too early. */
const END_OF_DAY = '23:59';

/** What an entry of the kind 'spraying' says; `plot`: the one that it names. */
export function sprayingOf({ entryId, fields }: DiaryEntry, plot: Plot, list: List): DiarySpray {
  const value = (name: string): FieldValue => fields[name]?.value ?? null;
  const text = (name: string) => textOf(value(name));
  const positive = (name: string) => positiveOf(value(name));
  const { startedAt, endedAt, hasEnd } = timesOf(text('date') ?? '', text('startTime'), text('endTime'));
  const zone = plot.zones.find(({ id }) => id === value('zone'))?.id;
  const phiDays = positive('preHarvestDays');
  const reiHours = positive('reentryHours');
  const [product, target] = [text('product') ?? '', text('target') ?? ''];
  const row = rowOf(list.products, product, plot.crop, target);
  const ingredients = row < 0 ? text('activeIngredient') : undefined;
  const told = {
    ...(phiDays && { phiDays }),
    ...(reiHours && { reiHours }),
    ...(ingredients && { ingredients }),
  };
  const said = { dose: doseOf(value), ...(Object.keys(told).length > 0 ? { told } : {}) };
  const wish: ProductWish =
    row < 0 ? { tradeName: product, ...said } : { version: list.version, row, ...said };
  return {
    hasEnd,
    wish: {
      ...{ sprayId: entryId, plot: plot.id, zones: zone === undefined ? [] : [zone], startedAt, endedAt },
      ...{ areaHectares: positive('areaHectares') ?? plot.areaHectares, products: [wish], pest: target },
      ...{ waterLitres: positive('waterLitres'), operator: text('doneBy') ?? '' },
      ...{ equipment: text('equipment'), reason: text('justification') },
      isThroughDrip: value('isThroughDrip') === true,
    },
  };
}

const textOf = (value: FieldValue) => (typeof value === 'string' && value !== '' ? value : undefined);
const positiveOf = (value: FieldValue) => (typeof value === 'number' && value > 0 ? value : undefined);

/** By the farm's clock; an end before the start is of the next day. */
function timesOf(date: string, from: string | undefined, until: string | undefined) {
  const startedAt = `${date}T${from ?? until ?? '00:00'}`;
  const [start, end] = [minutesOfText(from ?? ''), minutesOfText(until ?? '')];
  const isNextDay = start !== null && end !== null && end < start;
  const endDate = isNextDay ? dateText((dayOfText(date) ?? 0) + 1) : date;
  return { startedAt, endedAt: `${endDate}T${until ?? END_OF_DAY}`, hasEnd: until !== undefined };
}

/** As it was told for an area or a volume, else all that was used; undefined: neither, or in bags. */
function doseOf(value: (name: string) => FieldValue): Dose | undefined {
  const told = ([amountField, unitField]: readonly [string, string]) => {
    const amount = positiveOf(value(amountField));
    const unit = UNITS[String(value(unitField))];
    return amount === undefined || unit === undefined ? undefined : { amount, unit };
  };
  return told(['doseAmount', 'doseUnit']) ?? told(['usedAmount', 'unit']);
}

/** Of the rows of a product those for this crop, of these those against this pest; of several the one that bars longest. -1: none. */
function rowOf(
  products: readonly PlantProtectionProduct[],
  name: string,
  crop: string,
  pest: string,
): number {
  const rows = [...products.entries()].filter(([, row]) => sameName(row.tradeName, name));
  const preferred = (all: typeof rows, is: (row: PlantProtectionProduct) => boolean) => {
    const some = all.filter(([, row]) => is(row));
    return some.length > 0 ? some : all;
  };
  const ofCrop = preferred(rows, ({ crops }) => namesMeet(crops, [crop]));
  const ofPest = preferred(ofCrop, ({ pests }) => pests.length === 0 || namesMeet(pests, [pest]));
  const [longest] = ofPest.sort(([, a], [, b]) => b.phiDays - a.phiDays || b.reiHours - a.reiHours);
  return longest?.[0] ?? -1;
}

/** Whether two records say the same of a spraying, whatever the lists and the weather said meanwhile. */
export function saysTheSame(one: SprayRecord, other: SprayRecord): boolean {
  return gist(one) === gist(other);
}

function gist({ state, plot, zones, areaHectares, products, ...told }: SprayRecord): string {
  const { waterLitres, pest, startedAtMs, endedAtMs, operator, equipment, reason, sharedWith } = told;
  const used = products.map(({ tradeName, dose, told: read }) => ({ tradeName, dose, read }));
  const what = { state, plot, zones, areaHectares, used, waterLitres, pest, startedAtMs, endedAtMs };
  return canonicalJson(JSON.parse(JSON.stringify({ ...what, operator, equipment, reason, sharedWith })));
}
