import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Caller, signIn } from '../caller.ts';
import { haveChromium, launchBrowser, phone } from './browser.ts';
import { type GatewayAlone, START_MS, startGateway } from './gateway-alone.ts';

const FLY = 'bactrocera-dorsalis';
const trap = (n: number) => ({
  ...{ id: `bay-${n}`, name: `Bẫy ruồi ${n}`, plot: 'lo-1', pest: FLY, kind: 'methyl_eugenol' },
});
const farm = {
  ...{ format: 'nongtin-farm-1', site: 'Vườn thanh long', farmDevices: [] },
  plots: [{ id: 'lo-1', name: 'Lô 1', crop: 'thanh long', areaHectares: 0.5, zones: [] }],
  traps: [{ ...trap(3), device: 'trap-1' }, trap(1), trap(2)],
};

interface Counts {
  counts: { trapId: string; count: number; by: string; photoSha256: string | null }[];
}

describe.skipIf(!haveChromium)('pests on a phone', () => {
  let gateway: GatewayAlone;
  let browser: Browser;
  let page: Page;
  let member: Caller;

  beforeAll(async () => {
    gateway = await startGateway(farm);
    member = await signIn(gateway.address, gateway.secrets.users.member);
    browser = await launchBrowser();
    page = await (await browser.newContext({ viewport: phone, locale: 'vi-VN' })).newPage();
    // Less than a test has, so that it is said what did not come.
    page.setDefaultTimeout(15_000);
    await gateway.signIn(page, 'member');
    await page.getByTestId('pests').waitFor();
  }, 2 * START_MS);

  afterAll(async () => {
    await browser?.close();
    await gateway?.remove();
  }, START_MS);

  const isFit = async (part: string) => {
    const { violations } = await new AxeBuilder({ page }).include(part).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width);
  };
  const open = async (name: string) => {
    await page.getByRole('button', { name: 'Tôi vừa đếm bẫy' }).click();
    await page.getByTestId('trap-choice').getByRole('button', { name }).click();
  };
  const counts = async () => (await member.get<Counts>('/api/pests/counts')).counts;
  const saved = () => page.locator('dialog').waitFor({ state: 'detached' });

  it('says of each pest what to do, why, and when to look again', async () => {
    const fly = page.locator(`[data-pest=${FLY}]`);
    await fly.getByText('Đi xem', { exact: true }).waitFor();
    await fly.getByText(/Chưa ai xem bẫy trong \d+ ngày qua/).waitFor();
    await fly.getByText('Đi xem ngay hôm nay.').waitFor();
    // Closed, for nothing needs to be done now: what it says above stands in its first lines.
    expect(await fly.getByText('Nên làm gì').isVisible()).toBe(false);
    await fly.getByText('Đi xem', { exact: true }).click();
    await fly.getByText('Dựa vào đâu').click();
    await fly.getByText(/Không tìm được ngưỡng ruồi\/bẫy\/ngày cho thanh long/).waitFor();
    await fly.getByText('Nên làm gì').click();
    const measures = await fly.locator('ol li').allInnerTexts();
    expect(measures.at(-1)).toContain('thuốc, sau cùng');
    expect(measures.slice(0, -1).join()).not.toContain('thuốc, sau cùng');
    await isFit('[data-testid=pests]');
  });

  it('counts a trap that caught nothing in three taps', async () => {
    await page.getByRole('button', { name: 'Tôi vừa đếm bẫy' }).click();
    const choices = await page.getByTestId('trap-choice').getByRole('button').allInnerTexts();
    expect(choices.map((words) => words.includes('máy tự đếm'))).toEqual([false, false, true]);
    await page.locator('dialog .top button').click();
    await open('Bẫy ruồi 1');
    await isFit('dialog');
    await page.getByRole('button', { name: 'Không có con nào' }).click();
    await saved();
    expect(await counts()).toMatchObject([{ trapId: 'bay-1', count: 0, photoSha256: null }]);
  });

  it('counts another with its photo, made smaller, and refuses one of 40 MB with what to do', async () => {
    await open('Bẫy ruồi 2');
    const folder = await mkdtemp(join(tmpdir(), 'nongtin-photo-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const huge = join(folder, 'huge.jpg');
    await writeFile(huge, '');
    await truncate(huge, 40 * 1024 * 1024);
    await page.setInputFiles('dialog input[name=photo]', huge);
    await page.locator('dialog [role=alert]', { hasText: 'Ảnh 40 MB quá lớn' }).waitFor();
    const picture = await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(3_000, 2_000);
      canvas.getContext('2d')?.fillRect(0, 0, 3_000, 2_000);
      return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer())];
    });
    await page.setInputFiles('dialog input[name=photo]', {
      ...{ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from(picture) },
    });
    await page.getByText('Đã có ảnh').waitFor();
    await page.fill('dialog input[name=count]', '-3');
    await page.locator('dialog').getByRole('button', { name: 'Ghi lại' }).click();
    await page.locator('dialog [role=alert]', { hasText: '“-3” không phải là số con' }).waitFor();
    await page.fill('dialog input[name=count]', '35');
    await page.locator('dialog').getByRole('button', { name: 'Ghi lại' }).click();
    await saved();
    const told = (await counts()).find(({ trapId }) => trapId === 'bay-2');
    expect(told).toMatchObject({ count: 35 });
    const photo = `${gateway.address}/api/diary/attachments/${told?.photoSha256}`;
    expect((await page.request.get(photo)).headers()['content-type']).toBe('image/jpeg');
  });

  it('keeps a count on the phone while nobody answers, and sends it once when somebody does', async () => {
    const before = (await counts()).length;
    await page.context().setOffline(true);
    await open('Bẫy ruồi 3');
    await page.fill('dialog input[name=count]', '8');
    await page.locator('dialog').getByRole('button', { name: 'Ghi lại' }).click();
    await saved();
    await page.getByTestId('counts-waiting').getByText('1 lần đếm còn trong máy').waitFor();
    expect(await counts()).toHaveLength(before);
    await page.context().setOffline(false);
    await page.getByTestId('counts-waiting').waitFor({ state: 'detached' });
    const told = await counts();
    expect(told).toHaveLength(before + 1);
    expect(told).toContainEqual(expect.objectContaining({ trapId: 'bay-3', count: 8, by: told[0]?.by }));
  });

  it('counts a trap in the diary without a signal, as one of its entries', async () => {
    const diary = await page.context().newPage();
    await diary.goto(`${gateway.address}/diary.html`);
    await diary.getByTestId('waiting').getByText('Đã gửi hết').waitFor();
    await diary.getByRole('button', { name: 'Tôi vừa đếm bẫy' }).waitFor();
    await page.context().setOffline(true);
    await diary.getByRole('button', { name: 'Tôi vừa đếm bẫy' }).click();
    await diary.getByTestId('trap-choice').getByRole('button', { name: 'Bẫy ruồi 1' }).click();
    await diary.fill('dialog input[name=count]', '2');
    await diary.locator('dialog').getByRole('button', { name: 'Ghi lại' }).click();
    await diary.getByTestId('entry').locator('summary', { hasText: 'chưa gửi' }).waitFor();
    await page.context().setOffline(false);
    await diary.reload();
    await diary.getByTestId('waiting').getByText('Đã gửi hết').waitFor();
    // Counted a moment after another look at the same trap: the same insects, so it stands and is not added.
    await diary.getByTestId('warning').filter({ hasText: 'trùng thời gian' }).waitFor({ state: 'attached' });
    await diary.close();
    expect((await counts()).filter(({ trapId }) => trapId === 'bay-1')).toHaveLength(1);
  });

  it('shows what each trap caught day by day, and a day that nobody counted as not known', async () => {
    await page.getByText('Số bắt được ở từng bẫy').click();
    const second = page.locator('[data-trap=bay-2]');
    await second.locator('.day', { hasText: /^5/ }).first().waitFor();
    expect(await second.locator('.unknown').count()).toBeGreaterThan(0);
    expect(await second.locator('.unknown').first().innerText()).toMatch(/^\?/);
    await isFit('[data-testid=pests]');
  });

  it('withdraws a wrong count with a reason, and its days are not known again', async () => {
    const second = page.locator('[data-trap=bay-2]');
    await second.getByText('Lần đếm sau cùng: 35 con').click();
    await second.locator('input[name=why]').fill('đếm nhầm bẫy');
    await second.getByRole('button', { name: 'Rút lại lần đếm này' }).click();
    await second.getByText('chưa ai xem').waitFor();
    expect(await second.locator('.day').count()).toBe(await second.locator('.unknown').count());
  });

  it('writes down what somebody has found on plants', async () => {
    // Opened by the first of these tests, and open still, whatever was counted since.
    await page.locator(`[data-pest=${FLY}]`).getByRole('button', { name: 'Tôi vừa đi xem cây' }).click();
    const form = page.getByTestId('pest-seen');
    await isFit('dialog');
    await form.locator('input[name=found]').fill('30');
    await form.getByRole('button', { name: 'Ghi lại' }).click();
    await form.getByRole('alert').filter({ hasText: 'không thể nhiều hơn số đã xem' }).waitFor();
    await form.locator('input[name=found]').fill('3');
    await form.getByRole('button', { name: 'Ghi lại' }).click();
    await saved();
    const { seen } = await member.get<{ seen: { value: number; sampleSize: number }[] }>('/api/pests/seen');
    expect(seen).toMatchObject([{ value: 15, sampleSize: 20 }]);
    const fly = page.locator(`[data-pest=${FLY}]`);
    await fly.getByText('Phun', { exact: true }).waitFor();
    await fly.getByText(/phần trăm quả bị hại 15 \(xem 20 quả\)/).waitFor();
  });
});
