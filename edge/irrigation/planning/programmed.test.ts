import { expect, it } from 'vitest';
import { demoFarm } from '../../farm/demo.ts';
import type { Farm } from '../../farm/layout.ts';
import { hardwareOfProbes, zonesOfProbes } from './programmed.ts';

it('knows every zone that a probe stands for, and in each of them that other hardware speaks for it', () => {
  const demo = demoFarm();
  const plots = demo.plots.map((plot) => ({
    ...plot,
    zones: plot.zones.map((zone) => (zone.id === 'a2' ? { ...zone, soilProbe: 'soil-a1' } : zone)),
  }));
  const farm: Farm = { ...demo, plots, devices: [{ id: 'soil-a1', hardware: 'probe9' }] };
  expect(
    zonesOfProbes(farm)
      .get('soil-a1')
      ?.map(({ id }) => id),
  ).toEqual(['a1', 'a2']);
  const before = hardwareOfProbes({ ...demo, plots });
  const after = hardwareOfProbes(farm);
  const changed = [...after.keys()].filter((zone) => after.get(zone) !== before.get(zone));
  expect(changed).toEqual(['a1', 'a2']);
});
