import type { JournalRecord, MappingRecord } from '@nongtin/broker/wire';
import { describe, expect, it } from 'vitest';
import { Mappings } from './mapping.ts';

const NOW = Date.UTC(2026, 10, 21, 10);

/** Mappings over a journal in memory. */
async function opened(records: MappingRecord[]): Promise<Mappings> {
  const journal = {
    appendRecord: async (record: JournalRecord) => records.push(record as MappingRecord),
    records: async () => records.toReversed(),
  };
  const made = new Mappings({ journal, clock: { nowMs: () => NOW } });
  await made.start();
  return made;
}

async function mappings() {
  const records: MappingRecord[] = [];
  return { made: await opened(records), records, restarted: () => opened(records) };
}

const raw = (channel: string, value: number) => ({ metric: 'raw', channel, value }) as const;
const wish = { device: 'd1', channel: 'soil.hum', metric: 'soil_moisture', unit: '%', recordedBy: 'sáu' };

describe('a raw field', () => {
  it('is listed with its last value until somebody says what it means', async () => {
    const { made } = await mappings();
    const readings = [raw('soil.hum', 40), { metric: 'soil_ph', channel: '', value: 6 } as const];
    expect(made.apply('d1', readings, NOW)).toBe(readings);
    made.apply('d1', [raw('soil.hum', 41)], NOW + 1);
    const said = { unit: null, reason: null };
    const field = { device: 'd1', channel: 'soil.hum', lastValue: 41, count: 2, ...said };
    expect(made.unmapped()).toEqual([{ ...field, firstAtMs: NOW, lastAtMs: NOW + 1 }]);
    await made.set(wish);
    expect(made.unmapped()).toEqual([]);
    expect(made.apply('d1', readings, NOW)).toEqual([
      { metric: 'soil_moisture', channel: 'soil.hum', value: 0.4 },
      readings[1],
    ]);
    expect(made.apply('d2', [raw('soil.hum', 41)], NOW)).toEqual([raw('soil.hum', 41)]);
  });

  it('shares no target with another one, also when both are asked for at once', async () => {
    const { made, records } = await mappings();
    const [first, second] = await Promise.allSettled([
      made.set(wish),
      made.set({ ...wish, channel: 'probe', toChannel: 'soil.hum' }),
    ]);
    expect(first).toMatchObject({ status: 'fulfilled', value: { channel: 'soil.hum' } });
    expect(second).toMatchObject({ status: 'rejected', reason: { isConflict: true } });
    expect(records).toHaveLength(1);
    await made.set({ ...wish, channel: 'probe' });
    expect(made.list()).toHaveLength(2);
  });

  it('keeps its meaning over a restart, can get another one, and can lose it', async () => {
    const { made, restarted } = await mappings();
    await made.set(wish);
    await made.set({ ...wish, channel: 't', metric: 'soil_temperature', unit: '°F', toChannel: '' });
    await made.set({ ...wish, metric: 'relative_humidity' });
    const again = await restarted();
    expect(again.list()).toEqual(made.list());
    expect(again.apply('d1', [raw('soil.hum', 40), raw('t', 212)], NOW)).toEqual([
      { metric: 'relative_humidity', channel: 'soil.hum', value: 40 },
      { metric: 'soil_temperature', channel: '', value: 100 },
    ]);
    expect(await again.remove('d1', 'soil.hum', 'sáu')).toBe(true);
    expect(await again.remove('d1', 'soil.hum', 'sáu')).toBe(false);
    const last = await restarted();
    expect(last.list()).toMatchObject([{ channel: 't' }]);
    expect(last.apply('d1', [raw('soil.hum', 40)], NOW)).toEqual([raw('soil.hum', 40)]);
  });

  it.each([
    [{ unit: '°F' }, "Unit '°F' cannot be soil_moisture, which is measured in m³/m³"],
    [{ metric: 'soil_ph', unit: 'kPa' }, "Unit 'kPa' cannot be soil_ph, which is measured in pH"],
    [{ metric: 'wetness' }, "no metric 'wetness'"],
    [{ metric: 'raw' }, "no metric 'raw'"],
    [{ metric: '__proto__' }, "no metric '__proto__'"],
    [{ toChannel: 'a\nb' }, 'cannot be a channel'],
    [{ unit: '' }, 'A number without a unit cannot be soil_moisture'],
  ])('is not given the meaning %j', async (part, words) => {
    const { made, records } = await mappings();
    await expect(made.set({ ...wish, ...part })).rejects.toThrow(words);
    expect(records).toEqual([]);
  });

  it('is given no unit by guessing: the payload states it, or the person does', async () => {
    const { made } = await mappings();
    const { unit: _, ...unsaid } = wish;
    await expect(made.set(unsaid)).rejects.toThrow(
      "Say in which unit 'soil.hum' of d1 is given: soil_moisture is measured in m³/m³, and the payload does not tell.",
    );
    made.apply('d1', [{ ...raw('soil.hum', 40), unit: '%' }], NOW);
    expect(made.unmapped()).toMatchObject([{ channel: 'soil.hum', unit: '%' }]);
    await expect(made.set({ ...wish, unit: 'm³/m³' })).rejects.toThrow(
      "'soil.hum' of d1 is given in '%', as its payload says, not in 'm³/m³': leave the unit out.",
    );
    expect(await made.set(unsaid)).toMatchObject({ unit: '%', lastSeenAtMs: NOW });
    // The device was set to another unit: what it states counts.
    const moved = made.apply('d1', [{ ...raw('soil.hum', 0.4), unit: 'm³/m³' }], NOW);
    expect(moved).toEqual([{ metric: 'soil_moisture', channel: 'soil.hum', value: 0.4 }]);
    const strange = [{ ...raw('soil.hum', 40), unit: '°C' }];
    expect(made.apply('d1', strange, NOW)).toEqual(strange);
  });

  it('of a unit that nobody knows is given in what the person says', async () => {
    const { made } = await mappings();
    const reading = { ...raw('soil.hum', 40), unit: 'per hundred' };
    made.apply('d1', [reading], NOW);
    await made.set(wish);
    expect(made.apply('d1', [reading], NOW)).toMatchObject([{ metric: 'soil_moisture', value: 0.4 }]);
  });

  it('that has not come yet is told apart', async () => {
    const { made } = await mappings();
    expect(await made.set(wish)).toMatchObject({ lastSeenAtMs: null });
    made.apply('d1', [raw('soil.hum', 41)], NOW + 5);
    expect(made.list()).toMatchObject([{ lastSeenAtMs: NOW + 5 }]);
  });

  it('stays raw where the same message tells that series by itself', async () => {
    const { made } = await mappings();
    await made.set({ ...wish, toChannel: '' });
    const own = { metric: 'soil_moisture', channel: '', value: 0.3 } as const;
    const both = [own, raw('soil.hum', 41)];
    expect(made.apply('d1', both, NOW)).toEqual(both);
    expect(made.unmapped()).toMatchObject([{ channel: 'soil.hum', reason: 'repeated' }]);
  });

  it('that is raw because the message tells its series twice becomes what a person says it is', async () => {
    const { made } = await mappings();
    const own = { metric: 'soil_moisture', channel: '', value: 0.3 } as const;
    const other = { ...raw('soil_moisture~2', 0.4), unit: 'm³/m³', rawReason: 'repeated' } as const;
    made.apply('d1', [own, other], NOW);
    expect(made.unmapped()).toMatchObject([{ channel: 'soil_moisture~2', reason: 'repeated' }]);
    const { unit: _, ...stated } = wish;
    await made.set({ ...stated, channel: 'soil_moisture~2', toChannel: 'deep' });
    expect(made.apply('d1', [own, other], NOW)).toEqual([own, { ...own, channel: 'deep', value: 0.4 }]);
    expect(made.unmapped()).toEqual([]);
  });

  it('can be corrected also when no more mappings are kept', async () => {
    const { made } = await mappings();
    for (let n = 0; n < 10_000; n++) await made.set({ ...wish, device: `d${n}` });
    await expect(made.set({ ...wish, device: 'more' })).rejects.toThrow('delete some first');
    expect(await made.set({ ...wish, metric: 'soil_ec', unit: 'dS/m' })).toMatchObject({ metric: 'soil_ec' });
  });

  it('does not share a series with another field', async () => {
    const { made } = await mappings();
    await made.set({ ...wish, toChannel: '' });
    await expect(made.set({ ...wish, channel: 'other', toChannel: '' })).rejects.toThrow(
      "'soil.hum' of d1 is",
    );
    await made.set({ ...wish, channel: 'other', toChannel: 'deep' });
    await made.set({ ...wish, toChannel: '' });
  });

  it('is listed only so far: a device that makes up names does not fill the memory', async () => {
    const { made } = await mappings();
    for (let n = 0; n < 1_000; n++) made.apply('d1', [raw(`f${n}`, n)], NOW);
    expect(made.unmapped()).toHaveLength(256);
  });
});
