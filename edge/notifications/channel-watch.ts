import type { Reason } from '@nongtin/broker/wire';
import type { Outcome } from './channels/channel.ts';
import { type ChannelName, channelNames } from './settings.ts';

/** Where alarms are raised and cleared. `ruled.condition`: which one it is, where the reason does not tell. */
export interface ChannelAlarms {
  raise(
    source: string,
    severity: 'high' | 'low',
    reason: Reason,
    ruled?: { readonly condition: string },
  ): void;
  clear(source: string, condition: string): void;
}

interface ChannelWatchOptions {
  readonly alarms: ChannelAlarms;
  readonly clock: { steadyMs(): number };
}

/** The source of alarms about telling people. */
const NOTIFICATIONS = 'notifications';
/** A reason's key; its figure `channelId` names the channel, by which nobody is told of it. */
export const CHANNEL_FAILED = 'channel_failed';
const UNREACHABLE = 'channels_unreachable';
const FILE_WRONG = 'notices_file_wrong';

/** As people call them, in every language. */
const NAMES: Readonly<Record<ChannelName, string>> = {
  ...{
    web_push: 'Web push',
    telegram: 'Telegram',
    zalo: 'Zalo',
    email: 'E-mail',
    webhook: 'Webhook',
    sms: 'SMS',
  },
};

/** What no waiting mends: a person has to. */
const BROKEN = new Set([
  ...['notice_login_refused', 'notice_zalo_token', 'notice_quota', 'notice_certificate'],
  ...['notice_modem_missing', 'notice_modem_silent', 'notice_sim_missing', 'notice_sim_pin'],
  ...['notice_sim_pin_wrong', 'notice_sim_locked'],
]);
/** The way to a service, or the service: that passes, or is told when it does not. */
const AWAY = new Set([
  ...['notice_unreachable', 'notice_busy', 'notice_service_failed', 'notice_no_network', 'notice_sms_failed'],
]);
/** Of one person or one message; the service itself has answered. */
const ANSWERED = new Set([
  ...['notice_blocked', 'notice_address_refused', 'notice_zalo_silent', 'notice_sms_refused'],
]);

/** So long it may be away before that is an alarm. */
const AWAY_MS = 5 * 60_000;
/** A modem has no other that would tell of it, and needs no internet for it. */
const CHECK_MS = { sms: 5 * 60_000, other: 30 * 60_000, failing: 5 * 60_000 } as const;

/**
 * Whether the ways to people work, from what services say to messages and to checks in between. One that does not is an alarm, told by
 * the others. Several that cannot be reached are one alarm: the internet.
 */
export class ChannelWatch {
  readonly #options: ChannelWatchOptions;
  /** Since when it is away; steady ms. */
  readonly #away = new Map<ChannelName, number>();
  readonly #broken = new Set<ChannelName>();
  readonly #checkedMs = new Map<ChannelName, number>();

  constructor(options: ChannelWatchOptions) {
    this.#options = options;
  }

  /** How many things are wrong with notifications.json, which is not used then. */
  file(problems: number): void {
    const { alarms } = this.#options;
    if (problems === 0) alarms.clear(NOTIFICATIONS, FILE_WRONG);
    else alarms.raise(NOTIFICATIONS, 'high', { key: FILE_WRONG, figures: { problems } });
  }

  /** Which are set up from here on, and which of them cannot be used at all. */
  open(setUp: Iterable<ChannelName>, unusable: Iterable<ChannelName>): void {
    const known = new Set(setUp);
    this.#checkedMs.clear();
    this.#away.clear();
    this.#broken.clear();
    for (const name of channelNames) if (!known.has(name)) this.#mend(name);
    if (known.size === 0) this.#options.alarms.clear(NOTIFICATIONS, UNREACHABLE);
    for (const name of unusable) this.#break(name, { key: 'notice_incomplete', figures: {} });
  }

  isCheckDue(channel: ChannelName): boolean {
    const checkedMs = this.#checkedMs.get(channel);
    if (checkedMs === undefined) return true;
    const isFailing = this.#away.has(channel) || this.#broken.has(channel);
    const everyMs = isFailing ? CHECK_MS.failing : channel === 'sms' ? CHECK_MS.sms : CHECK_MS.other;
    return this.#options.clock.steadyMs() - checkedMs >= everyMs;
  }

  /** What a service has said to a message or a check. */
  note(channel: ChannelName, outcome: Outcome): void {
    const nowMs = this.#options.clock.steadyMs();
    this.#checkedMs.set(channel, nowMs);
    if (outcome.outcome === 'accepted' || ANSWERED.has(outcome.reason.key)) {
      this.#mend(channel);
      this.#tellAway(nowMs);
    } else if (BROKEN.has(outcome.reason.key)) this.#break(channel, outcome.reason);
    else if (AWAY.has(outcome.reason.key)) {
      if (!this.#away.has(channel)) this.#away.set(channel, nowMs);
      this.#tellAway(nowMs, outcome.reason);
    }
  }

  #break(channel: ChannelName, { key, figures }: Reason): void {
    this.#broken.add(channel);
    const reason = {
      key: CHANNEL_FAILED,
      figures: { ...figures, causeKey: key, channelId: channel, channelName: NAMES[channel] },
    };
    this.#options.alarms.raise(NOTIFICATIONS, 'high', reason, { condition: conditionOf(channel) });
  }

  #mend(channel: ChannelName): void {
    this.#away.delete(channel);
    this.#broken.delete(channel);
    this.#options.alarms.clear(NOTIFICATIONS, conditionOf(channel));
  }

  #tellAway(nowMs: number, reason?: Reason): void {
    const { alarms } = this.#options;
    const gone = [...this.#away].filter(([, sinceMs]) => nowMs - sinceMs >= AWAY_MS).map(([name]) => name);
    if (this.#away.size === 0) alarms.clear(NOTIFICATIONS, UNREACHABLE);
    else if (gone.length > 0 && reason !== undefined) {
      const channels = gone.map((name) => NAMES[name]).join(', ');
      // SMS is there for when the internet is not: nothing is left to tell people then.
      const severity = gone.includes('sms') ? 'high' : 'low';
      const figures = { ...reason.figures, causeKey: reason.key, channels };
      alarms.raise(NOTIFICATIONS, severity, { key: UNREACHABLE, figures });
    }
  }
}

function conditionOf(channel: ChannelName): string {
  return `${CHANNEL_FAILED}/${channel}`;
}
