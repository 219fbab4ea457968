import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  accountsPlugin,
  createAccounts,
  demoSecrets,
  missingRoutes,
  type Role,
  roles,
  routeTable,
  seedDemoUsers,
  sessionSecret,
  withdrawDemoUsers,
} from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'nongtin-accounts-'));
const secrets = demoSecrets(folder);
const database = new DatabaseSync(join(folder, 'accounts.sqlite'));
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const accounts = createAccounts({ database, secret: sessionSecret(join(folder, 'secret.json')), logger });
let nowMs = 1_000_000;
const clock = { nowMs: () => nowMs };

beforeAll(async () => {
  await accounts.start();
  await accounts.start();
  await seedDemoUsers(accounts, secrets);
  await seedDemoUsers(accounts, secrets);
});

afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

/** An app that answers every route of a table with 200. */
async function appOf(table: keyof typeof routeTable): Promise<FastifyInstance> {
  const app = Fastify();
  await app.register(accountsPlugin, { accounts, table, clock });
  for (const key of Object.keys(routeTable[table])) {
    const [method = '', url = ''] = key.split(' ');
    if (url.startsWith('/api/auth/')) continue;
    app.route({ method, url, handler: async (request) => ({ role: request.account?.role ?? null }) });
  }
  await app.ready();
  return app;
}

const json = { 'content-type': 'application/json' };

async function signIn(app: FastifyInstance, email: string, password: string, headers = {}) {
  const payload = { email, password };
  return app.inject({
    method: 'POST',
    url: '/api/auth/sign-in/email',
    payload,
    headers: { ...json, ...headers },
  });
}

async function tokenOf(app: FastifyInstance, role: Role): Promise<string> {
  const { email, password } = secrets.users[role];
  const response = await signIn(app, email, password);
  expect(response.statusCode).toBe(200);
  return String(response.headers['set-auth-token']);
}

/** The database can grow no more, and its table of sessions has no room left. */
function fill(): () => void {
  const pages = Number(database.prepare('PRAGMA page_count').get()?.page_count);
  database.exec(`PRAGMA max_page_count = ${pages}`);
  const insert = database.prepare(
    `INSERT INTO account_session (id, expiresAt, token, createdAt, updatedAt, userId)
     SELECT ?, expiresAt, ?, createdAt, updatedAt, userId FROM account_session LIMIT 1`,
  );
  expect(() => {
    for (let row = 0; row < 10_000; row++) insert.run(`filler ${row}`, `filler ${row}`);
  }).toThrow(/full/);
  return () => {
    database.exec("PRAGMA max_page_count = 1000000; DELETE FROM account_session WHERE id LIKE 'filler %'");
  };
}

describe('accounts that nobody has started', () => {
  test('make their tables when somebody comes, and try again when there was no room for them', async () => {
    const fresh = new DatabaseSync(join(folder, 'fresh.sqlite'));
    onTestFinished(() => fresh.close());
    const tables = () => fresh.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables;
    const lazy = createAccounts({ database: fresh, secret: 'x'.repeat(64), logger });
    const member = secrets.users.member;
    const enter = async () => {
      const url = 'http://farm.local/api/auth/sign-in/email';
      return lazy.handler(new Request(url, { method: 'POST', headers: json, body: JSON.stringify(member) }));
    };
    expect(await lazy.session(new Headers())).toBeUndefined();
    expect(tables()).toBe(0);
    fresh.exec('PRAGMA max_page_count = 1');
    expect((await enter()).status).toBe(503);
    expect(tables()).toBe(0);
    fresh.exec('PRAGMA max_page_count = 1000000');
    await lazy.createUser({ ...member, name: 'Sáu', role: 'member' });
    const response = await enter();
    expect(response.status).toBe(200);
    const authorization = `Bearer ${response.headers.get('set-auth-token')}`;
    expect(await lazy.session(new Headers({ authorization }))).toMatchObject({ email: member.email });
  });
});

describe('signing in', () => {
  test('gives an httpOnly, same-site cookie that names the account on the next request', async () => {
    const app = await appOf('gateway');
    const { email, password } = secrets.users.member;
    const response = await signIn(app, email, password, { host: 'farm.local', origin: 'http://farm.local' });
    const cookie = response.cookies.find(({ name }) => name === 'nongtin.session_token');
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' });
    expect(cookie?.secure).toBeUndefined();
    const headers = { cookie: `nongtin.session_token=${encodeURIComponent(cookie?.value ?? '')}` };
    const farm = await app.inject({ method: 'GET', url: '/api/farm', headers });
    expect(farm.json()).toEqual({ role: 'member' });
    const session = await app.inject({ method: 'GET', url: '/api/auth/get-session', headers });
    expect(session.json().user).toMatchObject({ email, role: 'member' });
  });

  test('marks the cookie secure when it arrives over https', async () => {
    const { email, password } = secrets.users.member;
    const body = JSON.stringify({ email, password });
    const url = 'https://farm.local/api/auth/sign-in/email';
    const response = await accounts.handler(new Request(url, { method: 'POST', headers: json, body }));
    expect(response.headers.getSetCookie().join()).toMatch(/; Secure/);
  });

  test('with a wrong password or an unknown e-mail is refused in the same words', async () => {
    const app = await appOf('gateway');
    const wrong = await signIn(app, secrets.users.member.email, 'not-the-password');
    const unknown = await signIn(app, 'nobody@demo.nongtin.local', 'not-the-password');
    expect(wrong.statusCode).toBe(401);
    expect(wrong.json().error).toMatchObject({ kind: 'your_input', code: 'invalid_email_or_password' });
    expect(unknown.json()).toEqual(wrong.json());
  });

  test('is slowed down after ten wrong passwords, and open again a minute later', async () => {
    const app = await appOf('gateway');
    const { email, password } = secrets.users.manager;
    const tries = Array.from({ length: 11 }, () => signIn(app, email, 'not-the-password'));
    const codes = (await Promise.all(tries)).map((response) => response.statusCode);
    expect(codes.filter((code) => code === 401)).toHaveLength(10);
    expect(codes.filter((code) => code === 429)).toHaveLength(1);
    expect((await signIn(app, email, password)).json().error.kind).toBe('try_later');
    nowMs += 60_000;
    expect((await signIn(app, email, password)).statusCode).toBe(200);
  });

  test('rightly forgives the wrong tries for the same e-mail only', async () => {
    const app = await appOf('gateway');
    const { member, manager } = secrets.users;
    for (let guess = 0; guess < 9; guess++) await signIn(app, manager.email, 'not-the-password');
    expect((await signIn(app, member.email, member.password)).statusCode).toBe(200);
    expect((await signIn(app, manager.email, 'not-the-password')).statusCode).toBe(401);
    expect((await signIn(app, manager.email, 'not-the-password')).statusCode).toBe(429);
    nowMs += 60_000;
    for (let round = 0; round < 2; round++) {
      for (let typo = 0; typo < 9; typo++) await signIn(app, member.email, 'not-the-password');
      expect((await signIn(app, member.email.toUpperCase(), member.password)).statusCode).toBe(200);
    }
  });

  test('on a full disk is refused with the cause, and who is signed in stays so', async () => {
    const app = await appOf('gateway');
    const bearer = { authorization: `Bearer ${await tokenOf(app, 'member')}` };
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    database.prepare('UPDATE account_session SET expiresAt = ?').run(tomorrow);
    const restore = fill();
    try {
      const { email, password } = secrets.users.member;
      const response = await signIn(app, email, password);
      expect(response.statusCode).toBe(503);
      expect(response.json().error).toMatchObject({
        ...{ kind: 'try_later', code: 'cannot_write', message: expect.stringMatching(/disk is full/) },
      });
      database.exec('PRAGMA query_only = 1');
      const farm = await app.inject({ method: 'GET', url: '/api/farm', headers: bearer });
      expect(farm.json()).toEqual({ role: 'member' });
    } finally {
      database.exec('PRAGMA query_only = 0');
      restore();
    }
    expect(await tokenOf(app, 'member')).not.toBe('');
  });

  test('takes JSON only, so that a try is counted for whom it is made', async () => {
    const app = await appOf('gateway');
    const { email, password } = secrets.users.member;
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const payload = new URLSearchParams({ email, password }).toString();
    const response = await app.inject({
      method: 'POST',
      url: '/api/auth/sign-in/email',
      headers: form,
      payload,
    });
    expect(response.statusCode).toBe(415);
  });

  test('works from a script, whose fetch sends sec-fetch-mode and no Origin', async () => {
    const app = await appOf('gateway');
    const { email, password } = secrets.users.member;
    expect((await signIn(app, email, password, { 'sec-fetch-mode': 'cors' })).statusCode).toBe(200);
  });

  test('ends with signing out', async () => {
    const app = await appOf('gateway');
    const headers = { authorization: `Bearer ${await tokenOf(app, 'member')}` };
    expect((await app.inject({ method: 'GET', url: '/api/farm', headers })).statusCode).toBe(200);
    const out = await app.inject({ method: 'POST', url: '/api/auth/sign-out', headers });
    expect(out.statusCode).toBe(200);
    expect((await app.inject({ method: 'GET', url: '/api/farm', headers })).statusCode).toBe(401);
  });

  test('cannot be had by signing up, and nobody can give himself a role', async () => {
    const app = await appOf('gateway');
    const authorization = `Bearer ${await tokenOf(app, 'member')}`;
    for (const path of ['sign-up/email', 'update-user', 'admin/set-role']) {
      const response = await app.inject({
        method: 'POST',
        url: `/api/auth/${path}`,
        headers: { ...json, authorization },
        payload: { email: 'a@b.vn', name: 'a', password: 'long-enough-password', role: 'manager' },
      });
      expect(response.statusCode, path).toBe(404);
    }
  });

  test('refuses a body larger than 16 KiB', async () => {
    const app = await appOf('gateway');
    expect((await signIn(app, 'a@b.vn', 'x'.repeat(20_000))).statusCode).toBe(413);
  });
});

describe('the demo', () => {
  test('leaves a password alone that a person has changed', async () => {
    const app = await appOf('gateway');
    const { email, password } = secrets.users.technician;
    const change = async (from: string, to: string, token: string) => {
      const response = await app.inject({
        method: 'POST',
        url: '/api/auth/change-password',
        headers: { ...json, authorization: `Bearer ${token}` },
        payload: { currentPassword: from, newPassword: to },
      });
      expect(response.statusCode).toBe(200);
    };
    const token = await tokenOf(app, 'technician');
    await change(password, 'my own long password', token);
    await seedDemoUsers(accounts, secrets);
    expect((await signIn(app, email, password)).statusCode).toBe(401);
    expect((await signIn(app, email, 'my own long password')).statusCode).toBe(200);
    await change('my own long password', password, token);
  });

  test('when it is withdrawn, its users and their sessions are gone, others stay, and it can come back', async () => {
    const app = await appOf('gateway');
    const own = { email: 'own@farm.vn', password: 'my own long password' };
    await accounts.createUser({ ...own, name: 'Own', role: 'manager' });
    const authorization = `Bearer ${await tokenOf(app, 'member')}`;
    const second = secrets.secondManager ?? own;
    expect((await signIn(app, second.email, second.password)).json().user).toMatchObject({ role: 'manager' });
    await withdrawDemoUsers(accounts, secrets);
    await withdrawDemoUsers(accounts, secrets);
    const farm = await app.inject({ method: 'GET', url: '/api/farm', headers: { authorization } });
    expect(farm.statusCode).toBe(401);
    for (const role of roles) {
      const { email, password } = secrets.users[role];
      expect((await signIn(app, email, password)).statusCode, role).toBe(401);
    }
    expect((await signIn(app, second.email, second.password)).statusCode).toBe(401);
    expect((await signIn(app, own.email, own.password)).statusCode).toBe(200);
    await accounts.removeUser(own.email);
    await seedDemoUsers(accounts, secrets);
    await tokenOf(app, 'manager');
  });
});

describe.each(['gateway', 'cloud'] as const)('the table of the %s', (table) => {
  test('is what every role and a stranger really get', async () => {
    const app = await appOf(table);
    const callers = new Map<Role | undefined, Record<string, string>>([[undefined, {}]]);
    for (const role of roles) callers.set(role, { authorization: `Bearer ${await tokenOf(app, role)}` });
    for (const [key, access] of Object.entries(routeTable[table])) {
      const [method = '', pattern = ''] = key.split(' ');
      if (pattern.startsWith('/api/auth/')) continue;
      const url = pattern.replace(/:\w+|\*/g, 'x');
      for (const [role, headers] of callers) {
        const { statusCode } = await app.inject({ method: method as 'GET', url, headers });
        const open = access === 'public' || access === 'loopback';
        const expected = open ? 200 : role === undefined ? 401 : access.includes(role) ? 200 : 403;
        expect(statusCode, `${key} as ${role}`).toBe(expected);
      }
    }
    expect(missingRoutes(app, table)).toEqual([]);
  });
});

describe('an app', () => {
  test('with a route that the table does not know fails to start', async () => {
    const app = Fastify();
    await app.register(accountsPlugin, { accounts, table: 'gateway' });
    app.post('/api/secret-door', async () => 'open');
    await expect(app.ready()).rejects.toThrow(/who may call POST \/api\/secret-door: add it to the gateway/);
  });

  test('with a route from before its accounts fails to start', async () => {
    const app = Fastify();
    app.get('/healthz', async () => 'ok');
    const registering = (async () => app.register(accountsPlugin, { accounts, table: 'gateway' }))();
    await expect(registering.then(() => app.ready())).rejects.toThrow(/before the first route/);
  });

  test('says which routes of the table it does not serve', async () => {
    const app = Fastify();
    await app.register(accountsPlugin, { accounts, table: 'cloud' });
    app.get('/healthz', async () => 'ok');
    await app.ready();
    expect(missingRoutes(app, 'cloud')).toContain('POST /api/lots');
    expect(missingRoutes(app, 'cloud')).not.toContain('GET /healthz');
  });

  test('names the roles to somebody who has another one', async () => {
    const app = await appOf('cloud');
    const headers = { authorization: `Bearer ${await tokenOf(app, 'auditor')}` };
    const response = await app.inject({ method: 'POST', url: '/api/lots', headers });
    expect(response.json()).toEqual({
      error: {
        kind: 'your_input',
        code: 'role_not_allowed',
        message: 'This needs one of these roles: manager.',
      },
    });
  });

  test('leaves an unknown path to its own 404', async () => {
    const app = await appOf('cloud');
    expect((await app.inject({ method: 'GET', url: '/nowhere' })).statusCode).toBe(404);
  });
});

describe('a change asked for by a page of another site', () => {
  test.each([{ origin: 'http://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }])(
    'is refused (%o)',
    async (headers) => {
      const app = await appOf('gateway');
      const authorization = `Bearer ${await tokenOf(app, 'technician')}`;
      const response = await app.inject({
        method: 'POST',
        url: '/api/zones/a1/open',
        headers: { authorization, host: 'farm.local:8081', ...headers },
      });
      expect(response.statusCode).toBe(403);
      expect(response.json().error.code).toBe('foreign_origin');
    },
  );

  test('is carried out when the page is our own, by whatever name of the gateway', async () => {
    const app = await appOf('gateway');
    const authorization = `Bearer ${await tokenOf(app, 'technician')}`;
    for (const host of ['192.168.1.20:8081', 'nongtin.local:8081', '[fe80::1]:8081']) {
      const headers = { authorization, host, origin: `http://${host}` };
      const response = await app.inject({ method: 'POST', url: '/api/zones/a1/open', headers });
      expect(response.statusCode, host).toBe(200);
      const { email, password } = secrets.users.member;
      const signedIn = await signIn(app, email, password, { host, origin: `http://${host}` });
      expect(signedIn.statusCode, host).toBe(200);
    }
  });
});

describe('metrics', () => {
  test('are for this machine, and for technicians and managers from elsewhere', async () => {
    const app = await appOf('gateway');
    const remoteAddress = '192.168.1.77';
    const get = (options: object) => app.inject({ method: 'GET', url: '/metrics', ...options });
    expect((await get({})).statusCode).toBe(200);
    expect((await get({ headers: { 'x-forwarded-for': '1.2.3.4' } })).statusCode).toBe(401);
    expect((await get({ remoteAddress })).statusCode).toBe(401);
    for (const [role, expected] of [
      ['technician', 200],
      ['member', 403],
    ] as const) {
      const headers = { authorization: `Bearer ${await tokenOf(app, role)}` };
      expect((await get({ remoteAddress, headers })).statusCode).toBe(expected);
    }
  });
});
