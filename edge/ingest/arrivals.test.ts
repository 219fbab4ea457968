import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Arrivals } from './arrivals.ts';

const contentOf = (number: number) => ({ high: number % 3, low: Math.floor(number / 3) });

it('finds the newest of a content and a packet id, as a list of everything would', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ content: fc.nat(11), packetId: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.constant('forget' as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const arrivals = new Arrivals();
      const list: { content: number; packetId: number; atMs: number; group: number }[] = [];
      for (const [index, made] of steps.entries()) {
        if (made === 'forget') {
          arrivals.forgetOldest();
          list.shift();
        } else {
          const one = { ...made, atMs: index + 0.5, group: index };
          arrivals.add(contentOf(made.content), { ...one, connection: 65_535 });
          list.push(one);
        }
        expect(arrivals.size).toBe(list.length);
      }
      for (let content = 0; content < 12; content += 1) {
        const last = list.findLast((one) => one.content === content);
        expect(arrivals.find(contentOf(content))?.atMs).toBe(last?.atMs);
        expect(arrivals.find(contentOf(content))?.group).toBe(last?.group);
        if (last !== undefined) expect(arrivals.find(contentOf(content))?.connection).toBe(65_535);
        const ofPacket = list.findLast((one) => one.content === content && one.packetId === 2);
        expect(arrivals.find(contentOf(content), 2)?.atMs).toBe(ofPacket?.atMs);
      }
    }),
  );
});

it('holds so many of one speaker, and then forgets the oldest', () => {
  const arrivals = new Arrivals();
  for (let number = 0; number < 5_000; number += 1) {
    arrivals.add({ high: number, low: 7 }, { atMs: number, connection: 1, packetId: 1, group: 7 });
  }
  expect(arrivals.size).toBe(4_096);
  expect(arrivals.find({ high: 903, low: 7 })).toBeUndefined();
  expect(arrivals.find({ high: 904, low: 7 })?.atMs).toBe(904);
});
