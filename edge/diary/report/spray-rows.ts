import type { Reason, SprayRecord } from '@nongtin/broker/wire';
import { dateText, dayOfText, localDay, timeText } from '../../irrigation/programs/calendar.ts';
import type { Numbered } from '../measured.ts';
import { figure, type Places, type Row, WRITTEN } from './table.ts';
import { reasonWords } from './words.ts';

type Fields = Readonly<Record<string, string | number>>;

/** Sprayings that were told to the guard alone: a row for each product of a tank mix, by the columns of the diary's own. */
export function sprayRows(
  sprays: readonly Numbered<'spray'>[],
  columns: readonly string[],
  { places, timeZone }: { readonly places: Places; readonly timeZone: string },
): Row[] {
  return sprays.flatMap(({ record, number }) => {
    const { startedAtMs, endedAtMs, state, plot, zones, areaHectares, pest, operator } = record;
    const date = dateText(localDay(timeZone, startedAtMs));
    const times = [timeText(timeZone, startedAtMs), endOf(endedAtMs, date, timeZone)].join('–');
    const where = [places(plot), ...zones.map(places)].join(' / ');
    return record.products.map(({ tradeName, dose }, n): Row => {
      const values: Fields = {
        ...{ product: tradeName, target: pest, doneBy: operator, ...listedFields(record, n) },
        ...(dose === undefined ? {} : { doseAmount: dose.amount, doseUnit: dose.unit }),
      };
      return {
        isWithdrawn: state === 'withdrawn',
        cells: [WRITTEN, date, times, where, ...columns.map((field) => values[field] ?? '')],
        further: {
          fields: { areaHectares, ...besides(record, n), ...waitsUntil(record, timeZone) },
          marks: [
            ...(state === 'withdrawn' ? ['ĐÃ RÚT LẠI'] : []),
            ...(record.revision > 1 ? [`Sửa ${record.revision - 1} lần${said(record.why)}`] : []),
            ...measuredBesides(record),
            `Nhật ký số ${number}`,
          ],
        },
      };
    });
  });
}

/** What the list says of a product and the entry does not. */
export function listedFields({ products }: SprayRecord, n = 0): Fields {
  const { listed, told } = products[n] ?? {};
  if (listed === undefined || listed === null) return {};
  return {
    activeIngredient: listed.ingredients.join(' + '),
    preHarvestDays: Math.max(listed.phiDays, told?.phiDays ?? 0),
    reentryHours: Math.max(listed.reiHours, told?.reiHours ?? 0),
  };
}

/**
 * The day from which its plot may be harvested and the moment from which people may go in, of all its products, as the list of that
 * day had it; empty where one of them stood on no list, for then nobody knows.
 */
export function waitsUntil(record: SprayRecord, timeZone: string): Fields {
  const { products, endDate, endedAtMs, state } = record;
  const endDay = dayOfText(endDate);
  if (state === 'withdrawn' || endDay === null || products.some(({ listed }) => listed === null)) return {};
  const longest = (name: string) =>
    Math.max(...products.map((_, n) => Number(listedFields(record, n)[name] ?? 0)));
  const reentryMs = endedAtMs + longest('reentryHours') * 3_600_000;
  return {
    harvestFrom: dateText(endDay + longest('preHarvestDays')),
    reentryFrom: `${dateText(localDay(timeZone, reentryMs))} ${timeText(timeZone, reentryMs)}`,
  };
}

/** Weather as the farm measured it, and what was odd. */
export function measuredBesides({ weather, warnings, nevertheless }: SprayRecord): string[] {
  const { windMetresPerSecond: wind, rainMm, airTemperature, relativeHumidity } = weather ?? {};
  const figures = [
    ...(airTemperature == null ? [] : [`${figure(airTemperature)} °C`]),
    ...(relativeHumidity == null ? [] : [`ẩm ${figure(relativeHumidity)} %`]),
    ...(wind == null ? [] : [`gió ${figure(wind)} m/s`]),
    ...(rainMm == null ? [] : [`mưa ${figure(rainMm)} mm`]),
  ];
  return [
    ...(figures.length === 0 ? [] : [`Thời tiết (đo): ${figures.join(', ')}`]),
    ...warnings.map(oddness),
    ...(nevertheless === undefined ? [] : [`Vẫn làm vì: ${nevertheless}`]),
  ];
}

function besides(record: SprayRecord, n: number): Fields {
  const { waterLitres, equipment, reason, sharedWith = [] } = record;
  const { reentryHours } = listedFields(record, n);
  return {
    ...(reentryHours === undefined ? {} : { reentryHours }),
    ...(waterLitres === undefined ? {} : { waterLitres }),
    ...(equipment === undefined ? {} : { equipment }),
    ...(reason === undefined ? {} : { justification: reason }),
    ...(sharedWith.length === 0 ? {} : { isThroughDrip: 'có' }),
  };
}

function oddness({ key, figures }: Reason): string {
  const { product, market, ingredient } = figures;
  const about = [ingredient ?? product, market].filter((one) => one !== undefined).join(', ');
  // No sign: the font of the PDF has letters only.
  return `Lưu ý: ${reasonWords[key] ?? key}${about === '' ? '' : ` (${about})`}`;
}

function endOf(endedAtMs: number, startDate: string, timeZone: string): string {
  const date = dateText(localDay(timeZone, endedAtMs));
  const time = timeText(timeZone, endedAtMs);
  return date === startDate ? time : `${time} (${date})`;
}

const said = (why: string | undefined) => (why === undefined ? '' : `: ${why}`);
