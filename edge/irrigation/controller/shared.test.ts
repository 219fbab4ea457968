import { expect, it } from 'vitest';
import { demoFarm } from '../../farm/demo.ts';
import { type Zone, zonesOf } from '../../farm/layout.ts';
import type { Source } from '../sources/schema.ts';
import { only, testController } from './controller.suite.ts';

const well: Source = { id: 'well', name: 'Giếng khoan', maxFlowLitresPerMinute: 120, gapSeconds: 60 };
const wells = zonesOf(demoFarm())
  .slice(0, 3)
  .map((zone): Zone => ({ ...zone, source: 'well' }));
type Farm = ReturnType<typeof testController>;

/** The reason of the answer. */
function open(farm: Farm, zone: string, durationSeconds = 300): string | undefined {
  return only(farm.send({ kind: 'open', zone, requestId: 'r', durationSeconds }), 'answer')[0]?.reason.key;
}

it('no water is sent to a source’s zones while a valve that has answered neither opening nor closing may be open', () => {
  const farm = testController({ zones: wells, sources: [well] }).swept();
  open(farm, 'a1');
  farm.send({ kind: 'intent_durable', zone: 'a1', runId: farm.runId() });
  for (let word = 0; word < 6; word++) farm.wait(31);
  expect(farm.zone().phase.name).toBe('unknown');
  expect(open(farm, 'a2')).toBe('source_zone_open');
  for (let minute = 0; minute < 29; minute++) farm.wait(60);
  expect(open(farm, 'a2')).toBe('source_zone_open');
  farm.wait(60);
  expect(open(farm, 'a2'), 'it has closed by its own means').toBe('manual_request');
});
