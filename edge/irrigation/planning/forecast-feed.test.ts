import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { ForecastFeed } from './forecast-feed.ts';

const nowMs = Date.UTC(2026, 10, 23);
const answer = JSON.stringify({
  utc_offset_seconds: 25_200,
  hourly: { time: ['2026-11-23T08:00', '2026-11-23T09:00'], precipitation: [0, 4.5] },
});

/** A feed whose time passes when the test says so. */
function feedOf(source: string, folder: string) {
  const waiting: (() => void)[] = [];
  const feed = new ForecastFeed({
    ...{ source, keptPath: join(folder, 'forecast.json'), nowMs: () => nowMs },
    timers: {
      after: (_ms, run) => {
        waiting.push(run);
        return () => {};
      },
      every: () => () => {},
    },
    logger: pino({ enabled: false }),
  });
  onTestFinished(() => feed.stop());
  /** Resolves when the look that is under way is over. */
  const looked = async () => {
    while (waiting.length === 0) await new Promise(setImmediate);
  };
  const again = async () => {
    waiting.splice(0).forEach((run) => {
      run();
    });
    await looked();
  };
  return { feed, looked, again };
}

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-forecast-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

it('reads a file, again when it has changed, and keeps the last one that could be read', async () => {
  const folder = folderOf();
  const path = join(folder, 'rain.json');
  const { feed, looked, again } = feedOf(path, folder);
  feed.start();
  await looked();
  expect(feed.state().problem).toMatch(/ENOENT/);
  writeFileSync(path, answer);
  utimesSync(path, nowMs / 1000, nowMs / 1000);
  await again();
  expect(feed.latest()?.issuedAtMs).toBe(nowMs);
  expect(feed.latest()?.hours.map(({ rainMm }) => rainMm)).toEqual([0, 4.5]);
  writeFileSync(path, '<html>');
  await again();
  expect(feed.state().problem).toMatch(/JSON/);
  expect(feed.latest()?.issuedAtMs).toBe(nowMs);
});

it('asks an address, remembers the answer over a start without internet, and tells nobody the key in it', async () => {
  const folder = folderOf();
  let status = 200;
  const server = createServer((_request, response) => response.writeHead(status).end(answer)).listen(
    0,
    '127.0.0.1',
  );
  onTestFinished(() => {
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/forecast?apikey=secret`;
  const first = feedOf(url, folder);
  first.feed.start();
  await first.looked();
  expect(first.feed.state()).toEqual({ source: url.replace(/\?.*/, ''), readAtMs: nowMs, problem: null });
  status = 503;
  const second = feedOf(url, folder);
  second.feed.start();
  await second.looked();
  expect(second.feed.latest()?.hours).toHaveLength(2);
  expect(second.feed.state().problem).toMatch(/503/);
});

it('gives up an answer that is longer than any forecast', async () => {
  const folder = folderOf();
  const path = join(folder, 'rain.json');
  writeFileSync(path, ' '.repeat(2_000_000));
  const { feed, looked } = feedOf(path, folder);
  feed.start();
  await looked();
  expect(feed.state().problem).toMatch(/longer than/);
  expect(feed.latest()).toBeNull();
});
