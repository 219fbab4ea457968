import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type LaneEnds, type LaneMessage, PublishLane } from './lane.ts';
import { connectFrame, Farm, frame, ManualHook, RecordingHook, text, until } from './testing/farm.ts';

const READINGS = 'nongtin/v1/valve-1/readings';

const publish = (packetId: number, payload: string | Buffer, topic = READINGS, first = 0x32) =>
  frame(
    first,
    Buffer.concat([text(topic), Buffer.from([packetId >> 8, packetId & 255]), Buffer.from(payload)]),
  );

const publish0 = (payload: string) =>
  frame(0x30, Buffer.concat([text(READINGS), Buffer.from(payload, 'latin1')]));

/** A lane whose messages are durable when the test says so. */
function laneOf(isOpen = true) {
  const taken: { packetId: number | undefined; payload: string; dup: boolean }[] = [];
  const settles: PromiseWithResolvers<void>[] = [];
  const written: Buffer[] = [];
  const told: string[] = [];
  const ends: LaneEnds = {
    isOpen: () => isOpen,
    take: ({ topic, packetId, payload, dup }: LaneMessage) => {
      if (topic !== READINGS) return undefined;
      taken.push({ packetId, payload: Buffer.from(payload).toString('latin1'), dup });
      // The first two become durable together.
      const group = settles.length === 1 && taken.length === 2 ? settles[0] : undefined;
      const durable = group ?? Promise.withResolvers<void>();
      if (group === undefined) settles.push(durable);
      return durable.promise;
    },
    onTaken: () => told.push('alive'),
    write: (bytes) => written.push(Buffer.from(bytes)),
    giveUp: () => told.push('given up'),
    onRoom: () => told.push('room'),
  };
  return { lane: new PublishLane(ends), taken, settles, written, told };
}

describe('the lane of QoS 0 and 1 messages', () => {
  const anyFrame = fc.oneof(
    fc.record({
      id: fc.integer({ min: 1, max: 65_535 }),
      payload: fc.string({ maxLength: 300 }),
      dup: fc.boolean(),
      qos: fc.constantFrom(0, 1),
    }),
    // PINGREQ, messages that are to be retained, one for another topic, one that is larger than the lane takes.
    fc.constantFrom(
      Buffer.from([0xc0, 0]),
      frame(0x31, Buffer.concat([text(READINGS), Buffer.from('x')])),
      publish(7, 'kept', READINGS, 0x33),
      publish(8, 'elsewhere', 'nongtin/v1/valve-1/status'),
      publish(9, Buffer.alloc(70_000, 1)),
    ),
  );

  it('takes its own and passes on the rest, byte for byte and in order, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.infiniteStream(fc.nat(400)), (frames, cuts) => {
        const { lane, taken } = laneOf();
        const bytes = frames.map((made) =>
          Buffer.isBuffer(made)
            ? made
            : made.qos === 0
              ? publish0(made.payload)
              : publish(made.id, Buffer.from(made.payload, 'latin1'), READINGS, made.dup ? 0x3a : 0x32),
        );
        const all = Buffer.concat(bytes);
        const rest: Buffer[] = [];
        for (let at = 0; at < all.length; ) {
          const size = 1 + (cuts.next().value ?? 0) * (all.length > 20_000 ? 100 : 1);
          rest.push(Buffer.from(lane.sift(all.subarray(at, at + size))));
          at += size;
        }
        const own = frames.flatMap((made) =>
          Buffer.isBuffer(made)
            ? []
            : [
                {
                  packetId: made.qos === 0 ? undefined : made.id,
                  payload: Buffer.from(made.payload, 'latin1').toString('latin1'),
                  dup: made.qos === 1 && made.dup,
                },
              ],
        );
        expect(taken).toEqual(own);
        expect(
          Buffer.concat(rest).equals(Buffer.concat(frames.filter((made) => Buffer.isBuffer(made)))),
        ).toBe(true);
      }),
    );
  });

  it('acknowledges what becomes durable together in one write, and nothing before', async () => {
    const { lane, settles, written, told } = laneOf();
    lane.sift(Buffer.concat([publish(1, 'a'), publish(258, 'b'), publish(3, 'c')]));
    expect(told).toEqual(['alive']);
    await Promise.resolve();
    expect(written).toEqual([]);
    settles[0]?.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toEqual([Buffer.from([0x40, 2, 0, 1, 0x40, 2, 1, 2])]);
  });

  it('acknowledges nothing of QoS 0, and counts it among what waits', async () => {
    const { lane, settles, written } = laneOf();
    lane.sift(Buffer.concat([publish0('a'), publish0('b'), publish(3, 'c')]));
    settles[0]?.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toEqual([]);
    settles[1]?.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toEqual([Buffer.from([0x40, 2, 0, 3])]);
    lane.sift(Buffer.concat(Array.from({ length: 2_000 }, () => publish0('x'))));
    expect(lane.isFull).toBe(true);
  });

  it('gives the connection up when a message will never be durable', async () => {
    const { lane, settles, told, written } = laneOf();
    lane.sift(publish(1, 'a'));
    settles[0]?.reject(new Error('the disk is gone'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual(['alive', 'given up']);
    expect(written).toEqual([]);
  });

  it('passes everything on until the client is connected, and packet id 0 always', () => {
    const closed = laneOf(false);
    expect(closed.lane.sift(publish(1, 'a'))).toEqual(publish(1, 'a'));
    const open = laneOf();
    expect(open.lane.sift(publish(0, 'a'))).toEqual(publish(0, 'a'));
    expect([...closed.taken, ...open.taken]).toEqual([]);
  });

  it('is full when too much waits for the disk, and tells when there is room again', async () => {
    const { lane, settles, told } = laneOf();
    lane.sift(Buffer.concat(Array.from({ length: 2_000 }, (_, index) => publish(1 + index, 'a'))));
    expect(lane.isFull).toBe(true);
    settles[0]?.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(lane.isFull).toBe(false);
    expect(told).toEqual(['alive', 'room']);
  });
});

describe('the broker with its lane', () => {
  let farm: Farm | undefined;
  afterEach(async () => {
    await farm?.close();
    farm = undefined;
  });

  async function session() {
    const socket = await (farm as Farm).socket();
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
    });
    return { socket, received: () => received.toString('hex') };
  }

  it('takes messages that came in one packet with CONNECT, and those after it', async () => {
    const hook = new RecordingHook();
    farm = await Farm.open(hook);
    const { socket, received } = await session();
    socket.write(Buffer.concat([connectFrame('valve-1', 'c'), publish(1, 'with'), publish(2, 'with too')]));
    await until(() => received().includes('40020002'));
    socket.write(Buffer.concat([publish(3, 'after'), Buffer.from([0xc0, 0])]));
    await until(() => received().includes('d000') && received().includes('40020003'));
    expect(hook.messages.map(({ payload }) => Buffer.from(payload).toString())).toEqual([
      'with',
      'with too',
      'after',
    ]);
    expect(farm.broker.stats().publishReceived[1]).toBe(3);
  });

  it('keeps a client that sends nothing but QoS 1 messages beyond its keep-alive', async () => {
    farm = await Farm.open(new RecordingHook());
    const { socket, received } = await session();
    const connect = connectFrame('valve-1', 'c');
    // One second: the client is to be dropped after one and a half without a packet (MQTT 3.1.1, 3.1.2.10).
    connect[11] = 1;
    socket.write(connect);
    await until(() => received().startsWith('2002'));
    for (let id = 1; id <= 10; id += 1) {
      socket.write(publish(id, 'x'));
      await until(() => received().includes(`4002000${id.toString(16)}`));
      await delay(250);
    }
    expect(socket.destroyed).toBe(false);
    expect(farm.broker.stats().connected).toBe(1);
  });

  it('reads no more of a client while the disk stands still, and all of it afterwards', async () => {
    const hook = new ManualHook();
    farm = await Farm.open(hook);
    const { socket, received } = await session();
    socket.write(connectFrame('valve-1', 'c'));
    await until(() => received().startsWith('2002'));
    for (let id = 1; id <= 5_000; id += 1) socket.write(publish(id, 'x'.repeat(400)));
    await hook.called(2_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(hook.messages.length).toBeLessThan(2_300);
    while (hook.messages.length < 5_000) {
      hook.commit();
      await new Promise((resolve) => setImmediate(resolve));
    }
    hook.commit();
    await until(() => received().length >= 8 + 5_000 * 8);
    expect(hook.messages.map(({ packetId }) => packetId)).toEqual(
      Array.from({ length: 5_000 }, (_, index) => 1 + index),
    );
  });
});
