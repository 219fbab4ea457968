import { type Logger, pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { VirtualScheduler } from '../time/virtual-scheduler.ts';
import { ConnectionLog } from './connection-log.ts';

let lines: { level: number; msg: string }[];
let time: VirtualScheduler;
let log: ConnectionLog;

beforeEach(() => {
  lines = [];
  const logger: Logger = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  time = new VirtualScheduler();
  log = new ConnectionLog(['a', 'b'], time, logger);
});

const messages = () => lines.map(({ msg }) => msg);

test('says once that all are connected', () => {
  log.connected('a');
  time.advance(10_000);
  expect(messages()).toEqual([]);
  log.connected('b');
  time.advance(10_000);
  expect(messages()).toEqual(['all devices connected']);
});

test('complains once a minute while the broker is away, whatever the devices try, then says that it is well', () => {
  for (let second = 0; second < 150; second += 1) {
    log.disconnected('a', 'connect ECONNREFUSED');
    log.disconnected('b', 'connect ECONNREFUSED');
    time.advance(1_000);
  }
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatchObject({ level: 40, connected: 0, missing: 2, reason: 'connect ECONNREFUSED' });
  log.connected('a');
  log.connected('b');
  time.advance(2_000);
  expect(messages().at(-1)).toBe('all devices connected');
});

test('keeps quiet about a connection that is back at once', () => {
  log.connected('a');
  log.connected('b');
  time.advance(2_000);
  log.disconnected('a', 'keepalive timeout');
  time.advance(500);
  log.connected('a');
  time.advance(60_000);
  expect(messages()).toEqual(['all devices connected']);
});
