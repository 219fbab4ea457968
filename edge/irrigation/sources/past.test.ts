import type { AlarmRecord } from '@nongtin/broker/wire';
import { expect, it } from 'vitest';
import { pastSources } from './past.ts';

const NOW = 1_800_000_000_000;
const record = (
  minutesAgo: number,
  key: string,
  state: AlarmRecord['state'],
  change?: string,
): AlarmRecord => ({
  ...{
    kind: 'alarm',
    alarmId: 'a',
    severity: 'high',
    source: 'well',
    state,
    atMs: NOW - minutesAgo * 60_000,
  },
  ...{ reason: { key, figures: {} }, ...(change === undefined ? {} : { change }) },
});

it('a stop of a dry tank is counted once, whatever people have done to its alarm since', () => {
  const past = pastSources(
    [
      record(1, 'tank_low', 'active', 'concealed'),
      record(2, 'tank_low', 'active', 'escalated'),
      record(3, 'tank_low', 'active', 'raised'),
      record(30, 'tank_low', 'cleared', 'acknowledged'),
      record(40, 'tank_low', 'cleared'),
      record(50, 'tank_low', 'active'),
    ],
    NOW,
  );
  expect(past.get('well')).toEqual({ dryStopsAgoMs: [180_000, 3_000_000], isDry: true });
});

it('who acknowledges a lock that is over forgives nothing that came after it', () => {
  const stops = [record(20, 'tank_low', 'active', 'raised'), record(30, 'tank_low', 'active', 'raised')];
  const unlocked = record(40, 'source_dry_too_often', 'cleared', 'cleared');
  const acknowledged = record(10, 'source_dry_too_often', 'cleared', 'acknowledged');
  expect(pastSources([acknowledged, ...stops, unlocked], NOW).get('well')?.dryStopsAgoMs).toHaveLength(2);
  expect(
    pastSources([...stops, unlocked, record(50, 'tank_low', 'active')], NOW).get('well')?.dryStopsAgoMs,
  ).toHaveLength(2);
});
