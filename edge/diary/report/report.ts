import { kindRule } from '@nongtin/broker/wire';
import type { Farm } from '../../farm/layout.ts';
import { dateText, localDay, timeText } from '../../irrigation/programs/calendar.ts';
import type { BookedEntry } from '../book.ts';
import type { DiaryDays } from '../diary.ts';
import { measuredSections } from './measured-sections.ts';
import { listedFields, measuredBesides, sprayRows, waitsUntil } from './spray-rows.ts';
import {
  cell,
  figure,
  type Places,
  placeNames,
  type Row,
  type Section,
  shownValue,
  type Table,
  WRITTEN,
  when,
  written,
} from './table.ts';
import { fieldWords, kindWords, type Words } from './words.ts';

/** A diary of some days as an auditor reads it: what stands on each page, before anybody draws it. */
export interface Report {
  readonly farm: string;
  readonly fromDate: string;
  readonly toDate: string;
  readonly madeAt: string;
  readonly facts: readonly (readonly [Words, string])[];
  readonly plots: Table;
  readonly sections: readonly Section[];
  /** Every entry that was changed or withdrawn, revision by revision. */
  readonly changes: Table;
}

export interface ReportFacts {
  readonly farm: Pick<Farm, 'site' | 'plots' | 'timeZone'>;
  readonly fromDate: string;
  readonly toDate: string;
  readonly madeAtMs: number;
  readonly gateway: string;
  readonly publicKey: string;
  /** Name of an account by its id. */
  readonly nameOf: (account: string) => string;
}

/** The columns of each kind, with their widths; what else an entry says stands beside them. */
const kindColumns: Readonly<Record<string, readonly (readonly [field: string, width: number])[]>> = {
  spraying: [
    ...([
      ['product', 12],
      ['activeIngredient', 10],
      ['target', 11],
      ['doseAmount', 6],
      ['doseUnit', 6],
    ] as const),
    ...([
      ['usedAmount', 6],
      ['unit', 5],
      ['preHarvestDays', 6],
      ['doneBy', 9],
    ] as const),
  ],
  fertilizing: [
    ['product', 14],
    ['composition', 10],
    ['usedAmount', 7],
    ['unit', 5],
    ['method', 11],
    ['doneBy', 10],
  ],
  planting: [
    ['crop', 12],
    ['variety', 10],
    ['supplier', 12],
    ['lot', 8],
    ['plants', 7],
    ['doneBy', 10],
  ],
  pruning: [
    ['part', 16],
    ['plants', 8],
    ['disposal', 16],
    ['doneBy', 10],
  ],
  harvest: [
    ['quantityKg', 9],
    ['lotCode', 12],
    ['variety', 10],
    ['buyer', 14],
    ['doneBy', 10],
  ],
  cleaning: [
    ['place', 12],
    ['what', 14],
    ['agent', 12],
    ['method', 12],
    ['doneBy', 10],
  ],
  training: [
    ['topic', 18],
    ['trainer', 12],
    ['participants', 22],
    ['hours', 6],
  ],
  purchase: [
    ...([
      ['product', 14],
      ['inputKind', 9],
      ['quantity', 7],
      ['unit', 5],
      ['supplier', 13],
    ] as const),
    ...([
      ['lot', 9],
      ['expiresOn', 9],
      ['invoice', 9],
    ] as const),
  ],
  observation: [
    ['what', 26],
    ['severity', 8],
    ['count', 6],
    ['doneBy', 10],
  ],
};

export function diaryReport(days: DiaryDays, facts: ReportFacts): Report {
  const { farm, fromDate, toDate, madeAtMs, gateway, publicKey } = facts;
  const timeZone = farm.timeZone ?? 'Asia/Ho_Chi_Minh';
  const places = placeNames(farm);
  const byPeople = Object.keys(kindColumns).map((kind) => writtenSection(kind, days, facts, places));
  const sections = [...byPeople, ...measuredSections(days.measured, places)].filter(
    ({ rows }) => rows.length > 0,
  );
  return {
    ...{ farm: farm.site, fromDate, toDate },
    madeAt: `${dateText(localDay(timeZone, madeAtMs))} ${timeText(timeZone, madeAtMs)}`,
    facts: [
      [['Gateway ghi nhật ký', 'Gateway'], gateway],
      [['Khóa ký (Ed25519)', 'Signing key'], publicKey],
      [
        ['Mục do người ghi', 'Entries by people'],
        String(days.entries.length + days.harvests.length + days.sprays.length),
      ],
      [['Mục máy tự ghi từ số đo', 'Measured entries'], String(days.measured.length)],
    ],
    plots: plotTable(farm),
    sections,
    changes: changeTable(days.entries, facts, timeZone),
  };
}

function plotTable({ plots }: ReportFacts['farm']): Table {
  return {
    columns: [
      { heading: ['Lô', 'Plot'], width: 20 },
      { heading: ['Cây trồng', 'Crop'], width: 20 },
      { heading: ['Diện tích (ha)', 'Area (ha)'], width: 12 },
      { heading: ['Mã số vùng trồng', 'Planting-area code'], width: 24 },
      { heading: ['Khu tưới', 'Zones'], width: 24 },
    ],
    rows: plots.map(({ name, crop, areaHectares, plantingAreaCode, zones }) => ({
      cells: [name, crop, areaHectares, plantingAreaCode ?? '—', zones.map((zone) => zone.name).join(', ')],
    })),
  };
}

function writtenSection(kind: string, days: DiaryDays, facts: ReportFacts, places: Places): Section {
  const columns = kindColumns[kind] ?? [];
  const entries = days.entries.filter(({ entryKind }) => entryKind === kind);
  const rows = entries.map((entry) => writtenRow(entry, columns, facts, places));
  const alone = kind === 'harvest' ? days.harvests : [];
  const timeZone = facts.farm.timeZone ?? 'Asia/Ho_Chi_Minh';
  const fields = columns.map(([field]) => field);
  if (kind === 'spraying') rows.push(...sprayRows(days.sprays, fields, { places, timeZone }));
  for (const { record } of alone) {
    const { atMs, plot, quantityKg, recordedBy } = record;
    const cells = columns.map(([field]) =>
      field === 'quantityKg' ? quantityKg : field === 'doneBy' ? facts.nameOf(recordedBy) : '',
    );
    const at = [dateText(localDay(timeZone, atMs)), timeText(timeZone, atMs), places(plot)];
    rows.push({ cells: [WRITTEN, ...at, ...cells] });
  }
  const counted = entries.filter(({ withdrawn }) => !withdrawn);
  const kilograms = [
    ...counted.map(({ fields }) => Number(fields.quantityKg?.value ?? 0)),
    ...alone.map(({ record }) => record.quantityKg),
  ].reduce((sum, kg) => sum + kg, 0);
  return {
    heading: kindWords[kind] ?? [kind, kind],
    isMeasured: false,
    columns: [
      ...when,
      ...columns.map(([field, width]) => ({
        heading: fieldWords[field] ?? ([field, field] as Words),
        width,
      })),
    ],
    rows: rows.sort((a, b) => (`${a.cells[1]} ${a.cells[2]}` < `${b.cells[1]} ${b.cells[2]}` ? -1 : 1)),
    note: kind === 'harvest' ? `Cộng / Total: ${figure(kilograms)} kg` : '',
  };
}

function writtenRow(
  entry: DiaryDays['entries'][number],
  columns: readonly (readonly [string, number])[],
  facts: ReportFacts,
  places: Places,
): Row {
  const { fields } = entry;
  const listed = entry.spray === undefined ? {} : listedFields(entry.spray);
  const value = (name: string) => cell(fields[name]?.value ?? listed[name] ?? null, places, name);
  const shown = ['date', 'startTime', 'endTime', 'plot', 'zone', ...columns.map(([field]) => field)];
  const rule = kindRule(entry.entryKind);
  const further = Object.keys(rule?.fields ?? fields)
    .filter((name) => !shown.includes(name) && (fields[name]?.value ?? listed[name] ?? null) !== null)
    .map((name) => [name, value(name)] as const);
  const timeZone = facts.farm.timeZone ?? 'Asia/Ho_Chi_Minh';
  const quarrels = Object.entries(fields).flatMap(([name, { others }]) =>
    others.map(
      (other) =>
        `${fieldWords[name]?.[0] ?? name}: ${facts.nameOf(other.author)} ghi ${shownValue(cell(other.value, places, name))}`,
    ),
  );
  const marks = [
    ...(entry.withdrawn ? ['ĐÃ RÚT LẠI'] : []),
    ...(quarrels.length > 0 ? [`Ghi khác nhau — ${quarrels.join('; ')}`] : []),
    ...(entry.revisions.length > 1 ? [`Sửa ${entry.revisions.length - 1} lần`] : []),
    ...(entry.attachments.length > 0 ? [`${entry.attachments.length} tệp đính kèm`] : []),
    ...(entry.spray === undefined ? [] : measuredBesides(entry.spray)),
  ];
  const times = [value('startTime'), value('endTime')].filter((time) => time !== '');
  const where = [value('plot'), value('zone')].filter((place) => place !== '').join(' / ');
  return {
    isWithdrawn: entry.withdrawn,
    cells: [WRITTEN, value('date'), times.join('–'), where, ...columns.map(([field]) => value(field))],
    further: {
      fields: {
        ...Object.fromEntries(further),
        ...(entry.spray === undefined ? {} : waitsUntil(entry.spray, timeZone)),
      },
      marks,
    },
  };
}

function changeTable(entries: readonly BookedEntry[], facts: ReportFacts, timeZone: string): Table {
  const at = (ms: number) => `${dateText(localDay(timeZone, ms))} ${timeText(timeZone, ms)}`;
  const places = placeNames(facts.farm);
  const rows = entries
    .filter(({ revisions }) => revisions.length > 1)
    .flatMap((entry) =>
      entry.revisions.map((revision): Row => {
        const { set, attach, detach, withdrawn, why } = revision;
        const changes = [
          ...Object.entries(set).map(
            ([name, value]) =>
              `${fieldWords[name]?.[0] ?? name}: ${shownValue(cell(value, places, name)) || '(bỏ)'}`,
          ),
          ...(attach.length > 0 ? [`thêm ${attach.length} tệp`] : []),
          ...(detach.length > 0 ? [`bỏ ${detach.length} tệp`] : []),
          ...(withdrawn === undefined ? [] : [withdrawn ? 'RÚT LẠI' : 'dùng lại']),
        ];
        const booked = entry.booked[revision.revisionId];
        return {
          cells: [
            `${kindWords[entry.entryKind]?.[0] ?? entry.entryKind} ${written(String(entry.fields.date?.value ?? ''))}`,
            facts.nameOf(revision.author),
            at(revision.phoneAtMs),
            booked === undefined ? '' : at(booked.receivedAtMs),
            changes.join('; '),
            why ?? '',
            String(booked?.number ?? ''),
          ],
        };
      }),
    );
  return {
    columns: [
      { heading: ['Mục', 'Entry'], width: 16 },
      { heading: ['Ai', 'Who'], width: 10 },
      { heading: ['Giờ điện thoại', 'Phone time'], width: 11 },
      { heading: ['Giờ máy nhận', 'Received'], width: 11 },
      { heading: ['Ghi gì', 'What'], width: 30 },
      { heading: ['Vì sao', 'Why'], width: 14 },
      { heading: ['Nhật ký số', 'Journal no.'], width: 8 },
    ],
    rows,
  };
}
