import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { testFarm } from '../gateway.suite.ts';
import type { Settings } from './settings.ts';
import { httpService } from './testing/http-service.ts';

let farm: Awaited<ReturnType<typeof testFarm>>;

beforeAll(async () => {
  farm = await testFarm({ NONGTIN_WEBHOOK_SECRET: 'very-secret-word' });
});

afterAll(() => farm.close());

it('a real gateway tells nobody until it is set up, then a person who asks for a test, and says what became of it', async () => {
  const service = await httpService(() => ({ status: 200 }));
  expect(await farm.get('/api/notifications')).toMatchObject({ isConfigured: false, messages: [] });
  const browser = { endpoint: 'https://10.0.0.1/x', keys: { p256dh: 'BAAA', auth: 'AAAA' } };
  const refused = await farm.post('/api/notifications/push', browser);
  expect([refused.status, await refused.json()]).toMatchObject([
    409,
    { error: { kind: 'your_input', reason: { key: 'notice_not_set_up' } } },
  ]);
  const { email } = farm.secrets.users.technician;
  const settings: Settings = {
    format: 'nongtin-notifications-1',
    channels: { webhook: {} },
    people: [
      { id: 'sau', name: 'Sáu', account: email, addresses: { webhook: `${service.url}/private-hook` } },
    ],
    rules: [{ steps: [{ afterMinutes: 0, tell: ['sau'] }] }],
  };
  writeFileSync(join(farm.dataDir, 'gateway', 'notifications.json'), JSON.stringify(settings));
  await farm.restart();
  expect(await farm.get('/api/notifications/mine')).toMatchObject({ name: 'Sáu', channels: ['webhook'] });
  expect((await farm.post('/api/notifications/test', {})).status).toBe(202);
  let view = await farm.get('/api/notifications');
  while (view.messages[0]?.state !== 'accepted') view = await farm.get('/api/notifications');
  expect(view.messages).toMatchObject([{ person: 'Sáu', channel: 'webhook', state: 'accepted' }]);
  expect(service.asked).toHaveLength(1);
  expect(JSON.stringify(view)).not.toMatch(/private-hook|very-secret-word/);
});
