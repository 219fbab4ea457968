import { AxeBuilder } from '@axe-core/playwright';
import mqtt from 'mqtt';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, signIn } from '../caller.ts';
import { haveChromium, launchBrowser, phone } from './browser.ts';
import { type System, startSystem } from './system.ts';

const START_MS = 150_000;
/** Of the demo's time-lapse: the farm's seconds in one of ours. */
const SPEED = 60;

/** A Tasmota relay with a water meter, which closes by its PulseTime as the real one does. */
class Relay {
  readonly #client: mqtt.MqttClient;
  #words = 0;
  #pulse: NodeJS.Timeout | undefined;
  #reports: NodeJS.Timeout | undefined;

  constructor(client: mqtt.MqttClient) {
    this.#client = client;
  }

  async start(): Promise<void> {
    this.#client.on('message', (topic, payload) => this.#obey(topic, payload.toString()));
    await this.#client.subscribeAsync('cmnd/tuoi-1/#', { qos: 1 });
    const topics = { ft: '%prefix%/%topic%/', t: 'tuoi-1', tp: ['cmnd', 'stat', 'tele'] };
    await this.#say('tasmota/discovery/AABBCC/config', { ...topics, md: 'Sonoff 4CH Pro', sw: '14.2.0' });
    await this.#tell(false);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#pulse);
    clearInterval(this.#reports);
    await this.#client.endAsync(true);
  }

  #obey(topic: string, text: string): void {
    const pulse = /PulseTime1 (\d+);Power1 ON/.exec(text);
    if (pulse === null && !topic.endsWith('Power1')) return;
    clearTimeout(this.#pulse);
    clearInterval(this.#reports);
    void this.#tell(pulse !== null);
    if (pulse === null) return;
    const seconds = Number(pulse[1]) - 100;
    this.#reports = setInterval(() => void this.#tell(true), 1_000);
    this.#pulse = setTimeout(
      () => {
        clearInterval(this.#reports);
        void this.#tell(false);
      },
      (seconds * 1_000) / SPEED,
    );
  }

  async #tell(isOn: boolean): Promise<void> {
    await this.#say('tele/tuoi-1/STATE', { POWER1: isOn ? 'ON' : 'OFF' });
    await this.#say('tele/tuoi-1/SENSOR', { FLOWRATE: { Rate: isOn ? 19.5 : 0, Unit: 'l/min' } });
  }

  /** With a number of its own, so that no message is taken for a resend of the one before. */
  async #say(topic: string, payload: object): Promise<void> {
    this.#words += 1;
    const text = JSON.stringify({ ...payload, UptimeSec: this.#words });
    await this.#client.publishAsync(topic, text, { qos: 1 }).catch(() => undefined);
  }
}

describe.skipIf(!haveChromium)('a technician with a phone', () => {
  let system: System;
  let browser: Browser;
  let gateway: Caller;
  let page: Page;
  let relay: Relay;

  beforeAll(async () => {
    system = await startSystem(['--no-sim']);
    await system.printed(/field dashboard/i);
    gateway = await signIn(`http://localhost:${system.ports.gateway}`, system.secrets().users.technician);
    browser = await launchBrowser();
    page = await (await browser.newContext({ viewport: phone, locale: 'vi-VN' })).newPage();
    await page.goto(`http://localhost:${system.ports.gateway}/`);
    const { email, password } = system.secrets().users.technician;
    await page.fill('input[name=email]', email);
    await page.fill('input[name=password]', password);
    await page.click('button.primary');
    await page.getByTestId('onboarding').waitFor();
  }, START_MS);

  afterAll(async () => {
    await relay?.stop();
    await browser?.close();
    await system?.remove();
  }, START_MS);

  it('gives a device its password as a label with a QR code', async () => {
    await page.locator('.add').click();
    await page.fill('input[name=identity]', 'tuoi-1');
    await page.fill('input[name=host]', 'localhost');
    await page.locator('dialog form button.primary').click();
    const label = page.getByTestId('credential');
    await label.locator('svg[role=img]').waitFor();
    const password = await label.locator('.secret').innerText();
    expect(await label.locator('dd').first().innerText()).toBe('localhost');
    expect(await label.locator('dd').nth(1).innerText()).toContain(String(system.ports.mqtt));
    const { violations } = await new AxeBuilder({ page }).include('dialog').analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
    await page.locator('dialog .top button').click();
    const client = await mqtt.connectAsync(`mqtt://localhost:${system.ports.mqtt}`, {
      ...{ clientId: 'tuoi-1', username: 'tuoi-1', password, reconnectPeriod: 0 },
    });
    relay = new Relay(client);
    await relay.start();
  });

  it('finds it, gives it its place on a new plot, and tests its valve with water', async () => {
    await page.locator('[data-found=tuoi-1] button.primary').click();
    await page.fill('input[name=name]', 'Van bờ ao');
    await page.selectOption('select[name=plot]', '+');
    await page.fill('input[name=plotName]', 'Lô Tây');
    await page.fill('input[name=crop]', 'sầu riêng');
    await page.fill('input[name=hectares]', '0,4');
    await page.fill('input[name=zoneName]', 'Khu bờ ao');
    await page.fill('input[name=flow]', '20');
    const { violations } = await new AxeBuilder({ page }).include('dialog').analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
    await page.locator('dialog form button.primary').click();

    const test = page.getByTestId('wet-test');
    await test.waitFor();
    const standing = () =>
      gateway.get<{ readOnly: unknown; tests: object[] }>('/api/zones/khu-bo-ao/wet-tests');
    expect(await standing()).toMatchObject({ readOnly: { key: 'wet_test_missing' }, tests: [] });
    await test.locator('button.primary:not([disabled])').click();
    const stop = test.locator('button.stop');
    await stop.waitFor();
    expect((await stop.boundingBox())?.height).toBeGreaterThanOrEqual(48);
    await page.locator('[data-testid=test-result][data-outcome=passed]').waitFor({ timeout: 60_000 });
    expect(await test.innerText()).toMatch(/Đạt[\s\S]*19,5 L\/min[\s\S]*Van được dùng từ bây giờ/);
    expect(await standing()).toMatchObject({ readOnly: null, tests: [{ outcome: 'passed' }] });
  }, 120_000);
});
