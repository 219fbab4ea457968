import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { haveChromium, launchBrowser, phone } from './browser.ts';

const dashboards = fileURLToPath(new URL('../../dashboards', import.meta.url));
const origin = 'http://nongtin.test';
const atMs = 1_790_000_000_000;
const none = { issued: 0, printed: 0, applied: 0, activated: 0, spoiled: 0, voided: 0, recalled: 0 };
const batch = {
  ...{ batchNumber: 7, gtin14: '08936000000011', lotNumber: 'L1', stampCount: 5_000 },
  ...{ issuedAtMs: atMs, issuedBy: 'an@htx.vn', anchorState: 'final' },
};
const anchor = (anchorId: number, more: object) => ({
  ...{ anchorId, treeSize: 3, createdAtMs: atMs, blockTimeMs: null, costWei: null, state: 'submitted' },
  ...more,
});

/** The built console in a browser with a made-up cloud behind it: what it shows of stamps, and what it asks for. */
describe.skipIf(!haveChromium)('the stamps on the console', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let role: string;
  let exports: object[];
  let awaited: object[];
  let counts: Record<string, number>;
  /** What was ordered: path and body. */
  let ordered: [string, unknown][];

  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [join(dashboards, 'build.ts')]);
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    [role, exports, awaited, ordered] = ['manager', [], [], []];
    counts = { ...none, printed: 4_990, activated: 10 };
    context = await browser.newContext({ viewport: phone, locale: 'vi-VN' });
    await context.route(`${origin}/**`, answer);
    page = await context.newPage();
  });
  afterEach(() => context?.close());

  function answer(route: Route) {
    const path = new URL(route.request().url()).pathname;
    const answers: Record<string, object> = {
      '/api/auth/get-session': { user: { id: '1', name: 'Bình', email: 'binh@htx.vn', role } },
      '/api/stamp-batches': [batch],
      '/api/lots': { lots: [{ lotNumber: 'L1' }] },
      '/api/pin-exports': { exports },
      '/api/signatures': { awaited },
      '/api/stamp-batches/7/life': { from: 0, to: 4_999, counts },
      '/api/anchors': {
        waitingLeaves: 2,
        anchors: [anchor(2, {}), anchor(1, { state: 'final', blockTimeMs: atMs, costWei: '48123000000000' })],
      },
    };
    if (route.request().method() === 'POST') {
      ordered.push([path, route.request().postDataJSON()]);
      if (path.endsWith('/file')) return route.fulfill({ body: 'index,serial,link,pin\r\n' });
      if (path === '/api/pin-exports')
        return route.fulfill({ json: { exportId: 4, ...batch, state: 'waits' } });
      return route.fulfill({ json: {} });
    }
    if (path.startsWith('/api/')) {
      const found = answers[path];
      return route.fulfill(found ? { json: found } : { status: 404, json: {} });
    }
    const file = path === '/console' ? 'index.html' : path.replace('/console/', '/');
    return route.fulfill({ path: join(dashboards, 'dist/console', file) });
  }

  const card = () => page.getByTestId('batch-7');
  const button = (name: string) => card().getByRole('button', { name });

  it('show what became of a roll, recall it for good after one question with a reason, and list the anchors', async () => {
    await page.goto(`${origin}/console`);
    await button('Tem đã đi đâu').click();
    await card().getByText('4.990').waitFor();
    const proof = card().getByRole('link', { name: 'Bằng chứng của lô' });
    expect(await proof.getAttribute('href')).toBe('/api/proofs/lots/L1');
    await button('Thu hồi tem').click();
    await card().getByText('Không hoàn tác được').waitFor();
    await card().locator('input[name=to]').fill('99');
    await card().locator('input[name=reason]').fill('dư lượng');
    counts = { ...none, printed: 4_900, recalled: 100 };
    await button('Thu hồi vĩnh viễn').click();
    await card().getByText('thu hồi', { exact: true }).waitFor();
    const order = { from: 0, to: 99, state: 'recalled', reason: 'dư lượng' };
    expect(ordered).toEqual([['/api/stamp-batches/7/withdraw', order]]);
    expect(await page.getByTestId('anchor-1').innerText()).toMatch(
      /đã lên chuỗi vĩnh viễn\s+3\s+0,000048123/,
    );
    expect(await page.getByTestId('anchor-2').innerText()).toMatch(/đang gửi lên chuỗi\s+3\s+–/);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width);
    const { violations } = await new AxeBuilder({ page }).analyze();
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });

  it('are ordered once, also when the answer to the first press is lost on the way', async () => {
    await page.goto(`${origin}/console`);
    await page.locator('select[name=lot]').selectOption('L1');
    await page.locator('input[name=count]').fill('5000');
    const order = page.getByRole('button', { name: 'Phát hành tem' });
    const isCut = (url: URL) => url.pathname === '/api/stamp-batches';
    await page.route(isCut, (route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      ordered.push(['cut', route.request().postDataJSON()]);
      return route.abort();
    });
    await order.click();
    await expect.poll(() => ordered.length).toBe(1);
    await page.unroute(isCut);
    await order.click();
    await expect.poll(() => ordered.length).toBe(2);
    await page.locator('input[name=count]:not(:disabled)').fill('5000');
    await order.click();
    await expect.poll(() => ordered.length).toBe(3);
    const [cut, made, another] = ordered.map(([, body]) => (body as { orderId: string }).orderId);
    expect(made).toBe(cut);
    expect(another).not.toBe(made);
    expect(ordered[1]).toEqual(['/api/stamp-batches', { lotNumber: 'L1', count: 5_000, orderId: cut }]);
  });

  it('let a second manager agree that PINs leave again, and only who asked fetch them', async () => {
    const asked = { batchNumber: 7, from: 0, to: 99, reason: 'cuộn bị ướt', requestedAtMs: atMs };
    exports = [
      { ...asked, exportId: 1, state: 'waits', requestedBy: 'an@htx.vn' },
      { ...asked, exportId: 2, state: 'waits', requestedBy: 'binh@htx.vn' },
      { ...asked, exportId: 3, state: 'ready', requestedBy: 'Binh@htx.vn' },
      { ...asked, exportId: 4, state: 'ready', requestedBy: 'an@htx.vn' },
      { ...asked, exportId: 5, state: 'taken', requestedBy: 'binh@htx.vn' },
    ];
    await page.goto(`${origin}/console`);
    await page.getByTestId('export-4').waitFor();
    const buttons = [1, 2, 3, 4, 5].map((id) => page.getByTestId(`export-${id}`).getByRole('button'));
    expect(await Promise.all(buttons.map((one) => one.count()))).toEqual([1, 0, 1, 0, 0]);
    await buttons[0]?.click();
    await expect.poll(() => ordered).toEqual([['/api/pin-exports/1/approve', {}]]);
    const download = page.waitForEvent('download');
    await buttons[2]?.click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('pins-7-0-99.csv');
    expect(await readFile(await file.path(), 'utf8')).toBe('index,serial,link,pin\r\n');
  });

  it('say which batch waits for a signature from a wallet, and not that the chain is late', async () => {
    awaited = [
      { refKind: 'lot', refId: 'L1' },
      { refKind: 'stamp_batch', refId: '7' },
    ];
    await page.goto(`${origin}/console`);
    await card().getByText('chờ chữ ký từ ví của hợp tác xã').waitFor();
    awaited = [{ refKind: 'stamp_batch', refId: '8' }];
    await page.reload();
    await card().getByText('đã lên chuỗi vĩnh viễn').waitFor();
  });

  it('say that a second manager has to agree, and give an auditor nothing to press', async () => {
    await page.goto(`${origin}/console`);
    await button('Tem đã đi đâu').click();
    await button('Mã PIN cho nhà in').click();
    await card().locator('input[name=reason]').fill('in lại');
    await button('Lấy tệp').click();
    await card().getByText('cần quản lý thứ hai đồng ý').waitFor();
    expect(ordered.map(([path]) => path)).toEqual(['/api/pin-exports']);
    role = 'auditor';
    await page.reload();
    await button('Tem đã đi đâu').click();
    await card().getByText('4.990').waitFor();
    expect(await card().getByRole('button').count()).toBe(1);
  });
});
