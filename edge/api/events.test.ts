import { request } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { testApi } from './parts.suite.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function served() {
  const gateway = await testApi();
  cleanups.push(() => gateway.close());
  const address = await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  const { headers } = await gateway.as('member');
  /** Follows the stream; `text()` is what has come so far. */
  const follow = (more: Record<string, string> = {}) => {
    let received = '';
    let ended = false;
    const asked = request(`${address}/api/events`, { headers: { ...headers, ...more } }, (response) => {
      response.setEncoding('utf8').on('data', (text: string) => {
        received += text;
      });
      response.on('close', () => {
        ended = true;
      });
    });
    asked.on('error', () => {});
    asked.end();
    return { text: () => received, ended: () => ended, close: () => asked.destroy() };
  };
  return { ...gateway, follow };
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

describe('the event stream', () => {
  it('sends events as they happen, and ends when the gateway stops', async () => {
    const { parts, follow, app } = await served();
    const page = follow();
    await until(() => expect(parts.hub.listeners).toBe(1));
    parts.hub.publish('zone', { id: 'a1' });
    await until(() => expect(page.text()).toContain('id: boot-1\nevent: zone\ndata: {"id":"a1"}\n\n'));
    expect(page.text()).toMatch(/^retry: \d+\n\n/);
    await app.close();
    await until(() => expect(page.ended()).toBe(true));
  });

  it('goes on where a page left off', async () => {
    const { parts, follow } = await served();
    parts.hub.publish('zone', { n: 1 });
    parts.hub.publish('zone', { n: 2 });
    const page = follow({ 'last-event-id': 'boot-1' });
    await until(() => expect(page.text()).toContain('{"n":2}'));
    parts.hub.publish('zone', { n: 3 });
    await until(() => expect(page.text()).toContain('{"n":3}'));
    expect(page.text()).not.toContain('{"n":1}');
    page.close();
    await until(() => expect(parts.hub.listeners).toBe(0));
  });

  it('tells a page from before a restart to read everything anew', async () => {
    const { follow } = await served();
    const page = follow({ 'last-event-id': 'earlier-7' });
    await until(() => expect(page.text()).toContain('event: resync'));
    page.close();
  });

  it('tells a page that missed too much to read everything anew, and lets it follow', async () => {
    const { parts, follow } = await served();
    for (let i = 0; i < 30; i++) parts.hub.publish('status', { large: 'x'.repeat(100_000) });
    const page = follow({ 'last-event-id': 'boot-1' });
    await until(() => expect(page.text()).toContain('event: resync'));
    parts.hub.publish('zone', { n: 1 });
    await until(() => expect(page.text()).toContain('id: boot-31\nevent: zone\ndata: {"n":1}'));
    expect(page.text()).not.toContain('large');
    page.close();
  });

  it('drops a page that does not read', async () => {
    const { parts, follow } = await served();
    const slow = follow();
    await until(() => expect(parts.hub.listeners).toBe(1));
    const large = 'x'.repeat(200_000);
    // Without a turn for the network in between, everything stays unread.
    for (let i = 0; i < 30; i++) parts.hub.publish('status', { large });
    await until(() => expect(parts.hub.listeners).toBe(0));
    slow.close();
  });

  it('is not for strangers', async () => {
    const { app } = await served();
    expect((await app.inject('/api/events')).statusCode).toBe(401);
  });
});
