import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { minutesOfText } from '../irrigation/programs/calendar.ts';
import { shapeProblems } from '../shape.ts';

/**
 * notifications.json in the gateway's data folder: who is told of alarms, when and by what. It holds addresses, so it is no part
 * of farm.json, of the journal or of any answer of the API. Secrets do not stand in it at all (secrets.ts).
 */
export const channelNames = ['web_push', 'telegram', 'zalo', 'email', 'webhook', 'sms'] as const;
export type ChannelName = (typeof channelNames)[number];
const priorities = ['critical', 'high', 'low'] as const;
export type Priority = (typeof priorities)[number];
export const languages = ['vi', 'en', 'zh'] as const;
export type Language = (typeof languages)[number];

const closed = { additionalProperties: false } as const;
const oneOf = <T extends string>(words: readonly T[]) => Type.Unsafe<T>(Type.Enum([...words]));
const Id = Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,31}$' });
const Text = Type.String({ minLength: 1, maxLength: 200 });
const Minutes = Type.Number({ minimum: 0, maximum: 10_080 });
const Host = Type.String({ pattern: '^[A-Za-z0-9.:_-]{1,253}$' });

/** In place of the service's own: a Bot API server of one's own, or a relay. Secrets go there. */
const Server = Type.String({ pattern: '^https?://[^\\s/?#@]+$', maxLength: 200 });

const Limit = Type.Object(
  {
    /** Messages at once, to one person. */
    burst: Type.Optional(Type.Integer({ minimum: 2, maximum: 50 })),
    /** Messages an hour after that, to one person. */
    perHour: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 120 })),
  },
  closed,
);
const limited = { limit: Type.Optional(Limit) };

const Channels = Type.Object(
  {
    web_push: Type.Optional(
      Type.Object(
        {
          /** For the push service, should it have to reach us: 'mailto:…' or 'https://…' (RFC 8292, 2.1). */
          contact: Type.String({ pattern: '^(mailto:[^@\\s]+@[^@\\s]+|https://\\S+)$' }),
          /** Further push services than those of the known browsers, by the end of their host's name. */
          services: Type.Optional(Type.Array(Host, { maxItems: 16 })),
          ...limited,
        },
        closed,
      ),
    ),
    telegram: Type.Optional(Type.Object({ server: Type.Optional(Server), ...limited }, closed)),
    zalo: Type.Optional(
      Type.Object(
        { appId: Type.String({ pattern: '^[0-9]{5,25}$' }), server: Type.Optional(Server), ...limited },
        closed,
      ),
    ),
    email: Type.Optional(
      Type.Object(
        {
          host: Host,
          port: Type.Integer({ minimum: 1, maximum: 65_535 }),
          /** tls: from the first byte (465); starttls: before anything is said (587); none: on this machine only. */
          security: oneOf(['tls', 'starttls', 'none'] as const),
          /** Absent: the server asks for no login. */
          user: Type.Optional(Text),
          from: Text,
          /** A file: who signed the server's certificate, when the system does not trust it. */
          caFile: Type.Optional(Text),
          ...limited,
        },
        closed,
      ),
    ),
    webhook: Type.Optional(Type.Object({ ...limited }, closed)),
    sms: Type.Optional(
      Type.Object(
        {
          /** The modem's port for AT commands; /dev/serial/by-id/… stays the same after plugging. */
          device: Type.String({ pattern: '^/dev/[A-Za-z0-9/._:+-]{1,200}$' }),
          baud: Type.Optional(Type.Integer({ minimum: 300, maximum: 4_000_000 })),
          /** text: for a modem that has no PDU mode; a long message then goes as several. */
          mode: Type.Optional(oneOf(['pdu', 'text'] as const)),
          ...limited,
        },
        closed,
      ),
    ),
  },
  closed,
);
export type ChannelSettings = Static<typeof Channels>;

const Person = Type.Object(
  {
    id: Id,
    name: Text,
    /** E-mail of the account with which this person signs in; needed for web push and for a test by the page. */
    account: Type.Optional(Text),
    language: Type.Optional(oneOf(languages)),
    addresses: Type.Optional(
      Type.Object(
        {
          telegram: Type.Optional(Type.String({ pattern: '^(-?[0-9]{1,20}|@[A-Za-z0-9_]{5,32})$' })),
          zalo: Type.Optional(Type.String({ pattern: '^[0-9]{5,25}$' })),
          email: Type.Optional(Type.String({ pattern: '^[^@\\s,;<>"]+@[^@\\s,;<>"]+$', maxLength: 254 })),
          webhook: Type.Optional(Type.String({ pattern: '^https?://\\S+$', maxLength: 2_000 })),
          sms: Type.Optional(Type.String({ pattern: '^\\+[1-9][0-9]{6,14}$' })),
        },
        closed,
      ),
    ),
    /** Local time of the farm; from 21:00 to 05:00 is over midnight. */
    quietHours: Type.Optional(Type.Object({ from: Type.String(), to: Type.String() }, closed)),
  },
  closed,
);
export type Person = Static<typeof Person>;

const Step = Type.Object(
  {
    /** So long unacknowledged. */
    afterMinutes: Minutes,
    tell: Type.Array(Id, { minItems: 1, maxItems: 32 }),
    /** Absent: by all that the person has an address for. */
    by: Type.Optional(Type.Array(oneOf(channelNames), { minItems: 1, maxItems: 6 })),
  },
  closed,
);

const Rule = Type.Object(
  {
    /** Absent: all. */
    priorities: Type.Optional(Type.Array(oneOf(priorities), { minItems: 1, maxItems: 3 })),
    /** Names of sources, `*` for any letters. Absent: all. */
    sources: Type.Optional(Type.Array(Text, { minItems: 1, maxItems: 64 })),
    /** None: nobody is told of these. */
    steps: Type.Array(Step, { maxItems: 16 }),
    /** Told again so often while nobody acknowledges; absent: never again. */
    repeatMinutes: Type.Optional(Type.Number({ minimum: 5, maximum: 10_080 })),
    /** At most so many times after the first; 3 unless it is stated. */
    repeats: Type.Optional(Type.Integer({ minimum: 0, maximum: 48 })),
    /** Whether who was told of an alarm is told that it is over; yes unless it is stated. */
    tellWhenOver: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type Rule = Static<typeof Rule>;

export const Settings = Type.Object(
  {
    format: Type.Literal('nongtin-notifications-1'),
    /** Address of the field page as those who are told reach it; stands in each message. */
    pageUrl: Type.Optional(Type.String({ pattern: '^https?://\\S+$', maxLength: 200 })),
    /** Of who has none of their own; vi unless it is stated. */
    language: Type.Optional(oneOf(languages)),
    channels: Channels,
    people: Type.Array(Person, { maxItems: 64 }),
    /** The first one that fits an alarm counts. */
    rules: Type.Array(Rule, { maxItems: 64 }),
  },
  closed,
);
export type Settings = Static<typeof Settings>;

const validator = Compile(Settings);
const SECRET = /(^|\.)(password|token|secret|pin|appSecret|refreshToken|accessToken|apiKey|key)$/;

/** What is wrong with it, field by field and with what to do; no value is repeated, for it may be an address. */
export function settingsProblems(value: unknown): string[] {
  if (!validator.Check(value)) return shapeProblems(validator.Errors(value)).map(remedy);
  const settings = value as Settings;
  return [...serverProblems(settings), ...peopleProblems(settings), ...ruleProblems(settings)];
}

function remedy(problem: string): string {
  const field = problem.split(' ', 1)[0] ?? '';
  if (SECRET.test(field) && problem.endsWith('is not known, remove it'))
    return `${field} does not belong into this file: remove it and set it as an environment variable (docs/notifications.md)`;
  if (/^people\[\d+\]\.id$/.test(field))
    return `${field} must be of small letters, digits, - and _, as in ba or sau_2`;
  if (field.endsWith('addresses.sms')) return `${field} must be a number as in +84901234567, without spaces`;
  if (field.endsWith('addresses.telegram'))
    return `${field} must be the number of a chat, or @name of a channel`;
  if (field.endsWith('addresses.zalo')) return `${field} must be the user's id in this Zalo OA: digits only`;
  if (field.endsWith('addresses.email')) return `${field} must be one address, without a name`;
  if (field.endsWith('.tell') && problem.includes('fewer'))
    return `${field} names nobody: add the id of a person`;
  if (field.endsWith('.server')) return `${field} must be https://HOST, without a path`;
  if (field.endsWith('.contact')) return `${field} must be mailto:NAME@HOST or https://…`;
  if (field.endsWith('sms.device')) return `${field} must be a file in /dev, such as /dev/serial/by-id/…`;
  return problem;
}

function serverProblems({ channels }: Settings): string[] {
  return (['telegram', 'zalo'] as const).flatMap((name) => {
    const server = channels[name]?.server;
    return server === undefined || isSafeUrl(server)
      ? []
      : [`channels.${name}.server must begin with https:// (http:// only on this machine)`];
  });
}

function peopleProblems({ people, channels }: Settings): string[] {
  return people.flatMap((person, n) => {
    const at = `people[${n}]`;
    const found: string[] = [];
    if (people.findIndex(({ id }) => id === person.id) < n)
      found.push(`${at}.id is there twice: give each person an id of their own`);
    if (person.account !== undefined && people.findIndex(({ account }) => account === person.account) < n)
      found.push(`${at}.account is there twice: one person, one account`);
    for (const side of ['from', 'to'] as const) {
      const time = person.quietHours?.[side];
      if (time !== undefined && minutesOfText(time) === null)
        found.push(`${at}.quietHours.${side} must be a time as in 21:30`);
    }
    if (person.quietHours && person.quietHours.from === person.quietHours.to)
      found.push(`${at}.quietHours begin when they end: remove them, or state two times`);
    for (const channel of Object.keys(person.addresses ?? {}))
      if (!(channel in channels))
        found.push(`${at}.addresses.${channel} needs channels.${channel}: add that, or remove the address`);
    const webhook = person.addresses?.webhook;
    if (webhook !== undefined && !isSafeUrl(webhook))
      found.push(`${at}.addresses.webhook must begin with https:// (http:// only on this machine)`);
    return found;
  });
}

function ruleProblems({ rules, people, channels }: Settings): string[] {
  const isTold = rules.some(
    ({ priorities: some = priorities, steps }) => some.includes('critical') && steps.length > 0,
  );
  const nobody = 'rules tell nobody of a critical alarm: add a rule with a step that names somebody';
  const problems = rules.flatMap((rule, n) =>
    rule.steps.flatMap((step, m) => {
      const at = `rules[${n}].steps[${m}]`;
      const found: string[] = [];
      const before = rule.steps[m - 1];
      if (before !== undefined && step.afterMinutes < before.afterMinutes)
        found.push(`${at}.afterMinutes is less than of the step before: put the steps in order`);
      for (const channel of step.by ?? [])
        if (!(channel in channels)) found.push(`${at}.by names ${channel}: add channels.${channel} for it`);
      step.tell.forEach((id, p) => {
        const person = people.find((one) => one.id === id);
        if (person === undefined)
          found.push(`${at}.tell[${p}] is nobody of people: add the person, or correct the id`);
        else if (channelsOf(person, step.by, channels).length === 0)
          found.push(`${at}.tell[${p}] has no address for any channel of this step: add one to the person`);
      });
      return found;
    }),
  );
  return isTold ? problems : [...problems, nobody];
}

/** By which channels this person may be told; the page's own notifications reach everybody who has an account. */
export function channelsOf(
  person: Person,
  by: readonly ChannelName[] | undefined,
  channels: ChannelSettings,
): ChannelName[] {
  return channelNames.filter(
    (name) =>
      name in channels &&
      (by === undefined || by.includes(name)) &&
      (name === 'web_push' ? person.account !== undefined : person.addresses?.[name] !== undefined),
  );
}

/** What is said over it may be read underway, unless it is encrypted or stays on this machine. */
function isSafeUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return (
    protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
  );
}
