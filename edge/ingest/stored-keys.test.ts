import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StoredKeys, storedKey } from './stored-keys.ts';

/** Few different ones, so that the same content, the same half of it and the same packet id come again and again. */
const aWord = fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff);
const aContent = fc.record({ high: aWord, low: aWord });
const aMessage = fc.record({
  content: aContent,
  packetId: fc.constantFrom(0, 1, 0xffff),
  receivedAtMs: fc.integer({ min: 0, max: 4_000_000 }).map((seconds) => seconds * 1_000),
});
type Message = { content: { high: number; low: number }; packetId: number; receivedAtMs: number };

const keysOf = (messages: readonly Message[]) =>
  Buffer.concat(
    messages.map(({ content, packetId, receivedAtMs }) => storedKey(content, packetId, receivedAtMs)),
  );

it('finds what a search through all of them finds', () => {
  fc.assert(
    fc.property(
      fc.array(aMessage, { maxLength: 60 }),
      fc.nat({ max: 70 }),
      fc.uint8Array({ maxLength: 13 }),
      aContent,
      fc.option(fc.constantFrom(0, 1, 0xffff), { nil: undefined }),
      (messages, most, torn, content, packetId) => {
        const stored = new StoredKeys(Buffer.concat([keysOf(messages), torn]), most);
        const kept = most === 0 ? [] : messages.slice(-most);
        const found = kept.findLast(
          (one) =>
            one.content.high === content.high &&
            one.content.low === content.low &&
            (packetId === undefined || one.packetId === packetId),
        );
        const told = (one: Message | undefined) =>
          one && { packetId: one.packetId, receivedAtMs: one.receivedAtMs };
        expect(stored.find(content, packetId)).toEqual(told(found));
        expect(stored.newest).toEqual(told(kept.at(-1)));
      },
    ),
    { numRuns: 1_000 },
  );
});

it('keeps whole seconds, and what is before 1970 or beyond 2106 at the end of them', () => {
  const content = { high: 1, low: 2 };
  const timeOf = (ms: number) => new StoredKeys(storedKey(content, 3, ms), 9).find(content)?.receivedAtMs;
  expect([1_999, -5, 1e14].map(timeOf)).toEqual([1_000, 0, 0xffffffff * 1_000]);
});
