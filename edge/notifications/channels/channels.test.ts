import { createHmac } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporary } from '../notifications.suite.ts';
import { httpService, type Said } from '../testing/http-service.ts';
import { browser, pushService } from '../testing/push-service.ts';
import { behavesAsAChannel, type Mood, message } from './channels.suite.ts';
import { createTelegram } from './telegram.ts';
import { createWebPush, type Subscription, subscriptionProblem } from './web-push.ts';
import { createWebhook } from './webhook.ts';
import { createZalo } from './zalo.ts';

const clock = { nowMs: () => Date.now() };
const signal = new AbortController().signal;
const json = (status: number, value: unknown): Said => ({ status, body: JSON.stringify(value) });

// --- webhook ---

const SECRET = 'a-secret-of-the-office';
const webhookMoods: Record<Mood, Said> = {
  well: { status: 204 },
  busy: { status: 429, headers: { 'retry-after': '120' } },
  broken: { status: 503 },
  login: { status: 401 },
  unknown_address: { status: 410 },
  away: { status: 200, cut: true },
};

behavesAsAChannel('webhook', ['well', 'busy', 'broken', 'login', 'unknown_address', 'away'], async (mood) => {
  const service = await httpService(() => webhookMoods[mood]);
  return {
    channel: createWebhook({ secret: SECRET, clock }),
    to: `${service.url}/hook?key=private`,
    received: () => (JSON.parse(String(service.asked.at(-1)?.body)) as { data: { text: string } }).data.text,
    secrets: [SECRET, 'private', service.url],
  };
});

it('signs a webhook so that its receiver can check it, and keeps its id when it is tried again', async () => {
  const service = await httpService((_, earlier) => ({ status: earlier.length === 0 ? 500 : 200 }));
  const channel = createWebhook({ secret: SECRET, clock: { nowMs: () => 1_800_000_000_000 } });
  await channel.send(message(service.url), signal);
  await channel.send(message(service.url), signal);
  for (const { headers, body } of service.asked) {
    const signed = `m-1.1800000000.${String(body)}`;
    expect(headers).toMatchObject({
      'webhook-id': 'm-1',
      'webhook-timestamp': '1800000000',
      'webhook-signature': `v1,${createHmac('sha256', SECRET).update(signed).digest('base64')}`,
    });
  }
});

it('follows no redirection, and waits as long as a service asks', async () => {
  const service = await httpService((_, earlier) =>
    earlier.length === 0
      ? { status: 302, headers: { location: 'http://169.254.169.254/' } }
      : { status: 429, headers: { 'retry-after': '120' } },
  );
  const channel = createWebhook({ secret: SECRET, clock });
  expect(await channel.send(message(service.url), signal)).toMatchObject({ outcome: 'refused' });
  expect(await channel.send(message(service.url), signal)).toMatchObject({
    outcome: 'later',
    afterMs: 120_000,
  });
  expect(service.asked).toHaveLength(2);
});

// --- Telegram ---

const TOKEN = '123456:AAE-a-token';
const telegramMoods: Record<Mood, Said> = {
  well: json(200, { ok: true, result: { message_id: 77 } }),
  busy: json(429, {
    ok: false,
    error_code: 429,
    description: 'Too Many Requests',
    parameters: { retry_after: 31 },
  }),
  broken: { status: 502, body: '<html>' },
  login: json(401, { ok: false, error_code: 401, description: 'Unauthorized' }),
  unknown_address: json(400, { ok: false, error_code: 400, description: 'Bad Request: chat not found' }),
  away: { status: 200, cut: true },
};

behavesAsAChannel(
  'telegram',
  ['well', 'busy', 'broken', 'login', 'unknown_address', 'away'],
  async (mood) => {
    const service = await httpService(({ path, body, headers }) => {
      const { chat_id: chat, text } = JSON.parse(String(body)) as { chat_id: string; text: string };
      const isRight = path === `/bot${TOKEN}/sendMessage` && headers['content-type'] === 'application/json';
      return isRight && chat === '4711' && text.length <= 4096
        ? telegramMoods[mood]
        : json(404, { ok: false });
    });
    return {
      channel: createTelegram({ token: TOKEN, baseUrl: service.url }),
      to: '4711',
      received: () => (JSON.parse(String(service.asked.at(-1)?.body)) as { text: string }).text,
      secrets: [TOKEN, '4711'],
    };
  },
);

it('knows a bot that was blocked from one that is unknown, and cuts what is too long', async () => {
  const service = await httpService((_, earlier) =>
    earlier.length === 0
      ? json(403, { ok: false, error_code: 403, description: 'Forbidden: bot was blocked by the user' })
      : telegramMoods.well,
  );
  const channel = createTelegram({ token: TOKEN, baseUrl: service.url });
  expect(await channel.send(message('1'), signal)).toMatchObject({ reason: { key: 'notice_blocked' } });
  expect(await channel.send(message('1', { text: '🌱'.repeat(5_000) }), signal)).toEqual({
    outcome: 'accepted',
    reference: '77',
  });
  const sent = JSON.parse(String(service.asked[1]?.body)) as { text: string };
  expect([...sent.text]).toHaveLength(4_096);
  expect(sent.text.isWellFormed()).toBe(true);
});

it('says how long Telegram wants it to wait', async () => {
  const service = await httpService(() => telegramMoods.busy);
  const channel = createTelegram({ token: TOKEN, baseUrl: service.url });
  expect(await channel.send(message('1'), signal)).toMatchObject({ outcome: 'later', afterMs: 31_000 });
});

// --- Zalo ---

/** A Zalo that gives each refresh token once, as the real one does. */
async function zaloService(mood: Mood = 'well') {
  let refreshToken = 'refresh-0';
  let access = '';
  let refreshes = 0;
  const texts: string[] = [];
  const service = await httpService(({ path, headers, body }) => {
    if (mood === 'away') return { status: 200, cut: true };
    if (mood === 'broken') return { status: 500 };
    if (path === '/v4/oa/access_token') {
      const form = new URLSearchParams(String(body));
      const isRight =
        headers.secret_key === 'app-secret' &&
        headers['content-type'] === 'application/x-www-form-urlencoded' &&
        form.get('app_id') === '4242424242' &&
        form.get('grant_type') === 'refresh_token' &&
        form.get('refresh_token') === refreshToken;
      if (!isRight || mood === 'login')
        return json(200, { error: -14014, error_name: 'Invalid refresh token.' });
      refreshes += 1;
      refreshToken = `refresh-${refreshes}`;
      access = `access-${refreshes}`;
      return json(200, { access_token: access, refresh_token: refreshToken, expires_in: '90000' });
    }
    if (path !== '/v3.0/oa/message/cs') return { status: 404 };
    if (headers.access_token !== access)
      return json(200, { error: -216, message: 'Access token is invalid' });
    const { recipient, message } = JSON.parse(String(body)) as {
      recipient: { user_id: string };
      message: { text: string };
    };
    if (mood === 'busy') return json(200, { error: -32, message: 'limit' });
    if (recipient.user_id !== '9876543210' || mood === 'unknown_address')
      return json(200, { error: -213, message: 'User has not followed OA' });
    texts.push(message.text);
    return json(200, {
      error: 0,
      message: 'Success',
      data: { message_id: 'z1', user_id: recipient.user_id },
    });
  });
  return {
    ...service,
    texts,
    refreshes: () => refreshes,
    spoil: () => {
      access = 'taken back';
    },
  };
}

const zaloOptions = (url: string, path: string) => ({
  ...{ appId: '4242424242', appSecret: 'app-secret', refreshToken: 'refresh-0', path },
  ...{ clock, apiUrl: url, oauthUrl: url },
});

behavesAsAChannel('zalo', ['well', 'busy', 'broken', 'login', 'unknown_address', 'away'], async (mood) => {
  const service = await zaloService(mood);
  return {
    channel: createZalo(zaloOptions(service.url, join(temporary(), 'zalo.json'))),
    to: '9876543210',
    received: () => service.texts.at(-1),
    secrets: ['app-secret', 'refresh-', 'access-', '9876543210'],
  };
});

it('keeps Zalo’s newest refresh token over a restart, and asks for access only when it has none', async () => {
  const service = await zaloService();
  const path = join(temporary(), 'zalo.json');
  const first = createZalo(zaloOptions(service.url, path));
  await first.send(message('9876543210'), signal);
  await first.send(message('9876543210'), signal);
  expect(service.refreshes()).toBe(1);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, 'utf8')).toContain('refresh-1');
  const second = createZalo(zaloOptions(service.url, path));
  expect(await second.send(message('9876543210'), signal)).toMatchObject({ outcome: 'accepted' });
  expect(service.refreshes()).toBe(1);
  service.spoil();
  expect(await second.send(message('9876543210'), signal)).toMatchObject({ outcome: 'accepted' });
  expect(service.refreshes()).toBe(2);
});

it('begins anew with the refresh token of a person who has got another one', async () => {
  const service = await zaloService();
  const path = join(temporary(), 'zalo.json');
  await createZalo(zaloOptions(service.url, path)).send(message('9876543210'), signal);
  const other = createZalo({ ...zaloOptions(service.url, path), refreshToken: 'of another app' });
  expect(await other.send(message('9876543210'), signal)).toMatchObject({
    reason: { key: 'notice_zalo_token' },
  });
});

it('says that the person has been silent for too long, which only the person can change', async () => {
  const service = await httpService(({ path }) =>
    path.endsWith('access_token')
      ? json(200, { access_token: 'a', refresh_token: 'b', expires_in: '90000' })
      : json(200, { error: -230, message: 'User has not interacted with the OA in the past 7 days' }),
  );
  const channel = createZalo(zaloOptions(service.url, join(temporary(), 'zalo.json')));
  expect(await channel.send(message('1'), signal)).toMatchObject({ reason: { key: 'notice_zalo_silent' } });
});

// --- web push ---

const keys = await import('web-push').then(({ default: webPush }) => webPush.generateVAPIDKeys());
const pushMoods: Record<Mood, Said | undefined> = {
  well: undefined,
  busy: { status: 429, headers: { 'retry-after': '60' } },
  broken: { status: 500 },
  login: { status: 403 },
  unknown_address: { status: 410 },
  away: { status: 201, cut: true },
};

async function pushStage(mood: Mood, more: Mood[] = []) {
  const moods = [mood, ...more];
  let turn = 0;
  const service = await pushService(keys.publicKey, () => pushMoods[moods[turn++ % moods.length] ?? 'well']);
  const browsers = moods.map((_, n) => browser(`${service.url}/send/${n}`));
  const removed: string[] = [];
  const channel = createWebPush({
    ...{ keys, contact: 'mailto:farm@example.vn', clock },
    subscriptions: {
      of: (person) => (person === 'ba@example.vn' ? browsers.map(({ subscription }) => subscription) : []),
      remove: (endpoint) => void removed.push(endpoint),
    },
  });
  return { channel, service, browsers, removed };
}

behavesAsAChannel(
  'web push',
  ['well', 'busy', 'broken', 'login', 'unknown_address', 'away'],
  async (mood) => {
    const { channel, service, browsers } = await pushStage(mood);
    return {
      ...{ channel, to: 'ba@example.vn', secrets: [service.url, keys.privateKey] },
      received: () => {
        const { body } = service.asked.at(-1) ?? {};
        const said = body && browsers[0]?.read(body);
        return said === undefined ? undefined : (JSON.parse(said) as { body: string }).body;
      },
    };
  },
);

it('is told by one phone when the other is gone, and forgets that one', async () => {
  const { channel, removed, service } = await pushStage('unknown_address', ['well']);
  expect(await channel.send(message('ba@example.vn'), signal)).toMatchObject({ outcome: 'accepted' });
  expect(removed).toEqual([`${service.url}/send/0`]);
  expect(service.asked[1]?.headers).toMatchObject({
    urgency: 'high',
    ttl: expect.stringMatching(/^3(599|600)$/),
  });
});

it('keeps what it encrypts within what push services take, whatever the letters', async () => {
  const { channel, service, browsers } = await pushStage('well');
  const short = 'nước chảy '.repeat(400);
  expect(await channel.send(message('ba@example.vn', { short }), signal)).toMatchObject({
    outcome: 'accepted',
  });
  expect(browsers[0]?.read(service.asked[0]?.body as Buffer)).toContain('nước chảy');
});

it('posts only to push services that are known, with keys of a browser', () => {
  const { subscription } = browser('https://fcm.googleapis.com/fcm/send/abc');
  const problem = (more: Partial<Subscription>, services: string[] = []) =>
    subscriptionProblem({ ...subscription, ...more }, services);
  expect(problem({})).toBeUndefined();
  expect(problem({ endpoint: 'https://web.push.apple.com/x' })).toBeUndefined();
  expect(problem({ endpoint: 'https://192.168.1.1/admin' })).toMatch(/not known/);
  expect(problem({ endpoint: 'https://fcm.googleapis.com.evil.example/x' })).toMatch(/not known/);
  expect(problem({ endpoint: 'http://fcm.googleapis.com/x' })).toMatch(/not known/);
  expect(problem({ endpoint: 'https://push.example.vn/x' }, ['example.vn'])).toBeUndefined();
  expect(problem({ endpoint: 'nonsense' })).toMatch(/no address/);
  expect(problem({ keys: { p256dh: 'AAAA', auth: subscription.keys.auth } })).toMatch(/keys/);
});
