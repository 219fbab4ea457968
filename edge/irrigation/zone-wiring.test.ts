import { expect, it } from 'vitest';
import { demoFarm } from '../farm/demo.ts';
import { zonesOf } from '../farm/layout.ts';
import { ZoneWiring } from './zone-wiring.ts';

const now = { farmMs: 0, realMs: 0, atMs: 0 };

it('brings what a probe says to every zone that it stands for, and to no other', () => {
  const [a1, a2, ...others] = zonesOf(demoFarm());
  if (!a1 || !a2) throw new Error('no zones');
  const wiring = new ZoneWiring([a1, { ...a2, soilProbe: 'soil-a1' }, ...others]);
  const reading = {
    metric: 'soil_moisture',
    device: 'soil-a1',
    channel: '',
    value: 0.2,
    quality: 0,
  } as const;
  const strange = [
    { ...reading, device: 'soil-of-nobody' },
    { ...reading, metric: 'soil_temperature' as const },
  ];
  expect(wiring.take([reading, ...strange], now)).toEqual(
    ['a1', 'a2'].map((zone) => ({ kind: 'moisture', zone, value: 0.2, quality: 0, now })),
  );
});
