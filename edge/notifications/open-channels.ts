import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Timers } from '../irrigation/timers.ts';
import type { Channel } from './channels/channel.ts';
import { createEmail } from './channels/email.ts';
import { createSms } from './channels/sms.ts';
import { createTelegram } from './channels/telegram.ts';
import { createWebPush, type PushKeys } from './channels/web-push.ts';
import { createWebhook } from './channels/webhook.ts';
import { createZalo } from './channels/zalo.ts';
import { Modem } from './modem/modem.ts';
import { openSerial } from './modem/port.ts';
import { missingSecret, type Secrets } from './secrets.ts';
import { type ChannelName, type ChannelSettings, channelNames } from './settings.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface ChannelParts {
  readonly folder: string;
  readonly secrets: Secrets;
  readonly pushKeys: PushKeys;
  readonly subscriptions: Subscriptions;
  readonly clock: { nowMs(): number };
  readonly timers: Timers;
}

export interface OpenedChannels {
  readonly channels: ReadonlyMap<ChannelName, Channel>;
  /** Why a channel that is set up cannot work; the others do. */
  readonly problems: ReadonlyMap<ChannelName, string>;
  readonly modem: Modem | undefined;
}

/** The channels that are set up and have what they need. Nothing is reached by opening them. */
export function openChannels(settings: ChannelSettings, parts: ChannelParts): OpenedChannels {
  const channels = new Map<ChannelName, Channel>();
  const problems = new Map<ChannelName, string>();
  let modem: Modem | undefined;
  for (const name of channelNames) {
    if (settings[name] === undefined) continue;
    const missing = missingSecret(name, settings, parts.secrets);
    if (missing !== undefined) {
      problems.set(name, missing);
      continue;
    }
    try {
      if (name === 'sms') {
        modem = openModem(settings, parts);
        channels.set(name, createSms(modem));
      } else channels.set(name, openChannel(name, settings, parts));
    } catch (error) {
      problems.set(name, error instanceof Error ? error.message : String(error));
    }
  }
  return { channels, problems, modem };
}

function openModem({ sms }: ChannelSettings, { secrets, timers }: ChannelParts): Modem {
  const { device = '', baud = 115_200, mode = 'pdu' } = sms ?? {};
  const { simPin } = secrets.values;
  // It goes into a command as it stands.
  if (simPin !== undefined && !/^\d{4,8}$/.test(simPin))
    throw new Error('NONGTIN_SIM_PIN is no PIN: give its 4 to 8 digits');
  return new Modem({ device, baud, mode, pin: simPin, open: openSerial, timers });
}

function openChannel(
  name: Exclude<ChannelName, 'sms'>,
  settings: ChannelSettings,
  { folder, secrets, pushKeys, subscriptions, clock }: ChannelParts,
): Channel {
  const { values } = secrets;
  switch (name) {
    case 'web_push':
      return createWebPush({
        keys: pushKeys,
        contact: settings.web_push?.contact ?? '',
        subscriptions,
        clock,
      });
    case 'telegram':
      return createTelegram({
        token: values.telegramToken ?? '',
        ...(settings.telegram?.server === undefined ? {} : { baseUrl: settings.telegram.server }),
      });
    case 'zalo': {
      const server = settings.zalo?.server;
      return createZalo({
        ...(server === undefined ? {} : { apiUrl: server, oauthUrl: server }),
        ...{ appId: settings.zalo?.appId ?? '', path: join(folder, 'zalo.json'), clock },
        ...{ appSecret: values.zaloAppSecret ?? '', refreshToken: values.zaloRefreshToken ?? '' },
      });
    }
    case 'webhook':
      return createWebhook({ secret: values.webhookSecret ?? '', clock });
    case 'email': {
      const { host = '', port = 465, security = 'tls', from = '', user, caFile } = settings.email ?? {};
      return createEmail({
        ...{ host, port, security, from, user, password: values.smtpPassword },
        ca: caFile === undefined ? undefined : certificateOf(caFile),
      });
    }
  }
}

function certificateOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'not readable';
    throw new Error(`channels.email.caFile cannot be read (${code}): correct the path`);
  }
}
