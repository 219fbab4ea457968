import { readFileSync } from 'node:fs';
import type { ChannelName, ChannelSettings } from './settings.ts';

/** Each as an environment variable, or as the path of a file that holds it in NAME_FILE. */
const secretNames = {
  smtpPassword: 'NONGTIN_SMTP_PASSWORD',
  telegramToken: 'NONGTIN_TELEGRAM_TOKEN',
  zaloAppSecret: 'NONGTIN_ZALO_APP_SECRET',
  zaloRefreshToken: 'NONGTIN_ZALO_REFRESH_TOKEN',
  webhookSecret: 'NONGTIN_WEBHOOK_SECRET',
  simPin: 'NONGTIN_SIM_PIN',
} as const;
type SecretName = keyof typeof secretNames;

export interface Secrets {
  readonly values: Readonly<Partial<Record<SecretName, string>>>;
  /** Files that could not be read, by the name of the variable; the path may be told, what stands in it never. */
  readonly problems: readonly string[];
}

/** A file's own end of line does not count. Nothing here is ever printed. */
export function readSecrets(
  env: Readonly<Record<string, string | undefined>>,
  read = (path: string) => readFileSync(path, 'utf8'),
): Secrets {
  const values: Partial<Record<SecretName, string>> = {};
  const problems: string[] = [];
  for (const [name, variable] of Object.entries(secretNames) as [SecretName, string][]) {
    const path = env[`${variable}_FILE`]?.trim();
    try {
      const value = env[variable]?.trim() || (path ? read(path).trim() : '');
      if (value !== '') values[name] = value;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'not readable';
      problems.push(
        `${variable}_FILE cannot be read (${code}): correct the path, or give this user the right`,
      );
    }
  }
  return { values, problems };
}

const needed: Readonly<Record<ChannelName, readonly SecretName[]>> = {
  web_push: [],
  telegram: ['telegramToken'],
  zalo: ['zaloAppSecret', 'zaloRefreshToken'],
  email: ['smtpPassword'],
  webhook: ['webhookSecret'],
  sms: [],
};

/** Which secret a channel waits for, as words; undefined: it has all that it needs. */
export function missingSecret(
  name: ChannelName,
  channels: ChannelSettings,
  secrets: Secrets,
): string | undefined {
  const isOpen = name === 'email' && channels.email?.user === undefined;
  const missing = isOpen ? undefined : needed[name].find((one) => secrets.values[one] === undefined);
  if (missing === undefined) return undefined;
  const variable = secretNames[missing];
  const unreadable = secrets.problems.find((problem) => problem.startsWith(`${variable}_FILE `));
  return (
    unreadable ??
    `channels.${name} lacks its secret: set ${variable}, or ${variable}_FILE to a file that holds it`
  );
}
