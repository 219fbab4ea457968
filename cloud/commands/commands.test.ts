import { randomUUID } from 'node:crypto';
import type { CommandOutcome } from '@nongtin/broker/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCloud, type TestCloud, Uplink } from '../testing/cloud.ts';
import { CommandLine } from '../testing/command-line.ts';
import { layout, TestGateway } from '../testing/gateway.ts';

let cloud: TestCloud;
let names = 0;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(async () => {
  for (const one of open) await one.close();
  await cloud.remove();
});

async function registered() {
  const gateway = new TestGateway(`gw-c${++names}`);
  const { id: gatewayId, publicKey } = gateway;
  const { body } = await cloud.call('manager', 'POST', '/api/gateways', { gatewayId, publicKey });
  const password: string = body.uplinkPassword;
  return {
    ...{ id: gatewayId, gateway, password },
    line: async () => {
      const line = await CommandLine.connect(cloud.uplinkUrl, gatewayId, password);
      open.push(line);
      return line;
    },
    issue: (order: object) => cloud.call('technician', 'POST', `/api/gateways/${gatewayId}/commands`, order),
  };
}

const start = { kind: 'start_zone', zone: 'a1', durationSeconds: 600 };
const stateOf = async (id: string) => (await cloud.call('auditor', 'GET', `/api/commands/${id}`)).body.state;
const until = (id: string) => expect.poll(() => stateOf(id), { timeout: 10_000 });

describe('a command', () => {
  it('waits for its gateway, is sent when that says it is ready, and is followed to its end', async () => {
    const farm = await registered();
    const { status, body } = await farm.issue(start);
    expect(status).toBe(201);
    expect(body).toMatchObject({ ...start, state: 'waiting', sends: 0, gatewayId: farm.id, steps: [] });
    const line = await farm.line();
    await line.ready();
    await expect.poll(() => line.received).toHaveLength(1);
    expect(line.received[0]).toEqual({
      ...{ ...start, id: body.commandId, issuedBy: body.issuedBy },
      ...{ issuedAtMs: body.issuedAtMs, expiresAtMs: body.issuedAtMs + 120_000 },
    });
    await until(body.commandId).toBe('sent');
    await line.tell(body.commandId, 'accepted');
    await until(body.commandId).toBe('accepted');
    await line.tell(body.commandId, 'started', { flowLitresPerMinute: 38 });
    await until(body.commandId).toBe('started');
    const water = {
      runs: 1,
      plannedLitres: 380,
      measuredLitres: 377.5,
      actualSeconds: 600,
      ended: 'completed',
    };
    await line.tell(body.commandId, 'finished', { water });
    await until(body.commandId).toBe('finished');
    const { body: seen } = await cloud.call('manager', 'GET', `/api/commands/${body.commandId}`);
    expect(seen.steps.map(({ step }: CommandOutcome) => step)).toEqual(['accepted', 'started', 'finished']);
    expect(seen.steps[2]).toMatchObject({ water, entryNumber: null, receivedAtMs: expect.any(Number) });
  });

  it('is sent at once to a gateway that is there', async () => {
    const farm = await registered();
    const line = await farm.line();
    await line.ready();
    const { body } = await farm.issue(start);
    expect(body).toMatchObject({ state: 'sent', sends: 1 });
    await expect.poll(() => line.received).toHaveLength(1);
  });

  it('waits for a gateway that has gone', async () => {
    const farm = await registered();
    const line = await farm.line();
    await line.ready();
    await line.close();
    await expect.poll(async () => (await farm.issue({ kind: 'stop_all' })).body.state).toBe('waiting');
  });

  it('is sent again until it is answered, and not afterwards', async () => {
    const farm = await registered();
    const line = await farm.line();
    await line.ready();
    const { body } = await farm.issue(start);
    await line.ready();
    await expect.poll(() => line.received.map(({ id }) => id)).toEqual([body.commandId, body.commandId]);
    await line.tell(body.commandId, 'accepted');
    await line.ready();
    await line.ready();
    expect(line.received).toHaveLength(2);
    expect((await cloud.call('manager', 'GET', `/api/commands/${body.commandId}`)).body.sends).toBe(2);
  });

  it('outlives a restart of the cloud, as does what was said of it', async () => {
    const farm = await registered();
    const { body: first } = await farm.issue(start);
    const { body: second } = await farm.issue({ ...start, zone: 'b1' });
    const before = await farm.line();
    await before.ready();
    await expect.poll(() => before.received).toHaveLength(2);
    await before.tell(first.commandId, 'accepted');
    await before.close();
    await cloud.restart();
    const after = await farm.line();
    await after.ready();
    await expect.poll(() => after.received.map(({ id }) => id)).toEqual([second.commandId]);
    expect(await stateOf(first.commandId)).toBe('accepted');
  });

  it('takes its end from the journal when the answer is lost, with the entry that proves it', async () => {
    const farm = await registered();
    const uplink = await Uplink.connect(cloud.uplinkUrl, farm.id, farm.password);
    open.push(uplink);
    const { body } = await farm.issue(start);
    const command = { ...start, id: body.commandId, issuedBy: 'Ba', issuedAtMs: 1, expiresAtMs: 2 } as const;
    const outcome = { kind: 'remote_outcome', commandId: body.commandId, atMs: 5 } as const;
    await uplink.send(
      farm.gateway.record(layout),
      farm.gateway.record({ kind: 'remote_command', atMs: 4, command: { ...command, kind: 'start_zone' } }),
      farm.gateway.record({ ...outcome, step: 'accepted' }),
      farm.gateway.record({
        ...outcome,
        step: 'interrupted',
        reason: { key: 'gateway_restarted', figures: {} },
      }),
    );
    await until(body.commandId).toBe('interrupted');
    const { body: seen } = await cloud.call('auditor', 'GET', `/api/commands/${body.commandId}`);
    expect(seen.steps).toMatchObject([
      { step: 'accepted', entryNumber: 3, receivedAtMs: null },
      { step: 'interrupted', entryNumber: 4, reason: { key: 'gateway_restarted' } },
    ]);
    // The answer comes after all: it changes nothing.
    const line = await farm.line();
    await line.tell(body.commandId, 'accepted');
    await line.ready();
    expect(line.received).toEqual([]);
    expect(await stateOf(body.commandId)).toBe('interrupted');
  });

  it('is withdrawn while it waits, and only then', async () => {
    const farm = await registered();
    const { body: waiting } = await farm.issue(start);
    expect((await cloud.call('technician', 'DELETE', `/api/commands/${waiting.commandId}`)).status).toBe(204);
    const line = await farm.line();
    await line.ready();
    const { body: sent } = await farm.issue(start);
    const refused = await cloud.call('technician', 'DELETE', `/api/commands/${sent.commandId}`);
    expect(refused).toMatchObject({ status: 409, body: { error: { code: 'not_waiting' } } });
    await expect.poll(() => line.received.map(({ id }) => id)).toEqual([sent.commandId]);
    expect((await cloud.call('technician', 'DELETE', `/api/commands/${randomUUID()}`)).status).toBe(404);
  });

  it('is one, however often its id is given', async () => {
    const farm = await registered();
    const id = randomUUID();
    const answers = await Promise.all([1, 2, 3].map(() => farm.issue({ ...start, id })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    expect(new Set(answers.map(({ body }) => body.commandId))).toEqual(new Set([id]));
    const other = await farm.issue({ ...start, id, durationSeconds: 60 });
    expect(other).toMatchObject({ status: 409, body: { error: { code: 'id_taken' } } });
    const list = await cloud.call('technician', 'GET', `/api/gateways/${farm.id}/commands`);
    expect(list.body.commands).toHaveLength(1);
  });
});

describe('what is refused', () => {
  it('a gateway that answers for another', async () => {
    const [one, other] = [await registered(), await registered()];
    const { body } = await one.issue(start);
    const line = await other.line();
    await line.tell(body.commandId, 'finished');
    await line.ready();
    expect(await stateOf(body.commandId)).toBe('waiting');
    expect(line.received).toEqual([]);
  });

  it('rubbish from a gateway, which stops nothing', async () => {
    const farm = await registered();
    const line = await farm.line();
    const { body } = await farm.issue(start);
    for (const text of ['', '{', 'null', '{"ready":false}', '{"commandId":"x","step":"finished","atMs":1}'])
      await line.say(text);
    await line.say({ commandId: body.commandId, step: 'finished', atMs: 1, padding: 'x'.repeat(20_000) });
    await line.tell(randomUUID(), 'finished');
    expect(await stateOf(body.commandId)).toBe('waiting');
    await line.ready();
    await expect.poll(() => line.received).toHaveLength(1);
  });

  it('water for a gateway that does not know the time, until it does; stops go out', async () => {
    const farm = await registered();
    const line = await farm.line();
    await line.ready(false);
    await farm.issue(start);
    const { body: stop } = await farm.issue({ kind: 'stop_all' });
    await expect.poll(() => line.received.map(({ id }) => id)).toEqual([stop.commandId]);
    await line.ready(true);
    await expect.poll(() => line.received.map(({ kind }) => kind)).toContain('start_zone');
  });

  it.each([
    [{}, /kind must be one of start_zone, stop_zone/],
    [{ kind: 'open_everything' }, /kind must be one of/],
    [{ kind: 'constructor' }, /kind must be one of/],
    [{ kind: 'start_zone', zone: 'a1' }, /durationSeconds is missing/],
    [{ ...start, durationSeconds: '600' }, /durationSeconds must be integer/],
    [{ ...start, durationSeconds: 14_401 }, /durationSeconds must be <= 14400/],
    [{ ...start, zone: '../a1' }, /zone must match/],
    [{ ...start, force: true }, /force is not known here/],
    [{ ...start, expiresInSeconds: 601 }, /expiresInSeconds must be <= 600/],
    [{ ...start, id: 'mine' }, /id must match/],
    [
      { kind: 'change_program', zone: 'a1', openBelowFraction: 20, targetFraction: 0.3, runSeconds: 60 },
      /openBelow/,
    ],
  ])('a body like %j, with what is wrong with it', async (body, message) => {
    const farm = await registered();
    const answer = await farm.issue(body);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatchObject({ kind: 'your_input', code: 'not_a_command' });
    expect(answer.body.error.message).toMatch(message);
  });

  it('a gateway that nobody has registered, and a caller who may not', async () => {
    const nowhere = await cloud.call('manager', 'POST', '/api/gateways/gw-nowhere/commands', start);
    expect(nowhere).toMatchObject({ status: 404, body: { error: { code: 'no_such_gateway' } } });
    const farm = await registered();
    for (const role of ['member', 'alliance_officer', 'auditor'] as const) {
      const answer = await cloud.call(role, 'POST', `/api/gateways/${farm.id}/commands`, start);
      expect(answer.status).toBe(403);
    }
    expect((await cloud.call(undefined, 'POST', `/api/gateways/${farm.id}/commands`, start)).status).toBe(
      401,
    );
  });

  it('more than a hundred that wait for one gateway', async () => {
    const farm = await registered();
    for (let count = 0; count < 100; count++)
      expect((await farm.issue({ kind: 'stop_all' })).status).toBe(201);
    const answer = await farm.issue({ kind: 'stop_all' });
    expect(answer).toMatchObject({
      status: 429,
      body: { error: { kind: 'try_later', code: 'too_many_open' } },
    });
  });
});
