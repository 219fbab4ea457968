import { expect, test } from 'vitest';
import type { Message } from './link.ts';
import { Outbox } from './outbox.ts';

const message = (index: number): Message => ({ topic: 't', payload: String(index) });

test('has ten messages on their way at most, and goes on with each acknowledgement', () => {
  const sent: { payload: string; acknowledged: () => void }[] = [];
  const outbox = new Outbox(({ payload }, acknowledged) => sent.push({ payload, acknowledged }));
  for (let index = 0; index < 15; index += 1) outbox.add(message(index));
  expect(sent).toHaveLength(0);
  outbox.setConnected(true);
  expect(sent).toHaveLength(10);
  sent[0]?.acknowledged();
  sent[1]?.acknowledged();
  expect(sent.map(({ payload }) => payload)).toEqual(Array.from({ length: 12 }, (_, index) => String(index)));
});

test('sends nothing while the connection is away', () => {
  const sent: string[] = [];
  const outbox = new Outbox(({ payload }, acknowledged) => {
    sent.push(payload);
    acknowledged();
  });
  outbox.setConnected(true);
  outbox.add(message(1));
  outbox.setConnected(false);
  outbox.add(message(2));
  expect(sent).toEqual(['1']);
  outbox.setConnected(true);
  expect(sent).toEqual(['1', '2']);
});
