import { connectAsync } from 'mqtt';
import { expect, it } from 'vitest';
import { testFarm } from './gateway.suite.ts';

it('lets nobody in any more who came with the demo, once it runs without', async () => {
  const farm = await testFarm();
  const { email, password } = farm.secrets.users.manager;
  expect((await farm.post('/api/auth/sign-in/email', { email, password })).status).toBe(200);
  await farm.gateway().stop();
  const gateway = farm.build({ NONGTIN_DEMO: 'off' });
  await gateway.start();
  try {
    const { httpPort, mqttPort } = gateway.ports;
    const answer = await fetch(`http://127.0.0.1:${httpPort}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    });
    expect(answer.status).toBe(401);
    const probe = { username: 'probe9', password: farm.secrets.devices.probe9 ?? '', reconnectPeriod: 0 };
    await expect(connectAsync(`mqtt://127.0.0.1:${mqttPort}`, probe)).rejects.toMatchObject({ code: 4 });
  } finally {
    await gateway.stop();
    await farm.close();
  }
});
