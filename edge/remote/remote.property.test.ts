import type { RemoteCommand } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { isLastWord } from './decide.ts';
import { fakeTimers, RemoteFarm } from './remote.suite.ts';

beforeEach(fakeTimers);
afterEach(() => {
  vi.clearAllTimers();
  vi.useRealTimers();
});

const zone = fc.constantFrom('a1', 'a2');
const order = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('start_zone' as const),
      zone,
      durationSeconds: fc.constantFrom(60, 600),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop_zone' as const), zone }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('set_limit' as const),
      zone,
      maxRunSeconds: fc.constantFrom(60, 900),
    }),
  },
);
const happening = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('issue' as const),
      order,
      lifeSeconds: fc.constantFrom(5, 60, 600),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('deliver' as const), which: fc.nat(5) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      seconds: fc.constantFrom(0, 1, 6, 40, 130, 700),
    }),
  },
  { weight: 5, arbitrary: fc.constant({ do: 'write' as const }) },
  { weight: 5, arbitrary: fc.constant({ do: 'report' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lease' as const), zone }) },
  { weight: 2, arbitrary: fc.constant({ do: 'kill' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('flow' as const), zone, litres: fc.constantFrom(0, 38) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disk' as const), isFast: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('clock' as const),
      offSeconds: fc.constantFrom(-90_000, -30, 0, 30, 90_000),
    }),
  },
);
type Happening = typeof happening extends fc.Arbitrary<infer H> ? H : never;

async function happen(farm: RemoteFarm, commands: RemoteCommand[], event: Happening): Promise<void> {
  switch (event.do) {
    case 'issue': {
      const command = farm.command(event.order);
      commands.push({ ...command, expiresAtMs: command.issuedAtMs + event.lifeSeconds * 1000 });
      return farm.deliver(commands.at(-1) ?? command);
    }
    case 'deliver': {
      const command = commands.at(-1 - event.which);
      return command && farm.deliver(command);
    }
    case 'wait':
      return farm.wait(event.seconds);
    case 'write':
      return farm.write();
    case 'report':
      return farm.report();
    case 'lease':
      return farm.leaseEnds(event.zone);
    case 'kill':
      return farm.restart();
    case 'flow':
      return farm.flows(event.zone, event.litres);
    case 'disk':
      farm.isDiskFast = event.isFast;
      return farm.write();
    case 'clock':
      // A time that is off is one that the gateway does not trust.
      farm.clock.trusted = event.offSeconds === 0;
      farm.clock.offMs = event.offSeconds * 1000;
  }
}

it('executes a command at most once and never after its expiry, whatever is killed, repeated, late or wrong', async () => {
  let executed = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(happening, { minLength: 5, maxLength: 60 }),
      async (isFast, events) => {
        vi.clearAllTimers();
        const farm = await new RemoteFarm().started();
        farm.isDiskFast = isFast;
        const commands: RemoteCommand[] = [];
        for (const event of events) await happen(farm, commands, event);

        executed += farm.executions().size;
        for (const [id, runs] of farm.executions()) {
          // The controller alone waters by what the probes say, and these say nothing.
          const command = commands.find((one) => one.id === id) ?? expect.fail(`nobody asked for ${id}`);
          expect(runs.size).toBe(1);
          for (const { runId, utcMs } of farm.opened)
            if (runs.has(runId)) expect(utcMs).toBeLessThan(command.expiresAtMs);
          // Its id was on the disk before its intent was.
          const recorded = farm.disk.findIndex(
            (one) => one.kind === 'remote_command' && one.command.id === id,
          );
          const intended = farm.disk.findIndex((one) => one.kind === 'intent' && runs.has(one.runId));
          expect(recorded).toBeGreaterThanOrEqual(0);
          expect(recorded).toBeLessThan(intended);
        }
        for (const { id } of commands) {
          const words = farm
            .records('remote_outcome')
            .filter((one) => one.commandId === id && isLastWord(one));
          expect(words.length).toBeLessThanOrEqual(1);
          const records = farm.records('remote_command').filter(({ command }) => command.id === id);
          expect(records.length).toBeLessThanOrEqual(1);
        }
      },
    ),
    { numRuns: 400 },
  );
  expect(executed).toBeGreaterThan(40);
}, 60_000);

it('answers every command that it has taken, once the disk writes and the valves answer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 5, maxLength: 40 }), async (events) => {
      vi.clearAllTimers();
      const farm = await new RemoteFarm().started();
      const commands: RemoteCommand[] = [];
      for (const event of events) await happen(farm, commands, event);
      farm.isDiskFast = true;
      await farm.write();
      for (let round = 0; round < 4; round++) {
        await farm.wait(700);
        for (const id of ['a1', 'a2', 'a3']) await farm.leaseEnds(id);
      }
      for (const { command } of farm.records('remote_command')) {
        const words = farm.records('remote_outcome').filter(({ commandId }) => commandId === command.id);
        expect(words.filter(isLastWord)).toHaveLength(1);
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);
