import { expect, test } from 'vitest';
import { type Found, measurementOf } from './broker-figures.ts';

const rate = (messagesPerSecond: number) => ({ messagesPerSecond, cpuSecondsPer10k: 0.1 });
const found = (perSecond: number): Found => ({
  ...{ qos1: rate(perSecond), qos1Narrow: rate(perSecond / 4), qos0: rate(2), fanOutPerSecond: 3 },
  ...{ connectSeconds: 0.5, bytesPerIdleClient: 4_096 },
});

test('ours is divided by plain aedes run by run, so that a slow minute of the machine does not count', () => {
  const runs = [
    { ours: found(30), plainAedes: found(40) },
    { ours: found(5), plainAedes: found(10) },
    { ours: found(60), plainAedes: found(100) },
  ];
  const { figures, targets } = measurementOf(runs, false);
  expect(figures.durableRatioPlainAedes).toEqual({ median: 0.6, min: 0.5, max: 0.75, unit: '1' });
  expect(figures.durableRatioPlainAedesAt10x20).toEqual(figures.durableRatioPlainAedes);
  expect(targets.map(({ figure }) => figure)).toEqual(['durableRatioPlainAedes']);
});

test("a peer's figures begin with its name, and one that is not installed is left out", () => {
  const both = { ours: found(30), plainAedes: found(40) };
  const { figures } = measurementOf([both], true);
  expect(figures.qos1DurableMessagesPerSecond).toEqual({ median: 30, min: 30, max: 30, unit: '1/s (quick)' });
  expect(figures.plainAedesQos1MessagesPerSecond?.median).toBe(40);
  expect(figures.connectStormSeconds?.median).toBe(0.5);
  expect(Object.keys(figures).filter((name) => name.startsWith('mosquitto'))).toEqual([]);
  const all = measurementOf([{ ...both, mosquitto: found(20) }], false).figures;
  expect(all.mosquittoBytesPerIdleClient?.median).toBe(4_096);
  expect(all.mosquittoQos1MessagesPerSecondAt10x20?.median).toBe(5);
});
