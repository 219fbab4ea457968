import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LastingSessions } from './lasting.ts';
import { noFile } from './session-file.ts';
import { connectFrame, Farm, frame, nextMessage, RecordingHook, text, until } from './testing/farm.ts';

let folder = '';
let farm: Farm | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-sessions-'));
});
afterEach(async () => {
  await farm?.close();
  farm = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const path = () => join(folder, 'sessions.sqlite');

/** The farm's broker, begun (again) on the same file. */
async function open(hook?: RecordingHook, limits: Parameters<typeof Farm.open>[1] = {}): Promise<Farm> {
  await farm?.close();
  farm = await Farm.open(hook, limits, { sessionsPath: path() });
  return farm;
}

const COMMAND = 'nongtin/v1/valve-1/valve/command';
const STATUS = 'nongtin/v1/valve-1/status';
const nobodyThere = (at: Farm) => until(() => at.broker.stats().connected === 0);

describe('a session that stays', () => {
  it.each([
    ['while the broker runs', false],
    ['over a restart of the broker', true],
  ])(
    'gives a listener what devices said with QoS 1 and 2 while it was away, in order, %s',
    async (_, restarts) => {
      let at = await open();
      const flows = await at.lasting('flows');
      await flows.client.subscribeAsync({ 'nongtin/v1/+/readings': { qos: 2 }, 'local/#': { qos: 1 } });
      await flows.client.endAsync();
      const device = await at.client('valve-1');
      for (const [text, qos] of [
        ['a', 1],
        ['b', 2],
        ['no', 0],
        ['c', 1],
      ] as const)
        await device.publishAsync('nongtin/v1/valve-1/readings', text, { qos });
      await (await at.client('an')).publishAsync('local/note', 'd', { qos: 2, retain: true });
      await device.endAsync();
      expect(at.broker.stats().lasting).toEqual({ sessions: 1, away: 1, waiting: 4, dropped: 0 });
      if (restarts) at = await open();
      const back = await at.lasting('flows');
      await until(() => back.heard.length === 4);
      // A client hears a QoS 2 message when it is released: no order between the two.
      expect([back.sessionPresent, back.heard.filter((text) => text !== 'b')]).toEqual([
        true,
        ['a', 'c', 'd'],
      ]);
      expect(back.heard).toContain('b');
      await until(() => at.broker.stats().lasting.waiting === 0);
      await back.client.endAsync();
      const again = await at.lasting('flows');
      await again.client.publishAsync('local/mark', 'mark', { qos: 1 });
      await until(() => again.heard.length > 0);
      expect(again.heard).toEqual(['mark']);
    },
  );

  it('remembers what a device listens to over a restart, and keeps no command for it', async () => {
    const at = await open();
    const device = await at.lasting('valve-1');
    await device.client.subscribeAsync(COMMAND, { qos: 1 });
    await device.client.endAsync();
    await nobodyThere(at);
    await at.broker.publish(COMMAND, 'old', { qos: 1 });
    const later = await open();
    const back = await later.lasting('valve-1');
    await later.broker.publish(COMMAND, 'new', { qos: 1 });
    await until(() => back.heard.length > 0);
    expect([back.sessionPresent, back.heard]).toEqual([true, ['new']]);
  });

  it('holds the newest 1,000 messages for one who stays away', async () => {
    const at = await open();
    const flows = await at.lasting('flows');
    await flows.client.subscribeAsync('local/#', { qos: 1 });
    await flows.client.endAsync();
    await nobodyThere(at);
    const technician = await at.client('an');
    const texts = Array.from({ length: 1_010 }, (_, index) => String(index));
    await Promise.all(texts.map((text) => technician.publishAsync('local/x', text, { qos: 1 })));
    expect(at.broker.stats().lasting).toEqual({ sessions: 1, away: 1, waiting: 1_000, dropped: 10 });
    const back = await (await open()).lasting('flows');
    await until(() => back.heard.length === 1_000);
    expect(back.heard).toEqual(texts.slice(10));
  });

  it('is forgotten with its messages when its credential is revoked, and when it begins anew', async () => {
    const at = await open();
    for (const id of ['flows', 'an']) {
      const { client } = await at.lasting(id);
      await client.subscribeAsync('local/#', { qos: 1 });
    }
    at.broker.disconnect('flows');
    await until(() => at.broker.stats().connected === 1);
    expect(at.broker.stats().lasting.sessions).toBe(1);
    expect((await at.lasting('flows')).sessionPresent).toBe(false);
    await (await at.client('an', { clientId: 'stays', clean: true })).endAsync();
    expect((await (await open()).lasting('an')).sessionPresent).toBe(false);
  });

  it('is one of ten of its identity, and ends after two weeks away', () => {
    const forgotten: string[] = [];
    const sessions = new LastingSessions({ file: noFile, onForgotten: (key) => forgotten.push(key) });
    const valve = { id: 'valve-1', role: 'device' } as const;
    for (const key of ['there', ...Array.from({ length: 11 }, (_, n) => `c${n}`)]) {
      sessions.begin(key, valve);
      if (key !== 'there') sessions.end(key);
    }
    expect(forgotten).toEqual(['c0', 'c1']);
    for (let hour = 0; hour < 14 * 24 - 1; hour += 1) sessions.passHour();
    expect(forgotten).toHaveLength(2);
    sessions.passHour();
    expect(sessions.figures().sessions).toBe(1);
  });
});

describe('an unfinished handshake', () => {
  const LISTENER = connectFrame('flows', 'raw');

  /** A client by hand whose session stays; it answers nothing by itself. */
  async function raw(at: Farm, hello: Buffer) {
    const socket = await at.socket();
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString('hex');
    });
    socket.write(hello);
    await until(() => received.startsWith('2002'));
    return { socket, has: (hex: string) => until(() => received.includes(hex)), received: () => received };
  }

  const filter = frame(0x82, Buffer.concat([Buffer.from([0, 9]), text('local/#'), Buffer.from([2])]));
  const hex = (value: string) => Buffer.from(value).toString('hex');

  it('of QoS 1 is begun again with DUP and the same packet id, also after a restart', async () => {
    const at = await open();
    const first = await raw(at, LISTENER);
    first.socket.write(filter);
    await first.has('9003000902');
    await (await at.client('an')).publishAsync('local/x', 'hello', { qos: 1 });
    await first.has(hex('hello'));
    const id = idOf(first.received(), '32');
    first.socket.destroy();
    for (const begin of [() => at, () => open()]) {
      const again = await raw(await begin(), LISTENER);
      await again.has(hex('hello'));
      expect(idOf(again.received(), '3a')).toBe(id);
      again.socket.destroy();
    }
  });

  it('of QoS 2 goes on where it stood: what the client has is released, not sent again', async () => {
    const at = await open();
    const first = await raw(at, LISTENER);
    first.socket.write(filter);
    await first.has('9003000902');
    await (await at.client('an')).publishAsync('local/x', 'hello', { qos: 2 });
    await first.has(hex('hello'));
    const id = idOf(first.received(), '34');
    first.socket.write(Buffer.from(`5002${id}`, 'hex'));
    await first.has(`6202${id}`);
    const again = await raw(await open(), LISTENER);
    await again.has(`6202${id}`);
    expect(again.received()).not.toContain(hex('hello'));
    again.socket.write(Buffer.from(`7002${id}`, 'hex'));
    await until(() => farm?.broker.stats().lasting.waiting === 0);
  });

  it('of a QoS 2 message to the broker is no second message after a restart', async () => {
    const hook = new RecordingHook();
    const message = (first: number) =>
      frame(
        first,
        Buffer.concat([text('nongtin/v1/valve-1/readings'), Buffer.from([0, 5]), Buffer.from('{}')]),
      );
    const hello = connectFrame('valve-1', 'raw');
    const before = await raw(await open(hook), hello);
    before.socket.write(message(0x34));
    await before.has('50020005');
    const after = await raw(await open(hook), hello);
    after.socket.write(message(0x3c));
    await after.has('50020005');
    after.socket.write(Buffer.from('62020005', 'hex'));
    await after.has('70020005');
    expect(hook.messages).toHaveLength(1);
    after.socket.write(message(0x34));
    await until(() => hook.messages.length === 2);
  });

  /** The packet id of the PUBLISH to local/x with this first byte. */
  function idOf(received: string, first: string): string {
    const at = received.indexOf(`${first}`, received.indexOf(hex('local/x')) - 8);
    const topic = received.indexOf(hex('local/x'), at);
    expect(received.slice(at, at + 2)).toBe(first);
    return received.slice(topic + 14, topic + 18);
  }
});

describe('what was left behind', () => {
  const will = { topic: STATUS, payload: Buffer.from('offline'), qos: 1, retain: true } as const;

  it('to be retained is there after a restart', async () => {
    const device = await (await open()).client('valve-1');
    await device.publishAsync(STATUS, 'online', { qos: 1, retain: true });
    const at = await open();
    const technician = await at.client('an');
    const heard = nextMessage(technician);
    await technician.subscribeAsync('nongtin/v1/+/status');
    expect(await heard).toEqual({ topic: STATUS, text: 'online' });
    await (await at.client('valve-1')).publishAsync(STATUS, '', { qos: 1, retain: true });
    expect((await open()).broker.stats().retained).toBe(0);
  });

  it('as a last will is told for who does not come back after a restart', async () => {
    const before = await open();
    const device = await before.client('valve-1', { will });
    await device.publishAsync(STATUS, 'online', { qos: 1, retain: true });
    await before.broker.stop();
    const hook = new RecordingHook();
    const at = await open(hook, { leftWillMs: 30 });
    const technician = await at.client('an');
    const heard: string[] = [];
    technician.on('message', (_, payload) => heard.push(payload.toString()));
    await technician.subscribeAsync('nongtin/v1/+/status', { qos: 1 });
    await until(() => heard.at(-1) === 'offline');
    expect(hook.messages).toMatchObject([{ identity: { id: 'valve-1' }, topic: STATUS, retain: true }]);
    expect((await open()).broker.stats().retained).toBe(1);
  });

  it('as a last will is not told of who is back, under whatever client id', async () => {
    const before = await open();
    for (const id of ['valve-1', 'valve-2'])
      await before.client(id, { will: { ...will, topic: `nongtin/v1/${id}/status` }, clientId: 'one' });
    await before.broker.stop();
    const hook = new RecordingHook();
    const at = await open(hook, { leftWillMs: 2_000 });
    await at.client('valve-1', { clientId: 'two' });
    // Wills are told all at once, so that the other's tells that ours would have been.
    await until(() => hook.messages.length > 0);
    expect(hook.messages).toMatchObject([{ identity: { id: 'valve-2' } }]);
  });
});

describe('the file of sessions', () => {
  it('is set aside when it is damaged, and the broker begins anew', async () => {
    writeFileSync(path(), 'this is no database, and long enough to be taken for one'.repeat(100));
    const at = await open();
    const { client } = await at.lasting('flows');
    await client.subscribeAsync('local/#', { qos: 1 });
    expect((await (await open()).lasting('flows')).sessionPresent).toBe(true);
    expect(readdirSync(folder)).toContain('sessions.sqlite.damaged');
  });

  it('that cannot be opened or written stops nothing', async () => {
    mkdirSync(path());
    const at = await open();
    const flows = await at.lasting('flows');
    await flows.client.subscribeAsync('local/#', { qos: 1 });
    await flows.client.publishAsync('local/x', 'heard', { qos: 2, retain: true });
    await until(() => flows.heard.length === 1);
  });
});
