import { readFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveChromium, launchBrowser, phone } from './browser.ts';
import { type GatewayAlone, START_MS, startGateway } from './gateway-alone.ts';
import { Valve } from './valve.ts';

const docs = readFileSync(new URL('../../docs/fertigation.md', import.meta.url), 'utf8');
const [, example = ''] = /```json\n(.*?)```/s.exec(docs) ?? [];
const SPEED = 60;
/** Relays of the demo's devices, which have passwords already. */
const pumps = ['valve-a1', 'valve-a2', 'valve-a3'];

/** The farm of docs/fertigation.md, with these as its dose pumps. */
function farm(): object {
  const documented = JSON.parse(example);
  documented.heads[0].tanks.forEach((tank: { pump: object }, n: number) => {
    tank.pump = { valve: pumps[n] };
  });
  return documented;
}

describe.skipIf(!haveChromium)('fertigation on a phone', () => {
  let gateway: GatewayAlone;
  let relays: Valve[];
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    gateway = await startGateway(farm(), { NONGTIN_SPEED: `${SPEED}` });
    relays = pumps.map(
      (id) =>
        new Valve({
          ...{ id, mqttPort: gateway.mqttPort, password: gateway.secrets.devices[id] ?? '', speed: SPEED },
        }),
    );
    browser = await launchBrowser();
    page = await (await browser.newContext({ viewport: phone, locale: 'vi-VN' })).newPage();
    await gateway.signIn(page, 'technician');
    await page.locator('[data-head=cham-phan]').waitFor();
  }, 2 * START_MS);

  afterAll(async () => {
    await browser?.close();
    await Promise.all((relays ?? []).map((relay) => relay.close()));
    await gateway?.remove();
  }, START_MS);

  const head = () => page.locator('[data-head=cham-phan]');
  const tank = () => page.locator('[data-tank=bon-a]');
  const isFit = async (part: string) => {
    const { violations } = await new AxeBuilder({ page }).include(part).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width);
  };

  it('stops dosing by one tap and says what that means, until somebody lets it go on', async () => {
    await isFit('[data-testid=fertigation]');
    await head().getByRole('button', { name: 'DỪNG CHÂM PHÂN' }).click();
    await head().getByText('Nước vẫn tưới, không có phân').waitFor();
    await head().getByRole('button', { name: 'Cho châm lại' }).click();
    await head().getByRole('button', { name: 'DỪNG CHÂM PHÂN' }).waitFor();
    await head().getByText('Không có khu nào đang tưới cần phân.').waitFor();
  });

  it('writes down what is in a tank, and says so where it cannot be', async () => {
    await tank().getByText('Chưa ai ghi còn bao nhiêu').waitFor();
    await tank().getByRole('button', { name: 'Tôi đã đổ đầy' }).click();
    await page.fill('dialog input[name=litres]', '250');
    await page.locator('dialog button.primary').click();
    await page.locator('dialog [role=alert]', { hasText: 'ghi một số từ 0 đến 200 lít' }).waitFor();
    await page.fill('dialog input[name=litres]', '180,5');
    await page.fill('dialog input[name=litresBefore]', '190');
    await page.locator('dialog button.primary').click();
    await page.locator('dialog [role=alert]', { hasText: 'Trước khi đổ không thể còn nhiều hơn' }).waitFor();
    await page.fill('dialog input[name=litresBefore]', '12,5');
    await page.locator('dialog button.primary').click();
    await tank().getByText('Còn 180,5 trên 200 L').waitFor();
  });

  it('measures a pump with a cup, step by step, until two cups agree', async () => {
    await tank().getByRole('button', { name: 'Đong thử bơm' }).click();
    const steps = page.getByTestId('calibration');
    const cup = async (millilitres: string) => {
      await steps
        .getByRole('button', { name: /30 giây/ })
        .last()
        .click();
      await steps.locator('input[name=millilitres]').fill(millilitres);
      await steps.getByRole('button', { name: 'Ghi' }).click();
    };
    await isFit('dialog');
    await cup('126');
    await steps.getByText('Đong thêm một lần nữa cho chắc').waitFor();
    await cup('60');
    await steps.getByText(/Hai lần đong lệch nhau 71 %/).waitFor();
    await cup('62');
    await steps.getByText('Xong, đã lưu: bơm ra 2,03 mL mỗi giây').waitFor();
    expect(relays[0]?.openings.map(({ durationSeconds }) => durationSeconds)).toEqual([30, 30, 30]);
    await page.locator('dialog .top button').click();
    await tank().getByText('Bơm ra 2,03 mL mỗi giây').waitFor();
  });

  it('shows what each plot got against its plan', async () => {
    const plot = page.locator('[data-nutrients=lo-1]');
    await plot.getByText('0 trên 60 kg').waitFor();
    expect(await plot.innerText()).toMatch(/N\s+0 trên 60 kg\s+P₂O₅\s+0 trên 30 kg\s+K₂O\s+0 trên 75 kg/);
  });
});
