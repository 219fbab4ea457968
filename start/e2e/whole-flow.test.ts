import { execFile } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { AxeBuilder } from '@axe-core/playwright';
import { entryHash } from '@nongtin/broker/wire';
import mqtt from 'mqtt';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, signIn } from '../caller.ts';
import { desktop, haveChromium, launchBrowser, phone } from './browser.ts';
import { rpc } from './rpc.ts';
import { type System, startSystem } from './system.ts';

const STAMP_LINK = /http\S*\/01\/(\d{14})\/21\/([0-9A-Z]{20})/;
const START_MS = 150_000;

describe.skipIf(!haveChromium)('from one command to a verified stamp, in a real browser', () => {
  let system: System;
  let browser: Browser;
  let link: string;
  let gateway: Caller;

  beforeAll(async () => {
    system = await startSystem();
    [link = ''] = await system.printed(STAMP_LINK);
    gateway = await signIn(`http://localhost:${system.ports.gateway}`, system.secrets().users.technician);
    browser = await launchBrowser();
  }, START_MS);

  afterAll(async () => {
    await browser?.close();
    await system?.remove();
  }, START_MS);

  /** Publishes as a device of the demo does, and resolves when the gateway has acknowledged. */
  async function publish(device: string, topic: string, payload: string): Promise<void> {
    const client = await mqtt.connectAsync(`mqtt://localhost:${system.ports.mqtt}`, {
      username: device,
      password: system.secrets().devices[device] ?? '',
    });
    await client.publishAsync(topic, payload, { qos: 1 });
    await client.endAsync();
  }

  async function openFieldPage(): Promise<Page> {
    const context = await browser.newContext({ viewport: desktop, locale: 'vi-VN' });
    const page = await context.newPage();
    await page.goto(`http://localhost:${system.ports.gateway}/`);
    const { email, password } = system.secrets().users.technician;
    await page.fill('input[name=email]', email);
    await page.fill('input[name=password]', password);
    await page.click('button.primary');
    await page.waitForSelector('[data-zone]');
    return page;
  }

  async function verdictOf(address: string, locale = 'vi-VN'): Promise<{ verdict: string; text: string }> {
    const page = await browser.newPage({ viewport: phone, locale });
    try {
      await page.goto(address);
      const section = page.getByTestId('verdict');
      await section.waitFor();
      return { verdict: (await section.getAttribute('data-verdict')) ?? '', text: await section.innerText() };
    } finally {
      await page.close();
    }
  }

  it('shows a reading on the field dashboard moments after its publish, without a reload', async () => {
    const page = await openFieldPage();
    const value = 31.4;
    const time = new Date(Date.now() + 7 * 3_600_000).toISOString().slice(0, 19);
    await page.locator('[data-device=probe9] summary').click();
    const before = performance.now();
    await publish(
      'probe9',
      'tele/probe9/SENSOR',
      JSON.stringify({ Time: time, DS18B20: { Temperature: value } }),
    );
    await page.locator('[data-device=probe9] dd', { hasText: '31,4' }).waitFor({ timeout: 5_000 });
    process.stdout.write(`publish to page: ${Math.round(performance.now() - before)} ms\n`);
    const stored = await gateway.get<{ readings: { value: number }[] }>(
      '/api/readings?device=probe9&metric=temperature&limit=5',
    );
    expect(stored.readings.map((reading) => reading.value)).toContain(value);
    await page.close();
  });

  it('draws the day of a zone and shows why it was watered', async () => {
    const page = await openFieldPage();
    const card = page.locator('[data-zone=a1]');
    await card.locator('canvas').waitFor();
    expect(await card.getByTestId('moisture').innerText()).toMatch(/\d+(,\d)?\s%/);
    await card.getByTestId('available-water').waitFor();
    expect(await card.getByTestId('available-water').innerText()).toMatch(/^\d+\s%$/);
    // Zone a1 starts dry: it is watered at once, and its run lasts ten seconds of the time-lapse.
    const run = page.locator('li', { hasText: 'Lô A – Khu 1' }).first();
    await run.waitFor({ timeout: 60_000 });
    expect(await run.innerText()).toMatch(/Tưới vì đất còn 19,\d+\s%, dưới ngưỡng 20,0\s%[\s\S]*\d+ L/);
    await page.close();
  });

  it('leads the first stamp’s link to a green verification computed in the browser', async () => {
    // The chain's blocks become final within seconds; until then the page says "not yet final", which is true.
    await expect
      .poll(async () => (await verdictOf(link)).verdict, { timeout: 60_000, interval: 1_000 })
      .toBe('genuine');
    expect((await verdictOf(link)).text).toContain('Tem thật');
    expect((await verdictOf(link, 'en-US')).text).toContain('Genuine stamp');
    expect((await verdictOf(link, 'zh-CN')).text).toContain('真标签');
  }, 90_000);

  it('takes the number under the scratch layer once, and tells whoever scans the stamp then', async () => {
    const cloud = await signIn(`http://localhost:${system.ports.cloud}`, system.secrets().users.manager);
    const order = { batchNumber: 1, from: 0, to: 0, reason: 'e2e' };
    const { exportId } = await cloud.post<{ exportId: number }>('/api/pin-exports', order);
    const file = await cloud.postForText(`/api/pin-exports/${exportId}/file`);
    const pin = file.trim().split(',').at(-1) ?? '';
    const page = await browser.newPage({ viewport: phone, locale: 'vi-VN' });
    await page.goto(link);
    await page.getByText('Kiểm tra số dưới lớp cào').click();
    const say = async (number: string, result: string) => {
      await page.fill('input[name=pin]', number);
      await page.getByRole('button', { name: 'Kiểm tra số' }).click();
      await page.locator(`[data-pin=${result}]`).waitFor();
    };
    await say(pin === '00000000' ? '00000001' : '00000000', 'wrong');
    await say(`${pin.slice(0, 4)} ${pin.slice(4)}`, 'first');
    await page.reload();
    await page.getByTestId('activated').waitFor();
    expect(await page.getByTestId('verdict').getAttribute('data-verdict')).toBe('genuine');
    await page.close();
  });

  it('proves the same stamp to a command that asks nobody but the chain', async () => {
    const verifier = join(import.meta.dirname, '../../contracts/verifier/main.ts');
    const endpoint = `http://localhost:${system.ports.rpc}`;
    const env = { ...process.env, NONGTIN_DATA_DIR: system.dataDir };
    const answer = await promisify(execFile)(
      process.execPath,
      [verifier, link, '--rpc', endpoint, '--json'],
      { env },
    );
    expect(JSON.parse(answer.stdout)).toMatchObject({
      verdict: 'genuine',
      why: expect.stringContaining('is signed'),
    });
  }, 60_000);

  it('can be read and used by everybody: no serious finding on either page', async () => {
    const field = await openFieldPage();
    const context = await browser.newContext({ viewport: phone, locale: 'vi-VN' });
    const buyer = await context.newPage();
    await buyer.goto(link);
    await buyer.getByTestId('verdict').waitFor();
    for (const page of [field, buyer]) {
      const { violations } = await new AxeBuilder({ page }).analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      expect(serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    }
    await field.context().close();
    await context.close();
  }, 90_000);

  it('answers without JavaScript too', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: phone });
    const page = await context.newPage();
    await page.goto(link);
    expect(await page.locator('#app').innerText()).toContain('HTX');
    await context.close();
  });

  it('carries what a member writes on a phone into the signed journal and to the cloud, where the chain proves it', async () => {
    const context = await browser.newContext({ viewport: phone, locale: 'vi-VN' });
    const page = await context.newPage();
    const { email, password } = system.secrets().users.member;
    await page.goto(`http://localhost:${system.ports.gateway}/diary.html`);
    await page.fill('input[name=email]', email);
    await page.fill('input[name=password]', password);
    await page.click('button.primary');
    await page.locator('.kinds button', { hasText: 'Quan sát' }).click();
    await page.fill('input[name=what]', 'rệp sáp ở gốc trụ');
    await page.locator('form .save').click();
    await page.getByTestId('entry').first().waitFor();
    await page.locator('[data-testid=waiting].good').waitFor();
    await context.close();

    const { revisions } = await gateway.get<{ revisions: { number: number; revision: object }[] }>(
      '/api/diary/revisions',
    );
    const written = revisions.at(-1);
    const { gateway: itself } = await gateway.get<{ gateway: { publicKey: string } }>('/api/farm');
    await expect
      .poll(() => chainFrom(system.dataDir, written?.number ?? 0).length, { timeout: 30_000 })
      .toBeGreaterThan(1);
    const [entry, ...later] = chainFrom(system.dataDir, written?.number ?? 0);
    expect(JSON.parse(entry?.payload ?? '')).toMatchObject({
      kind: 'diary_revision',
      revision: written?.revision,
    });
    // Not on the cloud's word: its hash is reckoned anew, the gateway's key has signed it, and what came later names it.
    const hash = entryHash(entry as ChainedEntry, entry?.payload ?? '');
    const key = createPublicKey({
      ...{ format: 'jwk' },
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(itself.publicKey, 'hex').toString('base64url') },
    });
    expect(verify(null, Buffer.from(hash, 'hex'), key, Buffer.from(entry?.signature ?? '', 'hex'))).toBe(
      true,
    );
    expect(later[0]?.previousHash).toBe(hash);
  }, 90_000);

  it('refuses a link with one character changed, in plain words', async () => {
    const serial = STAMP_LINK.exec(link)?.[2] ?? '';
    for (const position of [0, 8, 14, 19]) {
      const other = serial[position] === '7' ? '8' : '7';
      const changed = `${serial.slice(0, position)}${other}${serial.slice(position + 1)}`;
      const { verdict, text } = await verdictOf(link.replace(serial, changed));
      expect(['typo', 'not_ours']).toContain(verdict);
      expect(text).not.toContain('Tem thật');
    }
  });

  it('refuses a made-up serial whose check character is right', async () => {
    const serial = STAMP_LINK.exec(link)?.[2] ?? '';
    const stem = `${serial.slice(0, 14)}${serial[14] === '7' ? '8' : '7'}${serial.slice(15, 19)}`;
    const links = [...'0123456789ABCDEFGHJKMNPQRSTVWXYZ'].map((check) =>
      link.replace(serial, `${stem}${check}`),
    );
    const answers = await Promise.all(
      links.map(async (one) => {
        const response = await fetch(one.replace('/01/', '/api/verify/').replace('/21/', '/'));
        return (await response.json()) as { answer: string; problem: string; bundle: unknown };
      }),
    );
    expect(answers.map(({ answer, bundle }) => ({ answer, bundle }))).toEqual(
      answers.map(() => ({ answer: 'not_ours', bundle: null })),
    );
    const right = answers.findIndex(({ problem }) => problem !== 'check_character');
    const { verdict, text } = await verdictOf(links[right] ?? '');
    expect(verdict).toBe('not_ours');
    expect(text).toContain('Không phải tem của chúng tôi');
  });

  it('says that the root is missing, and not genuine, when the chain does not hold it', async () => {
    const chain = `http://localhost:${system.ports.rpc}`;
    const { anchorRegistry } = JSON.parse(
      readFileSync(join(system.dataDir, 'chain/deployment.json'), 'utf8'),
    ) as {
      anchorRegistry: string;
    };
    const code = await rpc<string>(chain, 'eth_getCode', [anchorRegistry, 'latest']);
    // A contract in the same place that knows no root: it answers every call with three zero words.
    await rpc(chain, 'anvil_setCode', [anchorRegistry, '0x60606000f3']);
    await rpc(chain, 'anvil_mine', ['0x4']);
    const { verdict, text } = await verdictOf(link);
    await rpc(chain, 'anvil_setCode', [anchorRegistry, code]);
    await rpc(chain, 'anvil_mine', ['0x4']);
    expect(verdict).toBe('root_missing');
    expect(text).not.toContain('Tem thật');
  });

  it('comes back from a kill of the chain: what it has forgotten is anchored again', async () => {
    const folder = join(system.dataDir, 'chain');
    const chain = `http://localhost:${system.ports.rpc}`;
    const blocksBefore = Number(await rpc(chain, 'eth_blockNumber', []));
    // The file names each process by boot, pid and start time, so that a pid used anew is never mistaken.
    const { anvil } = JSON.parse(readFileSync(join(folder, 'anvil.pid'), 'utf8')) as { anvil: string };
    const pid = Number(anvil.split(' ')[1]);
    // Without its saved state the chain comes back empty; stopped first, or it might save it once more in between.
    process.kill(pid, 'SIGSTOP');
    for (const file of ['state.json', 'state.previous.json']) rmSync(join(folder, file), { force: true });
    process.kill(pid, 'SIGKILL');
    const blocks = () =>
      rpc<string>(chain, 'eth_blockNumber', []).then(Number, () => Number.POSITIVE_INFINITY);
    await expect.poll(blocks, { timeout: 30_000 }).toBeLessThan(blocksBefore);
    await expect
      .poll(async () => (await verdictOf(link)).verdict, { timeout: 90_000, interval: 1_000 })
      .toBe('genuine');
  }, 120_000);

  it('starts a second time with the same stamps and no row twice', async () => {
    const count = async () => {
      const cloud = await signIn(`http://localhost:${system.ports.cloud}`, system.secrets().users.manager);
      const { lots } = await cloud.get<{ lots: unknown[] }>('/api/lots');
      const batches = await cloud.get<unknown[]>('/api/stamp-batches');
      const { harvests } = await cloud.get<{ harvests: unknown[] }>('/api/harvests');
      return { lots: lots.length, batches: batches.length, harvests: harvests.length };
    };
    const readings = async () => {
      const technician = await signIn(
        `http://localhost:${system.ports.gateway}`,
        system.secrets().users.technician,
      );
      const path = '/api/readings?device=soil-b3&metric=soil_moisture&limit=500';
      return (await technician.get<{ readings: { atMs: number }[] }>(path)).readings.map(({ atMs }) => atMs);
    };
    const before = await count();
    expect(before).toEqual({ lots: 1, batches: 1, harvests: 1 });
    const readingsBefore = await readings();
    expect(readingsBefore.length).toBeGreaterThan(5);
    expect(await system.stop()).toBe(0);
    system.restart();
    const [again] = await system.printed(STAMP_LINK);
    expect(again).toBe(link);
    expect(await count()).toEqual(before);
    const newest = Math.max(...readingsBefore);
    const oldest = Math.min(...readingsBefore);
    const sameTime = (await readings()).filter((atMs) => atMs >= oldest && atMs <= newest);
    expect(sameTime.sort()).toEqual(readingsBefore.sort());
    await expect
      .poll(async () => (await verdictOf(link)).verdict, { timeout: 60_000, interval: 1_000 })
      .toBe('genuine');
  }, 150_000);
});

interface ChainedEntry {
  readonly number: number;
  readonly previousHash: string;
  readonly bootId: string;
  readonly payload: string;
  /** 128 hex digits. */
  readonly signature: string;
}

/** What the cloud has stored of the gateway's journal from this entry on, at most two of it. */
function chainFrom(dataDir: string, number: number): ChainedEntry[] {
  const file = new DatabaseSync(join(dataDir, 'cloud', 'entries.sqlite'), { readOnly: true });
  try {
    return file
      .prepare(
        'select number, previous_hash as previousHash, boot_id as bootId, payload, signature from entries where number >= ? order by number limit 2',
      )
      .all(number) as unknown as ChainedEntry[];
  } finally {
    file.close();
  }
}
