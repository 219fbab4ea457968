import { rmSync } from 'node:fs';
import type { RemoteCommand } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRecords, type Records } from '../records/index.ts';
import { TestGateway } from '../testing/gateway.ts';
import { recordsFolder } from '../testing/records-folder.ts';
import { Commands } from './commands.ts';

const logger = pino({ enabled: false });
const dataDir = await recordsFolder('nongtin-readiness-');
const clock = { nowMs: () => 1_000 };
let records: Records;

beforeAll(async () => {
  records = openRecords({ dataDir, logger });
  await records.start();
  const { db } = records;
  await db
    .insertInto('cooperatives')
    .values({ id: 'coop', chain_id: '0x00', name: 'Coop', created_at_ms: 1 })
    .execute();
});
afterAll(async () => {
  await records.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** A cloud of two processes: one issues commands, the other hears the gateway. */
async function cloudOfTwo(gateway: string) {
  const { publicKey } = new TestGateway(gateway);
  const told = { gateway_id: gateway, public_key: publicKey, cooperative_id: 'coop', registered_by: 'test' };
  await records.db
    .insertInto('gateways')
    .values({ ...told, registered_at_ms: 1, revoked: false })
    .execute();
  const sent: string[] = [];
  const processes = ['cloud', 'worker'].map((name) => {
    const commands = new Commands({ db: records.db, clock, logger, shared: true });
    commands.start(async (_, { id }) => void sent.push(`${name} ${id}`));
    return commands;
  }) as [Commands, Commands];
  const [cloud, worker] = processes;
  return {
    ...{ cloud, sent },
    say: (ready: boolean, connection: string, clockTrusted = true) =>
      worker.onMessage(gateway, Buffer.from(JSON.stringify({ ready, connection, clockTrusted }))),
    issue: (id: string, kind: 'stop_all' | 'start_zone' = 'stop_all') =>
      cloud.issue(gateway, commandOf(id, kind), 'a@b.c'),
    stateOf: async (id: string) => (await cloud.get(id))?.state,
    stop: () => processes.forEach((one) => void one.stop()),
  };
}

function commandOf(id: string, kind: 'stop_all' | 'start_zone'): RemoteCommand {
  const more = kind === 'start_zone' ? { zone: 'a1', durationSeconds: 60 } : {};
  return { id, kind, issuedBy: 'An', issuedAtMs: 1_000, expiresAtMs: 60_000, ...more } as RemoteCommand;
}

describe('a command, in a cloud of several processes', () => {
  it('waits until any of them hears that the gateway is there, and can be withdrawn until then', async () => {
    const { cloud, issue, say, sent, stateOf, stop } = await cloudOfTwo('gw-a');
    await issue('a-1');
    await issue('a-2');
    expect(await stateOf('a-1')).toBe('waiting');
    expect(await cloud.withdraw('a-2')).toBe(true);
    await say(true, 'first');
    expect(sent).toEqual(['worker a-1']);
    expect(await stateOf('a-1')).toBe('sent');
    await issue('a-3');
    expect(sent).toEqual(['worker a-1', 'cloud a-3']);
    stop();
  });

  it('waits again when the gateway’s connection has left its will, and not when an earlier one has', async () => {
    const { issue, say, sent, stateOf, stop } = await cloudOfTwo('gw-b');
    await say(true, 'first');
    await say(true, 'second');
    await say(false, 'first');
    await issue('b-1');
    expect(sent).toEqual(['cloud b-1']);
    await say(false, 'second');
    await issue('b-2');
    expect(await stateOf('b-2')).toBe('waiting');
    stop();
  });

  it('waits for a gateway that knows no time, unless it stops', async () => {
    const { issue, say, sent, stateOf, stop } = await cloudOfTwo('gw-c');
    await say(true, 'first', false);
    await issue('c-1', 'start_zone');
    await issue('c-2');
    expect(sent).toEqual(['cloud c-2']);
    await say(true, 'first');
    expect(await stateOf('c-1')).toBe('sent');
    stop();
  });
});
