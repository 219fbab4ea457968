import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Farm, frame, text } from '../testing/farm.ts';
import { WireClient } from '../testing/wire-client.ts';

let farm: Farm;
let client: WireClient;
beforeEach(async () => {
  farm = await Farm.open();
  client = await WireClient.connect(farm, 'an');
});
afterEach(() => farm.close());

const bytes = (...parts: (number[] | Buffer)[]) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const ID = [0, 1];
const TOPIC = text('local/a');

type Case = readonly [what: string, packet: Buffer];

const flags: Case[] = [
  ['PUBACK', frame(0x42, bytes(ID))],
  ['PUBREC', frame(0x51, bytes(ID))],
  ['PUBREL without the 2 that it must have', frame(0x60, bytes(ID))],
  ['PUBCOMP', frame(0x78, bytes(ID))],
  ['SUBSCRIBE without the 2 that it must have', frame(0x80, bytes(ID, TOPIC, [0]))],
  ['UNSUBSCRIBE with one more', frame(0xa3, bytes(ID, TOPIC))],
  ['PINGREQ', frame(0xc1, bytes())],
  ['DISCONNECT', frame(0xe8, bytes())],
];

const qos: Case[] = [
  ['PUBLISH with QoS 3', frame(0x36, bytes(TOPIC, ID))],
  ['SUBSCRIBE for QoS 3', frame(0x82, bytes(ID, TOPIC, [3]))],
  ['SUBSCRIBE with reserved bits beside the QoS', frame(0x82, bytes(ID, TOPIC, [0x81]))],
];

const types: Case[] = [
  ['the reserved type 0', frame(0x00, bytes())],
  ['CONNACK', frame(0x20, bytes([0, 0]))],
  ['SUBACK', frame(0x90, bytes(ID, [0]))],
  ['UNSUBACK', frame(0xb0, bytes(ID))],
  ['PINGRESP', frame(0xd0, bytes())],
  ['the reserved type 15', frame(0xf0, bytes())],
];

const tooShort: Case[] = [
  ['PUBLISH whose topic is longer than itself', frame(0x30, bytes([0, 99], Buffer.from('local')))],
  ['SUBSCRIBE that ends within a filter', frame(0x82, bytes(ID, [0, 99], Buffer.from('local')))],
  ['SUBSCRIBE that ends before the QoS', frame(0x82, bytes(ID, TOPIC))],
  ['UNSUBSCRIBE that ends within a filter', frame(0xa2, bytes(ID, [0, 99], Buffer.from('local')))],
];

const UNREADABLE = bytes([0, 8], Buffer.from('local/'), [0xc3, 0x28]);

/** What mqtt-packet and aedes let pass. */
const letPass: Case[] = [
  ['PUBLISH of QoS 1 with packet id 0', frame(0x32, bytes(TOPIC, [0, 0]))],
  ['PUBLISH of QoS 2 with packet id 0', frame(0x34, bytes(TOPIC, [0, 0]))],
  ['SUBSCRIBE with packet id 0', frame(0x82, bytes([0, 0], TOPIC, [0]))],
  ['UNSUBSCRIBE with packet id 0', frame(0xa2, bytes([0, 0], TOPIC))],
  ['PUBLISH on a topic that is not UTF-8', frame(0x30, bytes(UNREADABLE))],
  ['SUBSCRIBE for a filter that is not UTF-8', frame(0x82, bytes(ID, UNREADABLE, [0]))],
  ['PUBLISH that ends before its packet id', frame(0x32, bytes(TOPIC))],
  ['PUBACK without a packet id', frame(0x40, bytes())],
];

describe('a connection is ended by', () => {
  const reserved = flags.map(([what, packet]) => [`reserved flags: ${what}`, packet] as const);

  it.each([...reserved, ...qos, ...types, ...tooShort, ...letPass])('%s', ends);

  async function ends(_what: string, packet: Buffer): Promise<void> {
    client.send(packet);
    await client.settled();
    expect(client.closed).toBe(true);
  }
});
