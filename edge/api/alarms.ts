import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import {
  type AlarmRecord,
  AlarmRecord as AlarmSchema,
  metrics,
  NotificationRecord,
} from '@nongtin/broker/wire';
import { maintainable, maintainables } from '../alarms/cause-tree.ts';
import { sourceName } from '../alarms/equipment.ts';
import { pointId } from '../alarms/record.ts';
import { AlarmCondition } from '../alarms/rule-schema.ts';
import { ApiProblem } from './errors.ts';
import { Nullable } from './nullable.ts';
import type { ApiParts } from './parts.ts';
import { ApiError } from './schemas.ts';
import { whenWritable } from './writable.ts';

const params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });
const Why = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' });
const Subject = Type.String({ minLength: 1, maxLength: 140 });
const strict = { additionalProperties: false } as const;
const MINUTE_MS = 60_000;
/** So far back people may ask. */
const MOST_RECORDS = 10_000;
/** Nobody may forget for longer that something critical stands. */
const LONGEST_SHELF_MINUTES = { critical: 4 * 60, high: 24 * 60, low: 7 * 24 * 60 } as const;
const LONGEST_MAINTENANCE_MINUTES = 30 * 24 * 60;

const MaintenanceView = Type.Object({
  subject: Type.String({
    description:
      "'device:ID', 'zone:ID', 'plot:ID', 'water:ID', 'head:ID', 'trap:ID', 'supply:ID', or 'point SOURCE CONDITION'",
  }),
  sinceMs: Type.Integer(),
  untilMs: Nullable(Type.Integer()),
  by: Type.String(),
  why: Type.String(),
});
const AlarmsAnswer = Type.Object({
  alarms: Type.Array(AlarmSchema),
  /** What is not told now, and why. */
  maintenance: Type.Array(MaintenanceView),
  names: Type.Record(Type.String(), Type.String(), {
    description: 'what people call sources and subjects, where they have a name',
  }),
});
const ConditionsAnswer = Type.Object(
  {
    conditions: Type.Array(AlarmCondition),
    metrics: Type.Array(
      Type.Object({ name: Type.String(), unit: Type.String(), min: Type.Number(), max: Type.Number() }),
    ),
  },
  { description: "The farm's own conditions; PUT /api/farm changes them (`alarms`)." },
);
const HistoryAnswer = Type.Object(
  {
    history: Type.Array(AlarmSchema, { description: 'what has become of it, the newest first' }),
    messages: Type.Array(NotificationRecord, { description: 'who was told of it, the newest first' }),
  },
  { description: 'An alarm explained: what, by which rule and readings, who did what, who was told.' },
);
const AlarmAnswer = Type.Object({ alarm: AlarmSchema });
const answers = { 200: AlarmAnswer, 400: ApiError, 404: ApiError, 409: ApiError, 503: ApiError };
const Done = Type.Object({ maintenance: Type.Array(MaintenanceView) });

/** Alarms, and what people do about them. None of it opens, closes or unlocks anything. */
export const alarmRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  const { alarms, maintenance, layout, clock, journal } = parts;
  const preHandler = whenWritable(parts);
  const inForce = () => ({ maintenance: [...maintenance.list()] });
  /** Of everything that an alarm may be about: the page has a name at hand when one comes. */
  const names = () => {
    const ids = [...maintainables(layout.farm)].map((node) => node.slice(node.indexOf(':') + 1));
    const sources = [...ids, ...alarms.list().map(({ source }) => source)];
    return Object.fromEntries(
      sources.flatMap((source) => {
        const name = sourceName(layout.farm, source);
        return name === undefined ? [] : [[source, name]];
      }),
    );
  };
  const standing = (id: string): AlarmRecord => {
    const alarm = alarms.find(id);
    if (alarm === undefined) throw gone();
    return alarm;
  };

  app.get('/api/alarms', { schema: { response: { 200: AlarmsAnswer } } }, async () => ({
    alarms: [...alarms.list()],
    ...inForce(),
    names: names(),
  }));

  app.get('/api/alarms/conditions', { schema: { response: { 200: ConditionsAnswer } } }, async () => ({
    conditions: [...(layout.farm.alarms ?? [])],
    metrics: Object.entries(metrics).map(([name, { unit, min, max }]) => ({ name, unit, min, max })),
  }));

  app.get(
    '/api/alarms/:id',
    { schema: { params, response: { 200: HistoryAnswer, 404: ApiError } } },
    async ({ params: { id } }) => {
      const [records, messages] = await Promise.all([
        journal.records('alarm', MOST_RECORDS),
        journal.records('notification', MOST_RECORDS),
      ]);
      const history = records.filter(({ alarmId }) => alarmId === id);
      const current = alarms.list().find(({ alarmId }) => alarmId === id);
      if (history.length === 0 && current === undefined)
        throw new ApiProblem(404, 'There is no alarm of this id, or it was long ago.');
      return {
        // What is low in a storm waits for its turn to be written.
        history: history.length > 0 || current === undefined ? history : [current],
        messages: messages.filter(({ alarmIds }) => alarmIds.includes(id)),
      };
    },
  );

  app.post(
    '/api/alarms/:id/acknowledge',
    {
      schema: {
        ...{ params, response: answers },
        body: Type.Union([
          Type.Object({ comment: Type.Optional(Type.String({ maxLength: 500 })) }, strict),
          Type.Null(),
        ]),
      },
    },
    async ({ params: { id }, body, account }) => {
      const comment = body?.comment?.trim();
      const alarm = await alarms.acknowledge(id, account?.name ?? '', comment === '' ? undefined : comment);
      if (alarm === undefined) throw gone();
      return { alarm };
    },
  );

  app.post('/api/alarms/:id/reset', { schema: { params, response: answers } }, async ({ params: { id } }) => {
    const { state, latching } = standing(id);
    if (!latching) throw new ApiProblem(409, 'This alarm does not latch: it goes by itself when it is over.');
    if (state !== 'cleared')
      throw new ApiProblem(409, 'What this alarm is about still stands: mend it first, then reset it.');
    return { alarm: alarms.reset(id) ?? standing(id) };
  });

  app.post(
    '/api/alarms/:id/shelve',
    {
      schema: {
        params,
        body: Type.Object({ minutes: Type.Integer({ minimum: 1 }), why: Why }, strict),
        response: answers,
      },
    },
    async ({ params: { id }, body: { minutes, why }, account }) => {
      const most = LONGEST_SHELF_MINUTES[standing(id).severity];
      if (minutes > most)
        throw new ApiProblem(
          400,
          `An alarm of this priority may be shelved for ${most} minutes at most: choose fewer.`,
        );
      const alarm = alarms.shelve(id, { forMs: minutes * MINUTE_MS, by: account?.name ?? '', why });
      return { alarm: alarm ?? standing(id) };
    },
  );

  app.post(
    '/api/alarms/:id/unshelve',
    { schema: { params, response: answers } },
    async ({ params: { id } }) => ({
      alarm: alarms.unshelve(id) ?? standing(id),
    }),
  );

  app.post(
    '/api/alarms/:id/out-of-service',
    { preHandler, schema: { params, body: Type.Object({ why: Why }, strict), response: answers } },
    async ({ params: { id }, body: { why }, account }) => {
      const subject = subjectOf(standing(id));
      await maintenance.begin(subject, { untilMs: null, by: account?.name ?? '', why });
      alarms.look();
      return { alarm: standing(id) };
    },
  );

  app.post(
    '/api/maintenance',
    {
      preHandler,
      schema: {
        body: Type.Object(
          {
            subject: Subject,
            minutes: Type.Integer({ minimum: 1, maximum: LONGEST_MAINTENANCE_MINUTES }),
            why: Why,
          },
          strict,
        ),
        response: { 200: Done, 400: ApiError, 503: ApiError },
      },
    },
    async ({ body: { subject: named, minutes, why }, account }) => {
      const subject = maintainable(layout.farm, named);
      if (subject === undefined)
        throw new ApiProblem(
          400,
          `There is no '${named}' on the farm: name a device, zone, plot, source of water, head, trap or supply.`,
        );
      const untilMs = clock.nowMs() + minutes * MINUTE_MS;
      await maintenance.begin(subject, { untilMs, by: account?.name ?? '', why });
      alarms.look();
      return inForce();
    },
  );

  app.post(
    '/api/maintenance/end',
    {
      preHandler,
      schema: {
        body: Type.Object({ subject: Subject }, strict),
        response: { 200: Done, 404: ApiError, 503: ApiError },
      },
    },
    async ({ body: { subject }, account }) => {
      if (!(await maintenance.end(subject, account?.name ?? '')))
        throw new ApiProblem(404, 'Nothing of this is being maintained any more.');
      alarms.look();
      return inForce();
    },
  );
};

function gone(): ApiProblem {
  return new ApiProblem(404, 'This alarm does not stand any more.');
}

function subjectOf({ source, point, reason }: AlarmRecord): string {
  return `point ${pointId(source, point ?? reason.key)}`;
}
