import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AxeBuilder } from '@axe-core/playwright';
import type { DiaryRevision } from '@nongtin/broker/wire/diary';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { haveChromium, launchBrowser, phone } from './browser.ts';

const dashboards = fileURLToPath(new URL('../../dashboards', import.meta.url));
const types: Readonly<Record<string, string>> = {
  ...{ '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' },
};
const plots = [{ id: 'a', name: 'Lô A', zones: [{ id: 'a1', name: 'Lô A – Khu 1' }], crop: 'dragon fruit' }];
const products = [
  {
    ...{ tradeName: 'Ví dụ 100EC', ingredients: [{ name: 'exampline', content: 100, unit: 'g/L' }] },
    ...{ dose: { min: 0.5, max: 1, unit: 'L/ha' }, phiDays: 7, reiHours: 24 },
    ...{ crops: ['thanh long', 'dragon fruit'], pests: ['kiến'] },
  },
];
const banned = { product: 'Ví dụ 100EC', ingredient: 'exampline', market: 'EU' };
const restricted = [{ ingredient: 'mancozeb', names: ['mancozeb'], market: 'EU', status: 'banned' }] as const;
const notTaken = [{ row: 0, reason: { key: 'spray_market_banned', figures: banned } }];

/** As much of a gateway as the page asks for, in memory. */
class SmallGateway {
  accepted: DiaryRevision[] = [];
  readonly files = new Map<string, Buffer>();
  readonly asked = new Set<string>();
  /** Plots that it knows no more. */
  gone: string[] = [];
  /** Until it resolves, nobody gets the list of products. */
  held: Promise<void> = Promise.resolve();

  async answer({ method, url = '' }: IncomingMessage, body: Buffer): Promise<object | undefined> {
    const { pathname, searchParams } = new URL(url, 'http://farm.test');
    this.asked.add(pathname);
    const file = /attachments\/([0-9a-f]{64})/.exec(pathname)?.[1] ?? '';
    const has = this.files.get(file) ?? Buffer.alloc(0);
    if (pathname === '/api/auth/get-session')
      return { user: { id: 'sau', name: 'Nguyễn Thị Sáu', role: 'member', email: 's@x.vn' } };
    if (pathname === '/api/farm') return { site: 'Hàm Minh', plots };
    if (pathname === '/api/diary') return { entries: [], measured: [], harvests: [], sprays: [] };
    if (pathname === '/api/products') await this.held;
    if (pathname === '/api/products') return { list: { version: 1, products }, notTaken, restricted };
    if (pathname === '/api/pests/traps') return { timeZone: 'Asia/Ho_Chi_Minh', traps: [] };
    if (pathname === '/api/crop-protection') return { isClockTrusted: true };
    if (pathname.endsWith('/received')) return { receivedBytes: has.length };
    if (file !== '' && method === 'PUT') {
      this.files.set(file, Buffer.concat([has, body]));
      return { receivedBytes: has.length + body.length };
    }
    if (pathname !== '/api/diary/revisions') return undefined;
    if (method === 'POST') return { verdicts: this.#take(JSON.parse(body.toString()).revisions) };
    const after = Number(searchParams.get('after'));
    const revisions = this.accepted
      .map((revision, n) => ({ revision, number: n + 1, receivedAtMs: Date.now(), author: 'Nguyễn Thị Sáu' }))
      .slice(after);
    return { revisions, more: false };
  }

  #take(revisions: readonly DiaryRevision[]) {
    return revisions.map((revision) => {
      const { revisionId, set } = revision;
      if (this.gone.includes(String(set.plot))) {
        const figures = { place: String(set.plot), known: 'b' };
        return {
          revisionId,
          verdict: 'refused',
          problems: [{ path: 'set.plot', key: 'diary_plot_unknown', figures }],
        };
      }
      // A phone whose answer was lost sends the same again.
      if (!this.accepted.some((known) => known.revisionId === revisionId)) this.accepted.push(revision);
      return { revisionId, verdict: 'accepted', problems: [] };
    });
  }
}

describe.skipIf(!haveChromium)('the diary on a phone', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let server: Server;
  let gateway: SmallGateway;
  let origin = '';

  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [join(dashboards, 'build.ts')]);
    server = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray());
      const path = new URL(request.url ?? '', 'http://farm.test').pathname;
      if (path.startsWith('/api/')) {
        const answer = await gateway.answer(request, body);
        response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' });
        return response.end(JSON.stringify(answer ?? { error: { kind: 'your_input', message: 'no' } }));
      }
      const bytes = await readFile(join(dashboards, 'dist/field', path)).catch(() => undefined);
      response.writeHead(bytes ? 200 : 404, { 'content-type': types[extname(path)] ?? 'text/plain' });
      return response.end(bytes);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // By a name, as phones open it; the browser takes it for one by HTTPS.
    origin = `http://farm.test:${(server.address() as AddressInfo).port}`;
    browser = await launchBrowser([
      '--host-resolver-rules=MAP farm.test 127.0.0.1',
      `--unsafely-treat-insecure-origin-as-secure=${origin}`,
      // A microphone that beeps.
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
    ]);
  });

  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
  });

  beforeEach(async () => {
    gateway = new SmallGateway();
    context = await browser.newContext({ viewport: phone, locale: 'vi-VN' });
    page = await context.newPage();
    await page.goto(`${origin}/diary.html`);
    await page.locator('.kinds').waitFor();
  });

  afterEach(() => context?.close());

  const kind = (name: string) => page.locator('.kinds button', { hasText: name }).click();
  const save = () => page.locator('form .save').click();
  const entries = () => page.locator('[data-testid=entry]');
  const sent = () => page.locator('[data-testid=waiting].good').waitFor();

  async function harvest(kilograms: string): Promise<void> {
    const before = await entries().count();
    await kind('Thu hoạch');
    await page.fill('input[name=quantityKg]', kilograms);
    await save();
    await entries().nth(before).waitFor();
  }

  it('writes work down in three taps, and the gateway has it', async () => {
    await kind('Cắt tỉa');
    await save();
    await entries().first().waitFor();
    await sent();
    expect(gateway.accepted).toMatchObject([{ entryKind: 'pruning', author: 'sau', set: { plot: 'a' } }]);
    const { violations } = await new AxeBuilder({ page }).analyze();
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });

  it('knows the label without a signal: fills in what it says, and warns at entry of dose and market', async () => {
    // It comes after the list, which is on the phone by then.
    await expect.poll(() => gateway.asked.has('/api/diary')).toBe(true);
    await context.setOffline(true);
    await kind('Phun thuốc');
    // Of a product on no list, by what is written on it.
    await page.fill('input[name=product]', 'Thuốc lạ');
    await page.fill('input[name=activeIngredient]', 'Mancozeb 800 g/kg');
    await page.locator('[data-testid=odd]', { hasText: 'mancozeb' }).waitFor();
    await page.fill('input[name=activeIngredient]', '');
    await page.fill('input[name=product]', '');
    await page.locator('.recent button', { hasText: 'Ví dụ 100EC' }).click();
    expect(await page.locator('[data-testid=label]').textContent()).toContain('cách ly 7 ngày');
    expect(await page.locator('[data-testid=odd]').textContent()).toContain('exampline');
    expect(await page.inputValue('input[name=target]')).toBe('kiến');
    expect(await page.inputValue('select[name=doseUnit]')).toBe('l_per_ha');
    await page.fill('input[name=doseAmount]', '1,5');
    await page.locator('[data-testid=odd]', { hasText: '1,5' }).waitFor();
    await save();
    await entries().first().waitFor();
    await context.setOffline(false);
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await sent();
    await expect.poll(() => gateway.accepted).toHaveLength(1);
    expect(gateway.accepted[0]?.set).toMatchObject({
      ...{ product: 'Ví dụ 100EC', target: 'kiến', doseAmount: 1.5, doseUnit: 'l_per_ha' },
      ...{
        preHarvestDays: 7,
        reentryHours: 24,
        activeIngredient: 'exampline 100 g/L',
        doneBy: 'Nguyễn Thị Sáu',
      },
    });
    // The second time it is three taps: the work, as before, save.
    await kind('Phun thuốc');
    await page.locator('[data-testid=again] button', { hasText: 'Ví dụ 100EC · kiến' }).click();
    await save();
    await entries().nth(1).waitFor();
    await expect.poll(() => gateway.accepted.length).toBe(2);
    expect(gateway.accepted[1]?.set).toMatchObject({ target: 'kiến', doseAmount: 1.5, preHarvestDays: 7 });
  });

  it('takes the day from the gateway where the phone’s clock is wrong by years, and says so', async () => {
    const wrong = await context.newPage();
    await wrong.clock.setFixedTime(new Date('2019-03-04T08:00:00'));
    await wrong.goto(`${origin}/diary.html`);
    await wrong.locator('[data-testid=clock]', { hasText: '2019' }).waitFor();
    await wrong.locator('.kinds button', { hasText: 'Cắt tỉa' }).click();
    const [today] = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().split('T');
    expect(await wrong.inputValue('input[name=date]')).toBe(today);
  });

  it('opens and writes without a signal, and sends everything once when it is back', async () => {
    await harvest('80');
    await sent();
    // What it needs to open is kept.
    await page.waitForFunction(async () => {
      const cache = await caches.open('nongtin-diary-1');
      return (await cache.keys()).length > 4;
    });
    await context.setOffline(true);
    await page.reload();
    await entries().first().waitFor();
    await harvest('120,5');
    await page.reload();
    await entries().nth(1).waitFor();
    expect(await page.locator('[data-testid=waiting]').textContent()).toContain('1');
    expect(gateway.accepted).toHaveLength(1);
    await context.setOffline(false);
    await page.reload();
    await sent();
    expect(gateway.accepted.map(({ set }) => set.quantityKg)).toEqual([80, 120.5]);
  });

  it('sends at once what is written in the middle of a round', async () => {
    await expect.poll(() => gateway.asked.has('/api/diary')).toBe(true);
    const answer = Promise.withResolvers<void>();
    gateway.held = answer.promise;
    gateway.asked.clear();
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await expect.poll(() => gateway.asked.has('/api/products')).toBe(true);
    await harvest('7');
    expect(gateway.accepted).toEqual([]);
    answer.resolve();
    await expect.poll(() => gateway.accepted.length, { timeout: 10_000 }).toBe(1);
  });

  it('makes a photo smaller, leaves out what its file says besides, and refuses one that is too large with what to do', async () => {
    const picture = await page.evaluate(
      async ([w, h]) => {
        const canvas = new OffscreenCanvas(w ?? 1, h ?? 1);
        const context = canvas.getContext('2d');
        if (context) context.fillStyle = '#2a7';
        context?.fillRect(0, 0, w ?? 1, h ?? 1);
        const blob = await canvas.convertToBlob({ type: 'image/png' });
        return [...new Uint8Array(await blob.arrayBuffer())];
      },
      [3_000, 2_000],
    );
    await kind('Quan sát');
    await page.fill('input[name=what]', 'rệp sáp');
    // By its name: so many bytes are not sent through the browser's own door.
    const folder = await mkdtemp(join(tmpdir(), 'nongtin-photo-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const huge = join(folder, 'huge.jpg');
    await writeFile(huge, '');
    await truncate(huge, 40 * 1024 * 1024);
    await page.setInputFiles('input[name=photo]', huge);
    await page.locator('form .problem', { hasText: '40 MB' }).waitFor();
    expect(await page.locator('form .problem').textContent()).toContain('Hãy chọn cỡ ảnh nhỏ hơn');
    await page.setInputFiles('input[name=photo]', {
      name: 'x.jpg',
      mimeType: 'image/jpeg',
      buffer: Buffer.from('no'),
    });
    await page.locator('form .problem', { hasText: 'Không đọc được' }).waitFor();
    await page.setInputFiles('input[name=photo]', {
      name: 'a.png',
      mimeType: 'image/png',
      buffer: Buffer.from(picture),
    });
    await page.locator('[data-testid=attached]').waitFor();
    await save();
    await entries().first().waitFor();
    await sent();
    const [attachment] = gateway.accepted[0]?.attach ?? [];
    expect(attachment?.mediaType).toBe('image/jpeg');
    await expect.poll(() => gateway.files.get(attachment?.sha256 ?? '')?.length).toBe(attachment?.sizeBytes);
    expect(
      gateway.files
        .get(attachment?.sha256 ?? '')
        ?.subarray(0, 3)
        .toString('hex'),
    ).toBe('ffd8ff');
  });

  it('records a voice note without a signal, plays it back, and the gateway gets it when it is back', async () => {
    await context.setOffline(true);
    await kind('Quan sát');
    await page.fill('input[name=what]', 'rệp sáp');
    await page.getByRole('button', { name: 'Ghi âm' }).click();
    const stop = page.getByRole('button', { name: /Dừng ghi âm/ });
    await stop.filter({ hasText: '1 giây' }).waitFor();
    // Nothing is saved in the middle of a word.
    expect(await page.locator('form .save').isDisabled()).toBe(true);
    await stop.click();
    await page.locator('form audio').waitFor();
    await save();
    await entries().first().locator('summary').click();
    const played = await entries()
      .first()
      .locator('audio')
      .evaluate(async (audio: HTMLAudioElement) => {
        audio.muted = true;
        await audio.play();
        await new Promise((heard) => audio.addEventListener('timeupdate', heard, { once: true }));
        return { error: audio.error, from: audio.currentSrc.slice(0, 5) };
      });
    expect(played).toEqual({ error: null, from: 'blob:' });
    await context.setOffline(false);
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await sent();
    const [attachment] = gateway.accepted[0]?.attach ?? [];
    expect(attachment?.mediaType).toBe('audio/webm');
    const bytes = () => gateway.files.get(attachment?.sha256 ?? '');
    await expect.poll(() => bytes()?.length).toBe(attachment?.sizeBytes);
    expect(bytes()?.subarray(0, 4).toString('hex')).toBe('1a45dfa3');
  });

  it('keeps what is refused, says why and what to do, and lets the rest through', async () => {
    gateway.gone = ['a'];
    await harvest('5');
    await page.locator('[data-testid=refused]', { hasText: 'Trang trại không có lô “a” (có: b)' }).waitFor();
    await kind('Quan sát');
    await page.selectOption('select[name=plot]', '');
    await page.fill('input[name=what]', 'rệp');
    await save();
    await entries().nth(1).waitFor();
    await expect.poll(() => gateway.accepted.map(({ entryKind }) => entryKind)).toEqual(['observation']);
    await page.locator('[data-testid=refused] button').click();
    await sent();
    expect(await entries().count()).toBe(1);
  });

  it('shows both of two values that were written side by side, until somebody takes one', async () => {
    await harvest('10');
    await sent();
    const [first] = gateway.accepted as [DiaryRevision];
    const beside = (n: number, quantityKg: number): DiaryRevision => ({
      ...first,
      ...{ revisionId: `00000000-0000-4000-8000-00000000000${n}`, author: 'ba', phoneAtMs: n },
      ...{ madeOn: [first.revisionId], set: { quantityKg } },
    });
    gateway.accepted.push(beside(1, 11), beside(2, 12));
    await page.reload();
    await entries().first().locator('summary').click();
    const quarrel = page.locator('.notice', { hasText: 'Ghi khác nhau' });
    await quarrel.filter({ hasText: '11' }).waitFor();
    await quarrel.locator('button').click();
    await expect.poll(() => gateway.accepted.at(-1)?.madeOn.length).toBe(2);
    expect(gateway.accepted.at(-1)?.set).toEqual({ quantityKg: 11 });
    await quarrel.waitFor({ state: 'detached' });
  });
});
