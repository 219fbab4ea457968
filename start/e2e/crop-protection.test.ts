import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AxeBuilder } from '@axe-core/playwright';
import type { DemoSecrets } from '@nongtin/accounts';
import { freePorts } from '@nongtin/service';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, signIn } from '../caller.ts';
import { waitFor } from '../wait.ts';
import { haveChromium, launchBrowser, phone } from './browser.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const START_MS = 120_000;
const LIST = `trade_name;active_ingredients;dose_min;dose_max;dose_unit;phi_days;rei_hours;crops;pests;source;source_date
Ví dụ 100EC;exampline 100 g/L;0,5;1;L/ha;7;24;thanh long|dragon fruit;kiến;nhãn;05/01/2026
`;

/** A gateway of the demo farm, alone. */
describe.skipIf(!haveChromium)('crop protection on a phone', () => {
  let dataDir: string;
  let gateway: ChildProcess;
  let address: string;
  let secrets: DemoSecrets;
  let browser: Browser;
  let page: Page;
  let manager: Caller;

  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [join(repository, 'dashboards', 'build.ts')]);
    dataDir = mkdtempSync(join(tmpdir(), 'nongtin-protection-'));
    const [mqtt, http] = await freePorts(2);
    const env = {
      ...process.env,
      ...{ NONGTIN_DATA_DIR: dataDir, NONGTIN_HOST: '127.0.0.1', NONGTIN_LOG_LEVEL: 'error' },
      ...{ NONGTIN_MQTT_PORT: `${mqtt}`, NONGTIN_MQTT_TLS_PORT: 'off', NONGTIN_MQTT_WS_PORT: 'off' },
      ...{ NONGTIN_GATEWAY_PORT: `${http}`, NONGTIN_UPLINK_URL: 'mqtt://127.0.0.1:9' },
    };
    gateway = spawn(process.execPath, [join(repository, 'edge/main.ts')], { env, stdio: 'inherit' });
    address = `http://localhost:${http}`;
    const isUp = async () =>
      (await fetch(`${address}/healthz`).catch(() => undefined))?.ok ? true : undefined;
    await waitFor(isUp, { deadlineMs: START_MS, everyMs: 50, what: 'the gateway does not answer' });
    secrets = JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')) as DemoSecrets;
    manager = await signIn(address, secrets.users.manager);
    browser = await launchBrowser();
    page = await (await browser.newContext({ viewport: phone, locale: 'vi-VN' })).newPage();
    await page.goto(address);
    await page.fill('input[name=email]', secrets.users.technician.email);
    await page.fill('input[name=password]', secrets.users.technician.password);
    await page.click('button.primary');
    await page.getByTestId('protection').waitFor();
  }, START_MS);

  afterAll(async () => {
    await browser?.close();
    if (gateway !== undefined && gateway.exitCode === null) {
      const exited = once(gateway, 'exit');
      gateway.kill('SIGTERM');
      await exited;
    }
    rmSync(dataDir, { recursive: true, force: true });
  }, START_MS);

  const isAccessible = async (part: string) => {
    const { violations } = await new AxeBuilder({ page }).include(part).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
  };
  const isNarrow = async () =>
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width);

  it('shows what is wrong with a list line by line, and takes the corrected one', async () => {
    await page.getByTestId('protection').getByRole('button', { name: 'Nhập danh mục' }).click();
    const sheet = page.getByTestId('product-import');
    const choose = (text: string) =>
      sheet
        .locator('input[type=file]')
        .setInputFiles({ name: 'thuoc.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
    await choose(LIST.replace(';7;24;', ';bảy;-24;'));
    await sheet.getByText('2 lỗi: không nhận dòng nào').waitFor();
    expect(await sheet.innerText()).toMatch(
      /Dòng 2, cột phi_days\s+bảy không phải là số[\s\S]*Dòng 2, cột rei_hours\s+-24 là số âm/,
    );
    await isAccessible('dialog');
    // The template has the columns, and nothing that anybody could take for a product.
    const template = decodeURIComponent((await sheet.locator('a[download]').getAttribute('href')) ?? '');
    await choose(template.slice(template.indexOf(',') + 1));
    await sheet.getByText('Tệp chỉ có tiêu đề').waitFor();
    await choose(LIST);
    await sheet.getByText('Thêm: Ví dụ 100EC').waitFor();
    await sheet.getByRole('button', { name: 'Nhận danh mục này' }).click();
    await sheet.getByText('Đã nhận danh mục số 1.').waitFor();
    await isNarrow();
    await page.locator('dialog .top button').click();
    await page.getByTestId('protection').getByText('Danh mục số 1').waitFor();
  });

  it('records a spray in few taps, asks why where the label says otherwise, and shows what it bars', async () => {
    const plot = page.locator('[data-plot=plot-a]');
    await plot.getByRole('button', { name: 'Ghi lần phun' }).click();
    const form = page.getByTestId('spray-form');
    await form.getByText(/Nhãn: 0,5–1 L\/ha, cách ly 7 ngày/).waitFor();
    await form.locator('input[name=dose]').fill('1,5');
    await isAccessible('dialog');
    await isNarrow();
    await form.getByRole('button', { name: 'Xem lại' }).click();
    const check = page.getByTestId('spray-check');
    await check.getByText(/Liều Ví dụ 100EC là 1,5 L\/ha, cao hơn nhãn/).waitFor();
    expect(await check.innerText()).toMatch(/Chưa được thu hoạch trước \d\d\/\d\d\/\d{4}: phun Ví dụ 100EC/);
    await check.locator('input[name=nevertheless]').fill('kiến quá nhiều');
    await isAccessible('dialog');
    await check.getByRole('button', { name: 'Ghi vào nhật ký' }).click();
    await plot.getByText(/Thu hoạch từ \d\d\/\d\d\/\d{4}/).waitFor();
    await plot.getByText(/Không vào: vừa phun Ví dụ 100EC, được vào lại từ/).waitFor();
    // On every zone of it, where somebody looks before going in.
    expect(await page.getByTestId('no-entry').count()).toBe(3);
    await isAccessible('[data-testid=protection]');
    const harvest = { plot: 'plot-a', quantityKg: 5 };
    await expect(manager.post('/api/harvests', harvest)).rejects.toThrow(/Ví dụ 100EC/);
    await manager.post('/api/harvests', { ...harvest, overrideReason: 'tiêu hủy' });
  });

  it('withdraws it with a reason, and keeps it in the list', async () => {
    await page.getByTestId('protection').locator('summary').click();
    await page.locator('[data-spray]').getByRole('button', { name: 'Rút lại' }).click();
    await page.fill('dialog input[name=why]', 'ghi nhầm lô');
    await page.locator('dialog button.stop').click();
    await page.getByText('Đã rút: ghi nhầm lô').waitFor();
    await page.locator('[data-plot=plot-a]').getByText('Không có lần phun nào cản thu hoạch.').waitFor();
    expect(await page.getByTestId('no-entry').count()).toBe(0);
    await isNarrow();
  });
});
