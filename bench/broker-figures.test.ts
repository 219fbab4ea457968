import { expect, test } from 'vitest';
import { type Found, measurementOf } from './broker-figures.ts';

const rate = (messagesPerSecond: number) => ({ messagesPerSecond, cpuSecondsPer10k: 0.1 });
const found = (perSecond: number): Found => ({
  ...{ qos1: rate(perSecond), qos1Wide: rate(4 * perSecond), qos0: rate(2), fanOutPerSecond: 3 },
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
  expect(figures.durableRatioPlainAedesAt50x200).toEqual(figures.durableRatioPlainAedes);
  expect(targets.map(({ figure }) => figure)).toEqual(['durableRatioPlainAedes']);
});

test("a peer's figures begin with its name, and what it was not asked for, or is not installed for, is left out", () => {
  const both = { ours: found(30), plainAedes: found(40) };
  const { figures } = measurementOf([both], true);
  expect(figures.qos1DurableMessagesPerSecond).toEqual({ median: 30, min: 30, max: 30, unit: '1/s (quick)' });
  expect(figures.plainAedesQos1MessagesPerSecond?.median).toBe(40);
  expect(figures.connectStormSeconds?.median).toBe(0.5);
  expect(Object.keys(figures).filter((name) => name.startsWith('mosquitto'))).toEqual([]);
  const all = measurementOf([{ ...both, mosquitto: { ...found(20), qos1Wide: undefined } }], false).figures;
  expect(all.mosquittoBytesPerIdleClient?.median).toBe(4_096);
  expect(Object.keys(all).filter((name) => /^mosquitto.*50x200/.test(name))).toEqual([]);
});
