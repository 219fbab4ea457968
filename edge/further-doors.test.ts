import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartProblem } from '@nongtin/service';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FurtherDoors } from './further-doors.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-doors-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

it('a door whose port is taken is told once and tried again, and does not keep the other closed', async () => {
  // Keys take a while on a busy machine.
  const wait = { timeout: 25_000 };
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const taken = new StartProblem('Port 9001 is already in use.');
  const opened = { webSocket: vi.fn(() => Promise.reject(taken)), tls: vi.fn(async () => {}) };
  const said: Record<string, unknown>[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => said.push(JSON.parse(line)) });
  const broker = {
    secure: opened.tls,
    openWebSocket: opened.webSocket,
    get tlsPort() {
      return opened.tls.mock.calls.length > 0 ? 8883 : undefined;
    },
    webSocketPort: undefined,
  };
  const clock = { nowMs: () => Date.UTC(2026, 10, 22) };
  const doors = new FurtherDoors({ broker, folder, names: ['farm.local'], given: undefined, clock, logger });
  expect(doors.state()).toMatchObject({ tlsPort: null, authority: null });
  doors.start();
  await vi.waitFor(() => expect(doors.state().tlsPort).toBe(8883), wait);
  await vi.waitFor(() => expect(doors.state().authority).toContain('BEGIN CERTIFICATE'), wait);
  await vi.waitFor(() => expect(said).toHaveLength(2), wait);
  vi.advanceTimersByTime(10 * 60_000);
  await vi.waitFor(() => expect(opened.webSocket).toHaveBeenCalledTimes(2), wait);
  doors.stop();
  const errors = said.filter(({ level }) => level === 50);
  expect(errors).toMatchObject([{ problem: expect.stringContaining('Port 9001 is already in use') }]);
  expect(opened.tls).toHaveBeenCalledOnce();
  expect(JSON.stringify(said)).not.toContain('PRIVATE KEY');
});
