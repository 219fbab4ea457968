import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { haveChromium, launchBrowser, phone } from './browser.ts';

const dashboards = fileURLToPath(new URL('../../dashboards', import.meta.url));
const origin = 'http://nongtin.test';
const pages = [
  { page: 'field', address: '/', later: 'Chưa kết nối được với gateway' },
  { page: 'console', address: '/console', later: 'Chưa kết nối được với máy chủ' },
];
const signIn = { vi: 'Đăng nhập', en: 'Sign in', zh: '登录' };

/** The built pages in a browser, without a server behind them: their files from the disk, nobody signed in. */
describe.skipIf(!haveChromium).each(pages)(
  'the $page page before somebody signs in',
  ({ page: name, address, later }) => {
    let browser: Browser;
    let context: BrowserContext;
    let page: Page;
    let asked: string[];
    /** What the server answers to a sign-in. */
    let answer: number;

    beforeAll(async () => {
      await promisify(execFile)(process.execPath, [join(dashboards, 'build.ts')]);
      browser = await launchBrowser();
    });

    afterAll(() => browser?.close());

    beforeEach(async () => {
      asked = [];
      answer = 401;
      context = await browser.newContext({ viewport: phone, locale: 'vi-VN' });
      await context.route(`${origin}/**`, (route) => {
        const path = new URL(route.request().url()).pathname;
        if (path === '/api/auth/get-session') return route.fulfill({ json: null });
        if (path.startsWith('/api/')) return route.fulfill({ status: answer, json: {} });
        const file = path === address ? 'index.html' : path.replace('/console/', '/');
        asked.push(file);
        return route.fulfill({ path: join(dashboards, 'dist', name, file) });
      });
      page = await context.newPage();
    });

    afterEach(() => context?.close());

    const submit = () => page.locator('button.primary');
    const catalogues = () => new Set(asked.flatMap((file) => /assets\/(vi|en|zh)-/.exec(file)?.[1] ?? []));

    async function tryToSignIn(): Promise<void> {
      await page.goto(`${origin}${address}`);
      await page.fill('input[name=email]', 'hoa@example.vn');
      await page.fill('input[name=password]', 'not this one');
      await submit().click();
    }

    it.each(Object.entries(signIn))(
      'speaks %s and loads the words of no other language',
      async (language, words) => {
        await page.goto(`${origin}${address}?lang=${language}`);
        await submit().filter({ hasText: words }).waitFor();
        expect(await page.locator('html').getAttribute('lang')).toBe(language);
        expect([...catalogues()]).toEqual([language]);
        const { violations } = await new AxeBuilder({ page }).analyze();
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        expect(serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
      },
    );

    it('keeps the language that was chosen', async () => {
      await page.goto(`${origin}${address}`);
      await page.selectOption('select', 'zh');
      await submit().filter({ hasText: signIn.zh }).waitFor();
      await page.reload();
      await submit().filter({ hasText: signIn.zh }).waitFor();
      expect(await page.locator('select').inputValue()).toBe('zh');
    });

    it('stays in its language when the words of another cannot be loaded', async () => {
      await page.goto(`${origin}${address}`);
      await submit().waitFor();
      const refused = page.waitForEvent('requestfailed');
      await context.route(/assets\/zh-/, (route) => route.abort());
      await page.selectOption('select', 'zh');
      await refused;
      await expect.poll(() => page.locator('select').inputValue(), { timeout: 20_000 }).toBe('vi');
      expect(await submit().innerText()).toBe(signIn.vi);
    });

    it.each([
      [401, 'Sai thư điện tử hoặc mật khẩu'],
      [429, later],
      [503, later],
    ])('says what to do after a refused sign-in: %i', async (status, words) => {
      answer = status;
      await tryToSignIn();
      await page.getByRole('alert').filter({ hasText: words }).waitFor();
    });
  },
);
