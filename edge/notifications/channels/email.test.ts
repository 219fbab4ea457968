import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuthority } from '@nongtin/broker';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { behavesAsAChannel, type Mood, message } from './channels.suite.ts';
import { createEmail } from './email.ts';

const USER = 'farm@example.vn';
const PASSWORD = 'a password of ours';
let server: { key: string; cert: string; ca: string };
let ca = '';

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-mail-'));
  const authority = openAuthority({ folder: join(folder, 'tls'), clock: { nowMs: Date.now } });
  server = await authority.serverCredentials(['127.0.0.1', 'localhost']);
  ca = server.ca;
  rmSync(folder, { recursive: true, force: true });
});

const signal = new AbortController().signal;
const failure = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

/** A real SMTP server, with TLS and a login, that knows one recipient. */
async function mailServer(mood: Mood = 'well', more: SMTPServerOptions = {}) {
  const mails: { raw: string; isSecure: boolean; user: unknown; to: string[] }[] = [];
  const smtp = new SMTPServer({
    ...{ secure: true, ...server, authOptional: false, logger: false },
    onConnect: (_, done) => done(mood === 'broken' ? failure(421, 'try again later') : null),
    onAuth: ({ username, password }, _, done) =>
      username === USER && password === PASSWORD && mood !== 'login'
        ? done(null, { user: username })
        : done(failure(535, '5.7.8 authentication failed')),
    onRcptTo: (_, __, done) =>
      done(
        mood === 'unknown_address'
          ? failure(550, '5.1.1 no such user')
          : mood === 'busy'
            ? failure(451, '4.7.1 greylisted')
            : null,
      ),
    onData(stream, session, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        mails.push({ raw: String(Buffer.concat(parts)), isSecure: session.secure, user: session.user, to });
        done();
      });
    },
    ...more,
  });
  smtp.on('error', () => {});
  const listening = smtp.listen(0, '127.0.0.1');
  await new Promise((resolve) => listening.once('listening', resolve));
  const address = listening.address();
  onTestFinished(() => new Promise<void>((resolve) => smtp.close(() => resolve())));
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, mails };
}

const options = (port: number) => ({
  ...{ host: '127.0.0.1', port, security: 'tls' as const, user: USER, password: PASSWORD, ca },
  from: 'Nông trại Sáu <farm@example.vn>',
});

/** Of a mail whose text is quoted-printable or base64. */
function textOf(raw: string): string {
  const [head = '', ...body] = raw.split(/\r?\n\r?\n/);
  const text = body.join('\n\n');
  if (/base64/i.test(head)) return Buffer.from(text, 'base64').toString('utf8');
  const bytes = text
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

behavesAsAChannel('email', ['well', 'busy', 'broken', 'login', 'unknown_address', 'away'], async (mood) => {
  const { port, mails } = await mailServer(mood);
  return {
    // Nobody listens at port 1.
    channel: createEmail(options(mood === 'away' ? 1 : port)),
    to: 'ba@example.vn',
    received: () => textOf(mails.at(-1)?.raw ?? ''),
    secrets: [PASSWORD, 'ba@example.vn'],
  };
});

it('signs in over TLS, and gives a mail the same id when it is tried again', async () => {
  const { port, mails } = await mailServer();
  const channel = createEmail(options(port));
  await channel.send(message('ba@example.vn'), signal);
  await channel.send(message('ba@example.vn'), signal);
  expect(mails).toMatchObject([
    { isSecure: true, user: USER, to: ['ba@example.vn'] },
    { isSecure: true, user: USER },
  ]);
  for (const { raw } of mails) expect(raw).toMatch(/^Message-ID: <m-1@example.vn>\r$/m);
});

it('says no password to a server that it cannot trust, or that has no TLS', async () => {
  const secure = await mailServer();
  const { ca: _, ...untrusting } = options(secure.port);
  expect(await createEmail(untrusting).send(message('ba@example.vn'), signal)).toMatchObject({
    outcome: 'later',
    reason: { key: 'notice_certificate' },
  });
  const heard: string[] = [];
  const plain = await mailServer('well', {
    ...{ secure: false, disabledCommands: ['STARTTLS'], allowInsecureAuth: true },
    onAuth: ({ username }, __, done) => {
      heard.push(String(username));
      done(null, { user: username });
    },
  });
  const said = await createEmail({ ...options(plain.port), security: 'starttls' }).send(
    message('ba@example.vn'),
    signal,
  );
  expect(said.outcome).not.toBe('accepted');
  expect(heard).toEqual([]);
});

it('goes over to TLS where the server begins without', async () => {
  const { port, mails } = await mailServer('well', { secure: false });
  const said = await createEmail({ ...options(port), security: 'starttls' }).send(
    message('ba@example.vn'),
    signal,
  );
  expect(said).toMatchObject({ outcome: 'accepted' });
  expect(mails).toMatchObject([{ isSecure: true }]);
});
