import type { DiaryRevision, JournalRecord, RevisionVerdict, SprayRecord } from '@nongtin/broker/wire';
import { mergeEntry } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { demoFarm } from '../farm/demo.ts';
import type { Farm } from '../farm/layout.ts';
import type { WeatherHour } from '../farm-weather/farm-weather.ts';
import { loadPests } from './library.ts';
import type { NeighbourCatch } from './neighbour-risk.ts';
import type { Person } from './notes.ts';
import { PestWatch } from './service.ts';
import type { Trap } from './trap-schema.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** 07:00 on 23 November 2026 in Vietnam. */
export const MORNING_MS = Date.UTC(2026, 10, 23);
export const ba = { id: 'u1', name: 'Cô Ba', role: 'member' };

export const byHand: Trap = {
  ...{ id: 'me-1', name: 'Bẫy 1', plot: 'plot-a', pest: 'bactrocera-dorsalis', kind: 'methyl_eugenol' },
};
export const byDevice: Trap = { ...byHand, id: 'me-2', name: 'Bẫy 2', device: 'trap-1' };

/** A farm with traps of which nothing but the journal outlives a restart. */
export async function watched(
  told: Partial<Farm> = {},
  ownPests: object[] = [],
  /** Of a time-lapse. */
  calendar?: { ms: number; readonly hours: readonly WeatherHour[] },
) {
  const journal: JournalRecord[] = [];
  const clock = { ms: MORNING_MS, isTrusted: true };
  const alarms = new Map<string, Readonly<Record<string, string | number>>>();
  const raised: string[] = [];
  const hours: WeatherHour[] = [];
  const sprays: SprayRecord[] = [];
  const neighbours: NeighbourCatch[] = [];
  const diary: DiaryRevision[] = [];
  const entry = (entryId: string) => {
    const its = diary.filter((one) => one.entryId === entryId);
    return its.length === 0 ? undefined : mergeEntry(its);
  };
  const changes = { count: 0 };
  let ids = 0;
  /** As the real diary: what follows from an entry is told before its revision is kept, and one that is known is not told again. */
  const accept = async (batch: readonly unknown[], sender: Person): Promise<RevisionVerdict[]> => {
    const verdicts: RevisionVerdict[] = [];
    for (const revision of batch as DiaryRevision[]) {
      const { revisionId, entryId } = revision;
      const isKnown = diary.some((one) => one.revisionId === revisionId);
      verdicts.push({ revisionId, verdict: isKnown ? 'known' : 'accepted', problems: [] });
      if (isKnown) continue;
      const merged = mergeEntry([...diary.filter((one) => one.entryId === entryId), revision]);
      await farm.watch.notes.told.tell(merged, sender);
      diary.push(revision);
    }
    return verdicts;
  };
  const open = async () => {
    const watch: PestWatch = new PestWatch({
      journal: {
        appendRecord: async (record) => journal.push(JSON.parse(JSON.stringify(record))),
        recordsAfter: async <K extends JournalRecord['kind']>(kind: K, after: number, limit: number) =>
          journal
            .map((record, index) => ({ number: index + 1, record }))
            .filter((one): one is { number: number; record: RecordOf<K> } => one.record.kind === kind)
            .filter(({ number }) => number > after)
            .slice(0, limit),
        newest: async (kind) => journal.filter((one) => one.kind === kind).reverse(),
      },
      farm: () => ({ ...demoFarm(), traps: [byHand, byDevice], ...told }),
      library: loadPests({ format: 'nongtin-pests-1', pests: ownPests }),
      clock: { nowMs: () => clock.ms, isTrusted: () => clock.isTrusted },
      alarms: {
        raise: (source, _, { key, figures }) => {
          if (!alarms.has(`${source} ${key}`)) raised.push(`${source} ${key}`);
          alarms.set(`${source} ${key}`, figures);
        },
        clear: (source, key) => void alarms.delete(`${source} ${key}`),
      },
      weatherHours: (fromMs, toMs) => hours.filter(({ startMs }) => startMs >= fromMs && startMs < toMs),
      hasPast: true,
      ...(calendar === undefined
        ? {}
        : {
            calendar: {
              nowMs: () => calendar.ms,
              hours: (fromMs: number, toMs: number) =>
                calendar.hours.filter(({ startMs }) => startMs >= fromMs && startMs < toMs),
            },
          }),
      sprays: () => sprays,
      neighbours: () => neighbours,
      newId: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`,
      diary: {
        accept,
        heads: (entryId) => entry(entryId)?.heads ?? [],
      },
      onChanged: () => void changes.count++,
      logger: pino({ enabled: false }),
    });
    await watch.start();
    return watch;
  };
  const farm = {
    ...{ journal, clock, alarms, raised, hours, sprays, neighbours, diary, changes },
    watch: await open(),
    accept,
    warnings: (entryId: string) => {
      const told = entry(entryId);
      return told === undefined ? [] : farm.watch.notes.told.warnings(told);
    },
    restart: async () => {
      farm.watch = await open();
    },
    wait: (ms: number) => {
      clock.ms += ms;
      farm.watch.look();
    },
    /** A device's word of its counter. */
    says: (total: number, { atMs = clock.ms, quality = 0, device = 'trap-1' } = {}) =>
      farm.watch.onReadings([
        {
          device,
          channel: '',
          metric: 'trap_count',
          value: total,
          quality,
          timeNs: BigInt(atMs) * 1_000_000n,
        },
      ]),
    counts: (count: number, countedAt: string, more: { since?: string; countId?: string } = {}) =>
      farm.watch.notes.count({ trap: 'me-1', count, countedAt, ...more }, ba),
    pest: (id: string, plot = 'plot-a') =>
      farm.watch
        .plots()
        .plots.find((one) => one.plot === plot)
        ?.pests.find(({ profile }) => profile.id === id),
    records: <K extends JournalRecord['kind']>(kind: K) =>
      journal.filter((one): one is RecordOf<K> => one.kind === kind),
    /** So many days of the same weather that ended at midnight, as hours of the journal. */
    warmDays: async (days: number, told: Partial<WeatherHour> = {}) => {
      const endMs = clock.ms - ((clock.ms + 7 * HOUR_MS) % DAY_MS);
      for (let startMs = endMs - days * DAY_MS; startMs < endMs; startMs += HOUR_MS) {
        const hour: WeatherHour = {
          ...{ startMs, atMs: startMs + HOUR_MS, samples: 6, airTemperature: { min: 24, max: 30, mean: 27 } },
          ...{ relativeHumidity: { min: 70, max: 80, mean: 75 }, dewPoint: null, airPressure: null },
          ...{ windSpeed: null, solarRadiation: null, rain: 0, gauges: [], ...told },
        };
        hours.push(hour);
        journal.push({ kind: 'weather_hour', ...hour });
      }
      await farm.restart();
    },
  };
  return farm;
}
