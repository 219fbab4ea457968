import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InboundMessage } from '@nongtin/broker';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { createCore } from './core.ts';
import { demoFarm } from './farm/demo.ts';
import { knownNames } from './farm/places.ts';
import { Found } from './found/found.ts';
import { SeriesMemory } from './ingest/index.ts';
import { loadLibrary } from './irrigation/crop-water/library.ts';
import { openJournal } from './journal/index.ts';
import { createProfiles, shortMemory } from './profiles/index.ts';
import { CommandChannel } from './remote/channel.ts';

const logger = pino({ enabled: false });
const clock = { nowMs: () => Date.UTC(2026, 10, 21), monotonicMs: () => 0, isTrusted: () => true };

it('takes no report of a valve for one of now that a broker elsewhere has kept', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-core-'));
  const files = { path: join(folder, 'journal.sqlite'), keyPath: join(folder, 'key.pem') };
  const journal = openJournal({ ...files, clock, logger });
  await journal.start();
  const farm = demoFarm();
  const found = new Found({
    ...{ path: join(folder, 'found.json'), clock, placed: knownNames(farm), isBridge: () => false },
    onError: () => {},
  });
  const { hook, irrigation } = createCore({
    ...{ farm, found, journal, profiles: createProfiles(shortMemory()), speed: 1, clock, logger },
    ...{ farmPath: join(folder, 'farm.json'), demo: true },
    ...{ commands: new CommandChannel(), remoteCommands: true },
    seriesMemory: new SeriesMemory({ path: join(folder, 'quality.json'), onError: () => {} }),
    publish: async () => {},
    library: loadLibrary(),
  });
  await irrigation.start();
  onTestFinished(async () => {
    await irrigation.stop();
    await journal.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const state = { state: 'closed', cause: 'command', flowLitresPerMinute: 0, totalLitres: 5 };
  const report: InboundMessage = {
    ...{ identity: { id: 'valve-a1', role: 'device' }, clientId: 'x', qos: 1, dup: false, retain: false },
    topic: 'nongtin/v1/valve-a1/valve/state',
    payload: Buffer.from(JSON.stringify(state)),
    ...{ packetId: 1, receivedAtMs: 0 },
  };
  const phase = () => irrigation.zones().find(({ id }) => id === 'a1')?.phase.name;
  for (const arrival of ['kept', 'waited'] as const) {
    await hook.receive({ ...report, arrival });
    expect(phase()).toBe('unknown');
  }
  await hook.receive({ ...report, packetId: 2 });
  expect(phase()).toBe('idle');
});
