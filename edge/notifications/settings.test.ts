import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { isQuiet } from './quiet.ts';
import { missingSecret, readSecrets } from './secrets.ts';
import { type Settings, settingsProblems } from './settings.ts';
import { SettingsFile } from './settings-file.ts';
import { steadyClock } from './steady-clock.ts';

const example = JSON.parse(
  readFileSync(new URL('../../docs/notifications.example.json', import.meta.url), 'utf8'),
) as Settings;
type Loose = Record<string, unknown>;
const changed = (change: (settings: Settings & Loose) => void): unknown => {
  const copy = structuredClone(example) as Settings & Loose;
  change(copy);
  return copy;
};
const first = (settings: Settings) => settings.people[0] as Settings['people'][number] & Loose;

it('takes the example that people begin with', () => {
  expect(settingsProblems(example)).toEqual([]);
});

it.each<[string, (settings: Settings & Loose) => void, RegExp]>([
  ['an unknown field', (one) => Object.assign(one, { peple: [] }), /^peple is not known, remove it$/],
  [
    'a secret',
    (one) => Object.assign(one.channels.telegram ?? {}, { token: '123:abc' }),
    /^channels\.telegram\.token does not belong into this file: .*environment variable/,
  ],
  [
    'a number with spaces',
    (one) => Object.assign(first(one), { addresses: { sms: '090 123 45 67' } }),
    /^people\[0\]\.addresses\.sms must be a number as in \+84901234567/,
  ],
  ['a person twice', (one) => one.people.push(first(one)), /^people\[\d\]\.id is there twice/],
  [
    'nobody',
    (one) => one.rules[0]?.steps[0]?.tell.push('nobody'),
    /^rules\[0\]\.steps\[0\]\.tell\[\d\] is nobody of people/,
  ],
  [
    'a step that tells nobody',
    (one) => Object.assign(one.rules[0]?.steps[0] ?? {}, { tell: [] }),
    /^rules\[0\]\.steps\[0\]\.tell names nobody: add the id of a person$/,
  ],
  [
    'a table by which nobody hears of anything',
    (one) => Object.assign(one, { rules: [{ steps: [] }] }),
    /^rules tell nobody of a critical alarm: add a rule with a step/,
  ],
  [
    'a channel that nobody knows',
    (one) => Object.assign(one.rules[0]?.steps[0] ?? {}, { by: ['pigeon'] }),
    /^rules\[0\]\.steps\[0\]\.by\[0\] must be one of web_push, telegram/,
  ],
  [
    'an hour that no day has',
    (one) => Object.assign(first(one), { quietHours: { from: '25:00', to: '05:00' } }),
    /^people\[0\]\.quietHours\.from must be a time as in 21:30$/,
  ],
  [
    'a server to which a token would go in the clear',
    (one) => Object.assign(one.channels.telegram ?? {}, { server: 'http://relay.example.vn' }),
    /^channels\.telegram\.server must begin with https:/,
  ],
  [
    'a channel that is not set up',
    (one) => delete one.channels.sms,
    /^people\[0\]\.addresses\.sms needs channels\.sms: add that, or remove/,
  ],
  [
    'quiet hours that are no times',
    (one) => Object.assign(first(one), { quietHours: { from: '9pm', to: '05:00' } }),
    /^people\[0\]\.quietHours\.from must be a time as in 21:30$/,
  ],
  [
    'a webhook that anybody could read underway',
    (one) => {
      one.channels.webhook = {};
      Object.assign(first(one), { addresses: { webhook: 'http://example.vn/hook' } });
    },
    /^people\[0\]\.addresses\.webhook must begin with https:/,
  ],
  [
    'steps out of order',
    (one) => one.rules[0]?.steps.push({ afterMinutes: 0, tell: ['ba'] }),
    /afterMinutes is less than of the step before/,
  ],
  [
    'a person whom the step cannot reach',
    (one) => Object.assign(first(one), { addresses: {}, account: undefined }),
    /tell\[0\] has no address for any channel of this step/,
  ],
])('says where and what to do about: %s', (_, change, expected) => {
  const value = JSON.parse(JSON.stringify(changed(change)));
  const problems = settingsProblems(value);
  expect(problems.some((problem) => expected.test(problem))).toBe(true);
  expect(problems.join()).not.toMatch(/090 123|123:abc|example\.vn\/hook/);
});

it('a file that has become wrong leaves in force what was before; one that is gone ends it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'notifications.json');
  const file = new SettingsFile(path);
  let turn = 0;
  const write = (text: string) => {
    writeFileSync(path, text);
    utimesSync(path, ++turn, turn);
  };
  expect([file.look(), file.settings]).toEqual([false, undefined]);
  write(JSON.stringify(example));
  expect(file.look()).toBe(true);
  expect(file.look()).toBe(false);
  write('{ "people": [ +84901234567');
  expect(file.look()).toBe(true);
  expect(file.settings).toEqual(example);
  expect(file.problems).toEqual([expect.stringMatching(/^the file is no JSON.*: correct its commas/)]);
  expect(file.problems.join()).not.toContain('84901');
  rmSync(path);
  expect([file.look(), file.settings, file.problems]).toEqual([true, undefined, []]);
});

it('finds secrets in the environment or in files, and names what is missing without saying any', () => {
  const read = (path: string) => {
    if (path === '/run/secrets/telegram') return 'token\n';
    throw Object.assign(new Error(), { code: 'EACCES' });
  };
  const secrets = readSecrets(
    {
      NONGTIN_SMTP_PASSWORD: 'mine',
      NONGTIN_TELEGRAM_TOKEN_FILE: '/run/secrets/telegram',
      NONGTIN_WEBHOOK_SECRET_FILE: '/root/webhook',
    },
    read,
  );
  expect(secrets.values).toEqual({ smtpPassword: 'mine', telegramToken: 'token' });
  const channels = { ...example.channels, webhook: {}, zalo: { appId: '4242424242' } };
  expect(missingSecret('telegram', channels, secrets)).toBeUndefined();
  expect(missingSecret('webhook', channels, secrets)).toMatch(
    /^NONGTIN_WEBHOOK_SECRET_FILE cannot be read \(EACCES\)/,
  );
  expect(missingSecret('zalo', channels, secrets)).toMatch(
    /set NONGTIN_ZALO_APP_SECRET, or NONGTIN_ZALO_APP_SECRET_FILE/,
  );
});

it('knows quiet hours by the farm’s own clock, over midnight too', () => {
  const night = { quietHours: { from: '21:00', to: '05:00' } };
  const noon = { quietHours: { from: '11:30', to: '13:00' } };
  const at = (utc: string) => Date.parse(`2026-11-23T${utc}:00Z`);
  const quiet = (person: Parameters<typeof isQuiet>[0], utc: string) =>
    isQuiet(person, 'Asia/Ho_Chi_Minh', at(utc));
  expect(['13:59', '14:00', '20:00', '21:59', '22:00'].map((utc) => quiet(night, utc))).toEqual([
    ...[false, true, true, true, false],
  ]);
  expect(['04:29', '04:30', '05:59', '06:00'].map((utc) => quiet(noon, utc))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(quiet({}, '20:00')).toBe(false);
});

it('waiting time does not jump when the gateway learns how late it is, and goes on over a restart', () => {
  const machine = { wallMs: 5_000_000, monotonicMs: 0, isTrusted: false };
  const clock = {
    nowMs: () => machine.wallMs,
    monotonicMs: () => machine.monotonicMs,
    isTrusted: () => machine.isTrusted,
  };
  const steadyMs = steadyClock(5_000_000, clock);
  machine.wallMs += 3 * 3_600_000;
  machine.monotonicMs += 1_000;
  expect(steadyMs()).toBe(5_001_000);
  machine.isTrusted = true;
  expect(steadyClock(5_001_000, clock)()).toBe(machine.wallMs);
  machine.wallMs = 0;
  expect(steadyClock(5_001_000, clock)()).toBe(5_001_000);
});
