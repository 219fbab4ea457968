import { expect, it } from 'vitest';
import { type Condition, conditionId, conditionOf, draftOf } from './conditions.ts';

it('gives a condition back as it was, whatever of it the form shows', () => {
  const known: Condition = {
    ...{ id: 'frost', metric: 'air_temperature', device: 'weather', channel: 'top', comparison: 'below' },
    ...{ limit: 3, deadBand: 1, onDelaySeconds: 90, offDelaySeconds: 600, priority: 'critical' },
    ...{ latching: true, text: 'Sương giá' },
  };
  expect(conditionOf(draftOf(known), known.id)).toEqual(known);
  const { device: _, ...rest } = known;
  for (const place of [{ zone: 'a1' }, { plot: 'plot-a' }])
    expect(conditionOf(draftOf({ ...rest, ...place }), known.id)).toEqual({ ...rest, ...place });
});

it('makes an id of what people call it', () => {
  expect(conditionId('Đất khô, Lô A', [])).toBe('dat-kho-lo-a');
  expect(conditionId('Đất khô', ['dat-kho', 'dat-kho-2'])).toBe('dat-kho-3');
  expect(conditionId('太热', [])).toBe('alarm');
});
