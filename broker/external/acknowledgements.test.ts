import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Acknowledgements, PUBACK, PUBREC } from './acknowledgements.ts';

function rig() {
  const writes: number[][] = [];
  const refused: unknown[] = [];
  const acknowledgements = new Acknowledgements({
    write: (bytes) => writes.push([...bytes]),
    onRefused: (error) => refused.push(error),
    onRoom: () => {},
  });
  return { acknowledgements, writes, refused };
}

const turn = () => new Promise(setImmediate);

it('answers all that one commit has made durable in one write, each in MQTT’s own way', async () => {
  const { acknowledgements, writes } = rig();
  const commit = Promise.withResolvers<void>();
  acknowledgements.add(PUBACK, 1, commit.promise);
  acknowledgements.add(PUBREC, 0x1234, commit.promise);
  acknowledgements.add(PUBACK, 3, commit.promise.then());
  await turn();
  expect(writes).toEqual([]);
  expect(acknowledgements.waiting).toBe(3);
  commit.resolve();
  await turn();
  expect(writes.flat()).toEqual([0x40, 2, 0, 1, 0x50, 2, 0x12, 0x34, 0x40, 2, 0, 3]);
  expect(writes.length).toBeLessThanOrEqual(2);
  expect(acknowledgements.waiting).toBe(0);
});

it('keeps the order in which messages came, whatever becomes durable first, and leaves out what is refused', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ refuse: fc.boolean(), rank: fc.integer() }), { minLength: 1, maxLength: 30 }),
      async (messages) => {
        const { acknowledgements, writes, refused } = rig();
        const answers = messages.map((message, index) => ({
          ...message,
          ...Promise.withResolvers<void>(),
          index,
        }));
        for (const { promise, index } of answers) acknowledgements.add(PUBACK, index + 1, promise);
        for (const { refuse, resolve, reject } of answers.toSorted((a, b) => a.rank - b.rank)) {
          if (refuse) reject(new Error('never'));
          else resolve();
          await Promise.resolve();
        }
        await turn();
        const ids = writes.flat().filter((_, at) => at % 4 === 3);
        expect(ids).toEqual(answers.filter(({ refuse }) => !refuse).map(({ index }) => index + 1));
        expect(refused).toHaveLength(answers.filter(({ refuse }) => refuse).length);
        expect(acknowledgements.waiting).toBe(0);
      },
    ),
    { numRuns: 50 },
  );
});
