import fc from 'fast-check';
import { generate, type Packet, parser } from 'mqtt-packet';
import { expect, test } from 'vitest';
import { PacketReader, PublishWriter } from './packets.ts';

const TOPIC = 'nongtin/v1/bench-1/readings';
const ascii = fc.string({ unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)) });

test('what it writes is what the MQTT library reads, however many packets lie in one buffer', () => {
  const messages = fc.array(fc.tuple(fc.integer({ min: 1, max: 65_535 }), ascii, fc.boolean()));
  fc.assert(
    fc.property(messages, fc.nat(30_000), (few, longBytes) => {
      const all = [...few, [7, 'x'.repeat(longBytes), false] as const];
      const writer = new PublishWriter(TOPIC, 1);
      for (const [id, payload, isResend] of all) writer.add(id, payload, isResend);
      expect(readBack(writer.take())).toEqual(
        all.map(([id, payload, isResend]) => [TOPIC, 1, id, payload, isResend]),
      );
      expect(writer.take()).toHaveLength(0);
    }),
  );
});

test('at QoS 0 a message has no id, and a ping comes after what was added before it', () => {
  const writer = new PublishWriter(TOPIC, 0);
  writer.add(1, 'first', false);
  writer.addPing();
  writer.add(2, 'second', false);
  expect(readBack(writer.take())).toEqual([
    [TOPIC, 0, undefined, 'first', false],
    'pingreq',
    [TOPIC, 0, undefined, 'second', false],
  ]);
});

function readBack(bytes: Buffer): unknown[] {
  const read: unknown[] = [];
  const packets = parser();
  packets.on('packet', (packet: Packet) => {
    if (packet.cmd !== 'publish') read.push(packet.cmd);
    else read.push([packet.topic, packet.qos, packet.messageId, packet.payload.toString(), packet.dup]);
  });
  packets.parse(bytes);
  return read;
}

test('packets come out whole, wherever the network has cut the stream', () => {
  const stream = Buffer.concat([
    generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }),
    generate({ cmd: 'puback', messageId: 258 }),
    generate({ cmd: 'publish', topic: 't', payload: 'x'.repeat(300), qos: 0, dup: false, retain: false }),
    generate({ cmd: 'puback', messageId: 1 }),
  ]);
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
      const heard: [number, number][] = [];
      const reader = new PacketReader((head, body) => heard.push([head >> 4, body.length]));
      const edges = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
      for (const [index, end] of edges.slice(1).entries()) reader.push(stream.subarray(edges[index], end));
      expect(heard).toEqual([
        [2, 2],
        [4, 2],
        [3, 303],
        [4, 2],
      ]);
    }),
  );
});

test('a length that never ends is refused', () => {
  const reader = new PacketReader(() => {});
  expect(() => reader.push(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff]))).toThrow('four bytes');
});
