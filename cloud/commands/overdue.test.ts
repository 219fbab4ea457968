import { rmSync } from 'node:fs';
import type { RemoteCommand } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addCooperative } from '../cooperatives/cooperatives.ts';
import { GatewayRegister } from '../enrolment/gateway-register.ts';
import { openRecords, type Records } from '../records/index.ts';
import { recordsFolder } from '../testing/records-folder.ts';
import { Commands } from './commands.ts';

const folder = await recordsFolder('nongtin-overdue-');
const logger = pino({ level: 'silent' });
const clock = { ms: 1_800_000_000_000, nowMs: () => clock.ms };
const sent: RemoteCommand[] = [];
let records: Records;
let commands: Commands;
let ids = 0;

beforeAll(async () => {
  records = openRecords({ dataDir: folder, logger });
  await records.start();
  const products = [{ gtin14: '08930000000012', nameVi: 'Thanh long', nameEn: 'Dragon fruit' }];
  await addCooperative(records.db, { slug: 'htx', name: 'HTX', createdAtMs: 1, products });
  await records.db.transaction().execute((trx) =>
    new GatewayRegister(records.db).add(trx, {
      ...{ gateway_id: 'gw', cooperative_id: 'htx', public_key: 'ab'.repeat(32) },
      ...{ registered_by: 'ba@htx', registered_at_ms: 1 },
    }),
  );
  commands = new Commands({ db: records.db, clock, logger });
  commands.start(async (_gateway, command) => void sent.push(command));
});
afterAll(async () => {
  commands.stop();
  await records.stop();
  rmSync(folder, { recursive: true, force: true });
});

const say = (message: object) => commands.onMessage('gw', Buffer.from(JSON.stringify(message)));

/** Issued now, for a minute. */
async function issued(): Promise<string> {
  const id = `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`;
  const order = { kind: 'start_zone', zone: 'a1', durationSeconds: 60, issuedBy: 'Ba' } as const;
  const times = { issuedAtMs: clock.ms, expiresAtMs: clock.ms + 60_000 };
  await commands.issue('gw', { ...order, ...times, id }, 'ba@htx');
  return id;
}
const stateOf = async (id: string) => (await commands.get(id))?.state;

it('expires what was never sent, and sends it to nobody any more', async () => {
  const id = await issued();
  clock.ms += 59_999;
  await commands.closeOverdue();
  expect(await stateOf(id)).toBe('waiting');
  clock.ms += 1;
  await say({ ready: true, connection: 'c1', clockTrusted: true });
  expect(sent).toEqual([]);
  await commands.closeOverdue();
  expect(await stateOf(id)).toBe('expired');
});

it('calls unanswered what was sent and not answered, and believes the gateway when it speaks after all', async () => {
  const id = await issued();
  expect(await stateOf(id)).toBe('sent');
  clock.ms += 60_000;
  await commands.closeOverdue();
  expect(await stateOf(id)).toBe('sent');
  clock.ms += 120_000;
  await commands.closeOverdue();
  expect(await stateOf(id)).toBe('unanswered');
  await say({ commandId: id, step: 'interrupted', atMs: clock.ms });
  expect(await stateOf(id)).toBe('interrupted');
  await say({ commandId: id, step: 'accepted', atMs: clock.ms });
  expect(await stateOf(id)).toBe('interrupted');
});

it('knows when a gateway has gone, and takes the late will of an earlier connection for nothing', async () => {
  await say({ ready: true, connection: 'c2', clockTrusted: true });
  await say({ ready: false, connection: 'c1', clockTrusted: false });
  expect(await stateOf(await issued())).toBe('sent');
  await say({ ready: false, connection: 'c2', clockTrusted: false });
  expect(await stateOf(await issued())).toBe('waiting');
});

it('sends nothing to a gateway that was revoked', async () => {
  await records.db.updateTable('gateways').set({ revoked: true }).where('gateway_id', '=', 'gw').execute();
  const refused = await commands.issue(
    'gw',
    {
      ...{ id: '00000000-0000-4000-8000-00000000ffff', kind: 'stop_all', issuedBy: 'Ba' },
      ...{ issuedAtMs: clock.ms, expiresAtMs: clock.ms + 1_000 },
    },
    'ba@htx',
  );
  expect(refused).toEqual({ kind: 'refused', cause: 'gateway_revoked' });
});
