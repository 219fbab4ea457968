import type { GatewayOutcome } from '@nongtin/broker/wire';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CommandChannel } from './channel.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function conversation() {
  const said: GatewayOutcome[] = [];
  const taken: string[] = [];
  const gateway = { isSettled: true, isClockTrusted: true };
  const channel = new CommandChannel();
  return {
    ...{ said, taken, gateway, channel },
    connect: () => {
      const will = JSON.parse(channel.lastWill());
      channel.connected((message) => void said.push(JSON.parse(message)));
      return will.connection as string;
    },
    open: () =>
      channel.open({
        onCommand: (payload) => void taken.push(Buffer.from(payload).toString()),
        isSettled: () => gateway.isSettled,
        isClockTrusted: () => gateway.isClockTrusted,
      }),
  };
}

it('says that commands are taken once there is a connection and a gateway, whichever comes first', () => {
  const one = conversation();
  const connection = one.connect();
  expect(one.said).toEqual([]);
  one.open();
  expect(one.said).toEqual([{ ready: true, connection, clockTrusted: true }]);
  const other = conversation();
  other.open();
  expect(other.said).toEqual([]);
  other.connect();
  expect(other.said).toHaveLength(1);
});

it('waits until the valves have answered', () => {
  const { said, gateway, connect, open } = conversation();
  gateway.isSettled = false;
  connect();
  open();
  vi.advanceTimersByTime(5_000);
  expect(said).toEqual([]);
  gateway.isSettled = true;
  vi.advanceTimersByTime(1_000);
  expect(said).toMatchObject([{ ready: true }]);
});

it('says it again when the clock has become trusted, and then no more', () => {
  const { said, gateway, connect, open } = conversation();
  gateway.isClockTrusted = false;
  connect();
  open();
  vi.advanceTimersByTime(5_000);
  expect(said).toMatchObject([{ ready: true, clockTrusted: false }]);
  gateway.isClockTrusted = true;
  vi.advanceTimersByTime(60_000);
  expect(said).toMatchObject([{ clockTrusted: false }, { ready: true, clockTrusted: true }]);
});

it('names each connection anew, so that a late will takes nothing back', () => {
  const { said, channel, connect, open } = conversation();
  open();
  const first = connect();
  channel.disconnected();
  const second = connect();
  expect(second).not.toBe(first);
  expect(said).toMatchObject([{ connection: first }, { connection: second }]);
});

it('loses what is said without a connection, and drops what comes before the gateway can take it', () => {
  const { said, taken, channel, connect, open } = conversation();
  const outcome = { commandId: '00000000-0000-4000-8000-000000000001', step: 'accepted', atMs: 1 } as const;
  channel.say(outcome);
  channel.onMessage(Buffer.from('early'));
  open();
  channel.onMessage(Buffer.from('later'));
  connect();
  channel.say(outcome);
  channel.close();
  channel.onMessage(Buffer.from('too late'));
  expect(taken).toEqual(['later']);
  expect(said).toMatchObject([{ ready: true }, outcome]);
});
