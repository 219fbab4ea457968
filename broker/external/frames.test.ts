import fc from 'fast-check';
import { generate, type IPublishPacket } from 'mqtt-packet';
import { expect, it } from 'vitest';
import { FrameReader, publishedIn } from './frames.ts';

const anyPublish: fc.Arbitrary<IPublishPacket> = fc
  .record({
    topic: fc.stringMatching(/^[a-zà-ỹ/]{1,40}$/),
    payload: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    qos: fc.constantFrom(0, 1, 2),
    dup: fc.boolean(),
    retain: fc.boolean(),
    messageId: fc.integer({ min: 1, max: 0xffff }),
  })
  .map((one) => ({ cmd: 'publish', ...one, qos: one.qos as 0 | 1 | 2, dup: one.dup && one.qos > 0 }));

/** What a reader with this bound tells, when the bytes come in pieces of these sizes. */
function read(bytes: Buffer, sizes: readonly number[], maxBytes: number) {
  const told: unknown[] = [];
  const reader = new FrameReader(maxBytes, {
    onFrame: (head, body) => told.push({ ...publishedIn(head, body) }),
    onTooLarge: (head, beginning) => {
      const { topic, packetId } = publishedIn(head, beginning) ?? {};
      told.push({ tooLarge: topic, packetId });
    },
  });
  const results: boolean[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    results.push(reader.push(Buffer.from(bytes.subarray(at, at + size))));
    at += size;
  }
  return { told, isMqtt: results.every((one) => one) };
}

it('finds the same packets however the bytes are cut, and passes over the ones that are too large', () => {
  const anySizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      fc.array(anyPublish, { maxLength: 8 }),
      anySizes,
      fc.integer({ min: 1, max: 500 }),
      (all, sizes, max) => {
        const packets = all.map((one) => generate(one));
        const expected = all.map(({ topic, payload, qos, dup, retain, messageId }, index) => {
          const packetId = qos === 0 ? undefined : messageId;
          const body = (packets[index]?.length ?? 0) - ((packets[index]?.length ?? 0) - 2 > 127 ? 3 : 2);
          return body > max ? { tooLarge: topic, packetId } : { topic, payload, qos, dup, retain, packetId };
        });
        expect(read(Buffer.concat(packets), sizes, max)).toEqual({ told: expected, isMqtt: true });
      },
    ),
  );
});

it('tells the topic of one that is larger than any beginning it keeps, without keeping the rest', () => {
  const payload = Buffer.alloc(3 * 1024 * 1024);
  const large = generate({
    cmd: 'publish',
    topic: 'a/b',
    payload,
    qos: 1,
    messageId: 7,
    dup: false,
    retain: false,
  });
  const small = generate({ cmd: 'publish', topic: 'c', payload: 'x', qos: 0, dup: false, retain: false });
  expect(read(Buffer.concat([large, small]), [65_536], 1_000)).toMatchObject({
    told: [{ tooLarge: 'a/b', packetId: 7 }, { topic: 'c' }],
  });
});

it.each([
  ['a length of five bytes', '30ffffffff7f'],
  ['a length that does not end', '30ffffffffff'],
])('says that %s is no MQTT', (_what, hex) => {
  expect(read(Buffer.from(hex, 'hex'), [1], 1_000).isMqtt).toBe(false);
});

it.each([
  ['a QoS of 3', 0x36, '0001610001'],
  ['a topic that is longer than the packet', 0x30, '000561'],
  ['no room for a packet id', 0x32, '00016100'],
  ['packet id 0', 0x32, '0001610000'],
  ['nothing at all', 0x30, ''],
])('takes no PUBLISH with %s', (_what, head, hex) => {
  expect(publishedIn(head, Buffer.from(hex, 'hex'))).toBeUndefined();
});
