import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { Reason } from '@nongtin/broker/wire';
import type { Content } from '../notifications/content.ts';
import type { Refusal } from '../notifications/office.ts';
import { channelNames, type Settings } from '../notifications/settings.ts';
import { ApiProblem } from './errors.ts';
import { AtMs, Nullable } from './nullable.ts';
import type { ApiParts } from './parts.ts';
import { ApiError } from './schemas.ts';

const Channel = Type.String({ description: `one of ${channelNames.join(', ')}` });

const Line = Type.Object({
  what: Type.String({ description: 'new, again or over' }),
  priority: Type.String(),
  source: Type.String(),
  reason: Reason,
  raisedAtMs: AtMs,
  behind: Type.Integer(),
});

const Told = Type.Union([
  Type.Object({ kind: Type.Literal('test'), by: Type.String() }),
  Type.Object({
    kind: Type.Literal('alarms'),
    lines: Type.Array(Line, { description: 'the worst of them' }),
    counts: Type.Object({ new: Type.Integer(), again: Type.Integer(), over: Type.Integer() }),
  }),
]);

const MessageContent = Type.Unsafe<Content>(Told);

const NotificationsAnswer = Type.Object(
  {
    isConfigured: Type.Boolean({ description: 'false: nobody is told of anything' }),
    file: Type.String({ description: 'where people and channels are set up' }),
    problems: Type.Array(Type.String(), { description: 'what is wrong with that file; it is not used' }),
    channels: Type.Array(
      Type.Object({
        name: Channel,
        problem: Nullable(Type.String({ description: 'why it cannot be used at all' })),
        waiting: Type.Integer(),
        lastAcceptedAtMs: Nullable(AtMs),
        lastProblem: Nullable(Reason),
        signalDbm: Type.Optional(Nullable(Type.Number({ description: 'of the modem' }))),
      }),
    ),
    people: Type.Array(
      Type.Object({
        id: Type.String(),
        name: Type.String(),
        hasAccount: Type.Boolean(),
        quietHours: Nullable(Type.Object({ from: Type.String(), to: Type.String() })),
        channels: Type.Array(Channel),
      }),
    ),
    messages: Type.Array(
      Type.Object({
        id: Type.String(),
        person: Type.String(),
        channel: Channel,
        priority: Type.String(),
        state: Type.String({ description: 'waiting, sent, accepted, failed or given_up' }),
        content: MessageContent,
        attempts: Type.Integer(),
        createdAtMs: AtMs,
        changedAtMs: AtMs,
        reason: Nullable(Reason),
      }),
      { description: 'the newest first' },
    ),
  },
  { description: 'Who is told of alarms, by what, and what became of it; never an address.' },
);

const MineAnswer = Type.Object({
  isConfigured: Type.Boolean(),
  name: Nullable(Type.String({ description: 'no person of the list has this account' })),
  channels: Type.Array(Channel),
  pushKey: Nullable(Type.String({ description: 'for PushManager.subscribe; null: web push is not set up' })),
  subscriptions: Type.Integer({ description: 'browsers that are told' }),
});

/** What is wrong within is told by its own check, field by field. */
const SettingsBody = Type.Unsafe<Settings>(
  Type.Object({}, { additionalProperties: true, description: 'as in docs/notifications.md' }),
);
const SettingsAnswer = Type.Object(
  {
    settings: Nullable(SettingsBody),
    version: Type.String({ description: 'sent back with a change' }),
    problems: Type.Array(Type.String(), { description: 'what is wrong with the file; it is not used' }),
  },
  {
    description:
      'Who is told, by what and when. Of each address a mask; it stands for the address when it is sent back.',
  },
);

const closed = { additionalProperties: false } as const;
const Key = Type.String({ minLength: 1, maxLength: 200, pattern: '^[A-Za-z0-9_-]+=*$' });
const Endpoint = Type.String({ minLength: 1, maxLength: 1_000 });
const MESSAGES = 50;

/** Who is told of alarms and what became of it; a test; a browser's own subscription. */
export const notificationRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  const { notifications } = parts;
  const orRefused = (said: Refusal | { ids: string[] } | undefined) => {
    if (said !== undefined && 'reason' in said) throw new ApiProblem(409, said.message, said.reason);
    return said;
  };

  app.get('/api/notifications', { schema: { response: { 200: NotificationsAnswer } } }, async () =>
    notifications.view(MESSAGES),
  );

  app.get('/api/notifications/settings', { schema: { response: { 200: SettingsAnswer } } }, async () =>
    notifications.settings(),
  );

  app.put(
    '/api/notifications/settings',
    {
      schema: {
        body: Type.Object({ settings: SettingsBody, version: Type.String({ maxLength: 200 }) }, closed),
        response: { 200: SettingsAnswer, 400: ApiError, 409: ApiError },
      },
    },
    async ({ body: { settings, version }, account }) => {
      const said = await notifications.change(settings, version, account?.email ?? '');
      if (said === 'changed')
        throw new ApiProblem(409, 'Somebody else has changed this meanwhile: read it again, then change it.');
      if (said !== 'done') throw new ApiProblem(400, `${said.problems.join('; ')}.`);
      return notifications.settings();
    },
  );

  app.get('/api/notifications/mine', { schema: { response: { 200: MineAnswer } } }, async ({ account }) =>
    notifications.mine(account?.email ?? ''),
  );

  app.post(
    '/api/notifications/test',
    { schema: { response: { 202: Type.Object({ ids: Type.Array(Type.String()) }), 409: ApiError } } },
    async ({ account }, reply) => {
      const said = orRefused(notifications.test(account?.email ?? '', account?.name ?? ''));
      return reply.code(202).send({ ids: said?.ids ?? [] });
    },
  );

  app.post(
    '/api/notifications/push',
    {
      schema: {
        body: Type.Object(
          {
            endpoint: Endpoint,
            expirationTime: Type.Optional(Type.Any()),
            keys: Type.Object({ p256dh: Key, auth: Key }, closed),
          },
          closed,
        ),
        response: { 200: MineAnswer, 409: ApiError },
      },
    },
    async ({ body: { endpoint, keys }, account }) => {
      const email = account?.email ?? '';
      orRefused(notifications.subscribe(email, { endpoint, keys }));
      return notifications.mine(email);
    },
  );

  app.delete(
    '/api/notifications/push',
    { schema: { body: Type.Object({ endpoint: Endpoint }, closed), response: { 200: MineAnswer } } },
    async ({ body: { endpoint }, account }) => {
      const email = account?.email ?? '';
      notifications.unsubscribe(email, endpoint);
      return notifications.mine(email);
    },
  );
};
