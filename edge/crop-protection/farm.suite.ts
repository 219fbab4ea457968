import type { HarvestRecord, JournalRecord } from '@nongtin/broker/wire';
import { demoFarm } from '../farm/demo.ts';
import type { Farm } from '../farm/layout.ts';
import type { WeatherHour } from '../farm-weather/farm-weather.ts';
import type { Person } from './answer.ts';
import { CropProtection } from './ledger.ts';
import type { SprayWish } from './read-spray.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

export const HOUR_MS = 3_600_000;
/** 09:00 on 23 November 2026 in Vietnam. */
export const MORNING_MS = Date.UTC(2026, 10, 23, 2);
export const member: Person = { id: 'u1', name: 'Cô Ba', role: 'member' };
export const technician: Person = { id: 'u2', name: 'Anh Tư', role: 'technician' };
export const manager: Person = { id: 'u3', name: 'Chị Năm', role: 'manager' };

const HEADINGS =
  'trade_name,active_ingredients,dose_min,dose_max,dose_unit,phi_days,rei_hours,crops,pests,markets,max_applications,source,source_date';
const ROW =
  'Ví dụ 100EC,exampline 100 g/L,0.5,1,L/ha,7,24,thanh long|dragon fruit,kiến,EU banned,2,nhãn,2026-01-05';
export const LIST = [
  HEADINGS,
  ROW,
  ROW.replace('Ví dụ', 'Dầu').replace(',7,24', ',0,4').replace('EU banned', ''),
].join('\n');
export const wish = (told: Partial<SprayWish> = {}): SprayWish => ({
  ...{ plot: 'plot-a', products: [{ version: 1, row: 0, dose: { amount: 1, unit: 'L/ha' } }] },
  ...{ pest: 'kiến', startedAt: '2026-11-23T06:00', endedAt: '2026-11-23T07:30', operator: 'Cô Ba' },
  ...told,
});

/** A farm of which nothing but the journal outlives a restart. */
export async function farm(told: Partial<Farm> = {}) {
  const journal: JournalRecord[] = [];
  const clock = { ms: MORNING_MS, isTrusted: true };
  const alarms = new Map<string, Readonly<Record<string, string | number>>>();
  const hours: WeatherHour[] = [];
  let ids = 0;
  const open = async () => {
    const ledger = new CropProtection({
      journal: {
        appendRecord: async (record) => journal.push(JSON.parse(JSON.stringify(record))),
        records: async <K extends JournalRecord['kind']>(kind: K, limit: number) =>
          journal
            .filter((one): one is RecordOf<K> => one.kind === kind)
            .reverse()
            .slice(0, limit),
      },
      farm: () => ({ ...demoFarm(), ...told }),
      clock: { nowMs: () => clock.ms, isTrusted: () => clock.isTrusted },
      alarms: {
        raise: (source, _, { key, figures }) => void alarms.set(`${source} ${key}`, figures),
        clear: (source, key) => void alarms.delete(`${source} ${key}`),
      },
      weatherHours: (fromMs, toMs) => hours.filter(({ startMs }) => startMs >= fromMs && startMs < toMs),
      newId: () => `id-${++ids}`,
      onChanged: () => {},
    });
    await ledger.start();
    return ledger;
  };
  const farm = {
    ...{ journal, clock, alarms, hours },
    ledger: await open(),
    restart: async () => {
      farm.ledger = await open();
    },
    imported: async (text = LIST) => {
      const bytes = new TextEncoder().encode(text);
      const { sha256, follows } = farm.ledger.preview(bytes);
      return farm.ledger.accept(bytes, { sha256, follows, fileName: 'thuoc.csv' }, technician);
    },
    /** Gives why not; empty: it stands in the journal. */
    harvest: async (atMs = clock.ms, word?: { person: Person; reason: string }, plot = 'plot-a') => {
      const bars = await farm.ledger.admit({ plot, atMs }, word, async (override) => {
        const record: HarvestRecord = {
          ...{ kind: 'harvest', harvestId: `${++ids}-harvest`, atMs, plot, quantityKg: 500 },
          ...{ recordedBy: 'u1', seasonStartedAtMs: 0, ...(override ? { override } : {}) },
        };
        journal.push(record);
        return record;
      });
      return bars.map(({ reason }) => reason.key);
    },
  };
  return farm;
}
