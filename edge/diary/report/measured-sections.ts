import type { MeasuredEntry } from '../measured.ts';
import {
  type Column,
  figure,
  MEASURED,
  numbers,
  type Places,
  type Row,
  type Section,
  spoken,
  when,
} from './table.ts';
import { kindWords, reasonWords, type Words } from './words.ts';

/** What the gateway measured, a table for each kind; each row with the numbers of its journal entries. */
export function measuredSections(measured: readonly MeasuredEntry[], places: Places): Section[] {
  const of = (kind: MeasuredEntry['entryKind']) => measured.filter(({ entryKind }) => entryKind === kind);
  const source: Column = { heading: ['Nhật ký số', 'Journal no.'], width: 9 };
  const row = (entry: MeasuredEntry, cells: readonly (string | number | null | undefined)[]): Row => ({
    isMeasured: true,
    cells: [
      MEASURED,
      entry.date,
      [entry.startTime, ...(entry.endTime === null ? [] : [entry.endTime])].join('–'),
      entry.zone === null ? '' : places(entry.zone),
      ...cells.map((one) => (typeof one === 'number' ? one : spoken(one))),
      numbers(entry.journalEntries),
    ],
  });
  const reasonOf = ({ reason }: MeasuredEntry) =>
    reason === null ? '' : (reasonWords[reason.key] ?? reason.key);
  const section = (
    kind: MeasuredEntry['entryKind'],
    columns: readonly (readonly [Words, number])[],
    cellsOf: (entry: MeasuredEntry) => readonly (string | number | null | undefined)[],
    note = '',
  ): Section => ({
    heading: kindWords[kind] ?? [kind, kind],
    isMeasured: true,
    columns: [...when, ...columns.map(([heading, width]) => ({ heading, width })), source],
    rows: of(kind).map((entry) => row(entry, cellsOf(entry))),
    note,
  });
  const litres = of('watering').reduce((sum, { figures }) => sum + Number(figures.litres ?? 0), 0);
  const blind = of('watering').filter(({ figures }) => figures.litres === null).length;
  const blindNote = blind === 0 ? '' : `; ${blind} lần không đo được lượng nước / not metered`;
  return [
    section(
      'watering',
      [
        [['Lít đo được', 'Litres measured'], 10],
        [['Phút', 'Minutes'], 7],
        [['Kết quả', 'Outcome'], 12],
        [['Vì sao', 'Why'], 22],
      ],
      (entry) => [entry.figures.litres, entry.figures.minutes, entry.figures.outcome, reasonOf(entry)],
      `Cộng / Total: ${figure(litres)} L${blindNote}`,
    ),
    section(
      'dosing',
      [
        [['Công thức', 'Recipe'], 11],
        [['Phân (L)', 'Stock (L)'], 8],
        [['N (kg)', 'N (kg)'], 8],
        [['P2O5 (kg)', 'P2O5 (kg)'], 8],
        [['K2O (kg)', 'K2O (kg)'], 8],
        [['EC (mS/cm)', 'EC (mS/cm)'], 9],
        [['pH', 'pH'], 7],
      ],
      ({ figures }) => [
        ...[figures.recipe, figures.stockLitres, figures.nitrogenKg, figures.phosphateKg, figures.potashKg],
        ...[figures.ec, figures.ph],
      ],
      of('dosing').some(({ figures }) => figures.isUpperBound === 'yes')
        ? 'Lần không có giờ kết thúc: tính theo mức nhiều nhất / Without an end: the most that can have been given'
        : '',
    ),
    section(
      'weather',
      [
        [['Số giờ đo', 'Hours told'], 8],
        [['Thấp nhất (°C)', 'Lowest'], 9],
        [['Cao nhất (°C)', 'Highest'], 9],
        [['Ẩm độ TB (%)', 'Mean humidity'], 9],
        [['Mưa (mm)', 'Rain'], 9],
        [['Gió TB (m/s)', 'Mean wind'], 9],
      ],
      ({ figures }) => [
        ...[figures.hours, figures.airTemperatureMin, figures.airTemperatureMax],
        ...[figures.relativeHumidityMean, figures.rainMm, figures.windSpeedMean],
      ],
    ),
    section(
      'alarm',
      [
        [['Mức', 'Severity'], 9],
        [['Cảnh báo', 'Alarm'], 24],
        [['Nơi', 'Where'], 14],
        [['Người xem', 'Seen by'], 12],
      ],
      (entry) => [
        entry.figures.severity,
        reasonOf(entry),
        entry.figures.source,
        entry.figures.acknowledgedBy,
      ],
    ),
  ];
}
