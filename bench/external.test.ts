import { expect, test } from 'vitest';
import { type Found, figuresOf } from './external.ts';

test('ours is divided by MQTT.js run by run, whichever of them went first', () => {
  const run = (ours: number, theirs: number): Found[] => [
    { name: 'ours', messagesPerSecond: ours, messagesPerFsync: ours / 100 },
    { name: 'oursStock', messagesPerSecond: ours / 2, messagesPerFsync: 4 },
    { name: 'mqttJs', messagesPerSecond: theirs, messagesPerFsync: 1 },
  ];
  const figures = figuresOf([run(1_000, 100), run(500, 100).toReversed(), run(3_000, 100)], ' (quick)');
  expect(figures.ratioToMqttJs).toEqual({ median: 10, min: 5, max: 30, unit: '1 (quick)' });
  expect(figures.messagesPerFsync.median).toBe(10);
  expect(figures.messagesPerSecondAtStockInflight.median).toBe(500);
  expect(figures.mqttJsMessagesPerFsync.max).toBe(1);
});
