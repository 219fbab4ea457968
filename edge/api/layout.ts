import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { Valve } from '../actuators/index.ts';
import type { AlarmCondition, PowerSupply } from '../alarms/rule-schema.ts';
import {
  addPlot,
  addZone,
  type Change,
  changeFarm,
  changePlot,
  changeZone,
  expectWord,
  LayoutProblem,
  place,
  removePlot,
  removeZone,
  rename,
  replace,
  retire,
  zoneDefaults,
} from '../farm/changes.ts';
import type { Farm } from '../farm/layout.ts';
import type { SiteLocation } from '../irrigation/crop-water/site.ts';
import type { ZoneWater } from '../irrigation/crop-water/zone-water.ts';
import type { Program } from '../irrigation/programs/program.ts';
import type { WaterTurns } from '../irrigation/programs/turns.ts';
import type { Trap } from '../pest/trap-schema.ts';
import { CreatedAnswer, DoneAnswer, PlacementsAnswer } from './device-schemas.ts';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { ApiError } from './schemas.ts';
import { whenWritable } from './writable.ts';

const Id = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });
const Name = Type.String({ minLength: 1, maxLength: 80 });
/** A device, or `SPEAKER.NAME` for one behind a bridge. */
const Device = Type.String({ minLength: 1, maxLength: 129 });
const Seconds = Type.Integer({ minimum: 1, maximum: 14_400 });
const Flow = Type.Number({ exclusiveMinimum: 0, maximum: 10_000 });
const Fraction = Type.Number({ exclusiveMinimum: 0, maximum: 0.6 });
const strict = { additionalProperties: false } as const;

const PlotBody = Type.Object(
  {
    name: Name,
    crop: Name,
    areaHectares: Type.Number({ exclusiveMinimum: 0, maximum: 100_000 }),
    plantingAreaCode: Type.Optional(Name),
  },
  strict,
);
const ZoneBody = Type.Object(
  {
    name: Name,
    openBelowFraction: Type.Optional(Fraction),
    targetFraction: Type.Optional(Fraction),
    runSeconds: Type.Optional(Seconds),
    maxRunSeconds: Type.Optional(Seconds),
    nominalFlowLitresPerMinute: Type.Optional(Flow),
    minFlowLitresPerMinute: Type.Optional(Flow),
    maxFlowLitresPerMinute: Type.Optional(Flow),
  },
  strict,
);
const ZoneWishBody = Type.Object(
  {
    ...Type.Partial(ZoneBody).properties,
    /** Null takes it away. What is wrong within is told by the layout's own check. */
    water: Type.Optional(Type.Unsafe<ZoneWater | null>({ description: 'as in docs/crop-water.md' })),
    program: Type.Optional(Type.Unsafe<Program | string | null>({ description: 'as in docs/programs.md' })),
  },
  strict,
);
const FarmBody = Type.Object(
  {
    site: Type.Optional(Name),
    location: Type.Optional(Type.Unsafe<SiteLocation | null>({ description: 'as in docs/crop-water.md' })),
    timeZone: Type.Optional(Type.Unsafe<string | null>({ description: 'IANA name' })),
    targetMarkets: Type.Optional(
      Type.Unsafe<string[] | null>({
        description: 'ISO 3166 two letters, or EU; as in docs/crop-protection.md',
      }),
    ),
    programs: Type.Optional(Type.Unsafe<Program[] | null>({ description: 'as in docs/programs.md' })),
    waterTurns: Type.Optional(Type.Unsafe<WaterTurns[] | null>({ description: 'as in docs/programs.md' })),
    alarms: Type.Optional(Type.Unsafe<AlarmCondition[] | null>({ description: 'as in docs/alarms.md' })),
    supplies: Type.Optional(Type.Unsafe<PowerSupply[] | null>({ description: 'as in docs/alarms.md' })),
    traps: Type.Optional(Type.Unsafe<Trap[] | null>({ description: 'as in docs/pests.md' })),
  },
  strict,
);
const Role = Type.Union([
  Type.Literal('soil_probe'),
  Type.Literal('valve'),
  Type.Literal('flow_meter'),
  Type.Literal('sensor'),
  Type.Literal('farm'),
]);
const PlaceBody = Type.Object(
  {
    device: Device,
    name: Type.Optional(Name),
    role: Role,
    zone: Type.Optional(Id),
    valve: Type.Optional(
      Type.Unsafe<Valve>({ description: 'as in docs/valves.md; absent: a valve of ours' }),
    ),
    nominalFlowLitresPerMinute: Type.Optional(Flow),
    channel: Type.Optional(Type.String({ maxLength: 64 })),
  },
  strict,
);
const refusals = { 400: ApiError, 404: ApiError, 409: ApiError, 503: ApiError };
const created = { 201: CreatedAnswer, ...refusals };
const done = { 200: DoneAnswer, ...refusals };
const MOST_PLACEMENTS = 10_000;

/** How the farm is laid out: plots, zones, and which device stands where. Each change is durable when it is answered. */
export const layoutRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  const preHandler = whenWritable(parts);
  const change = changer(parts);

  app.put(
    '/api/farm',
    { preHandler, schema: { body: FarmBody, response: done } },
    async ({ body, account }) => answered(await change((farm) => changeFarm(farm, body), account)),
  );

  app.post(
    '/api/plots',
    { preHandler, schema: { body: PlotBody, response: created } },
    async (request, reply) => {
      const { id } = await change((farm) => addPlot(farm, request.body), request.account);
      return reply.code(201).send({ id });
    },
  );
  const plotParams = Type.Object({ plot: Id });
  app.put(
    '/api/plots/:plot',
    { preHandler, schema: { params: plotParams, body: Type.Partial(PlotBody, strict), response: done } },
    async ({ params: { plot }, body, account }) =>
      answered(await change((farm) => changePlot(farm, plot, body), account)),
  );
  app.delete(
    '/api/plots/:plot',
    { preHandler, schema: { params: plotParams, response: done } },
    async ({ params: { plot }, account }) =>
      answered(await change((farm) => removePlot(farm, plot), account)),
  );

  app.post(
    '/api/zones',
    {
      preHandler,
      schema: { body: Type.Object({ plot: Id, ...ZoneBody.properties }, strict), response: created },
    },
    async ({ body: { plot, ...wish }, account }, reply) => {
      const { id } = await change((farm) => addZone(farm, plot, { ...zoneDefaults, ...wish }), account);
      return reply.code(201).send({ id });
    },
  );
  const zoneParams = Type.Object({ zone: Id });
  app.put(
    '/api/zones/:zone',
    { preHandler, schema: { params: zoneParams, body: ZoneWishBody, response: done } },
    async ({ params: { zone }, body, account }) =>
      answered(await change((farm) => changeZone(farm, zone, body), account)),
  );
  app.delete(
    '/api/zones/:zone',
    { preHandler, schema: { params: zoneParams, response: done } },
    async ({ params: { zone }, account }) =>
      answered(await change((farm) => removeZone(farm, zone), account)),
  );

  app.post(
    '/api/devices/place',
    { preHandler, schema: { body: PlaceBody, response: done } },
    async ({ body, account }) => answered(await change((farm) => place(farm, body), account)),
  );
  app.post(
    '/api/devices/rename',
    { preHandler, schema: { body: Type.Object({ device: Device, name: Name }, strict), response: done } },
    async ({ body: { device, name }, account }) =>
      answered(await change((farm) => rename(farm, device, name), account)),
  );
  app.post(
    '/api/devices/silence',
    {
      preHandler,
      schema: {
        body: Type.Object(
          {
            device: Device,
            silentAfterMinutes: Type.Union([Type.Integer({ minimum: 5, maximum: 10_080 }), Type.Null()]),
          },
          strict,
        ),
        response: done,
      },
    },
    async ({ body: { device, silentAfterMinutes }, account }) =>
      answered(await change((farm) => expectWord(farm, device, silentAfterMinutes), account)),
  );
  app.post(
    '/api/devices/retire',
    { preHandler, schema: { body: Type.Object({ device: Device }, strict), response: done } },
    async ({ body: { device }, account }) => answered(await change((farm) => retire(farm, device), account)),
  );
  app.post(
    '/api/devices/replace',
    {
      preHandler,
      schema: { body: Type.Object({ device: Device, hardware: Device }, strict), response: done },
    },
    async ({ body: { device, hardware }, account }) =>
      answered(await change((farm) => replace(farm, device, hardware), account)),
  );

  app.get(
    '/api/devices/history',
    {
      schema: { querystring: Type.Object({ device: Device }), response: { 200: PlacementsAnswer } },
    },
    async ({ query: { device } }) => {
      const all = await parts.journal.records('placement', MOST_PLACEMENTS);
      const isOfIt = (told: (typeof all)[number]) =>
        told.device === device || told.hardware === device || told.formerHardware === device;
      return { placements: all.filter(isOfIt) };
    },
  );
};

/** Changes the layout in a person's name, and tells the pages. */
function changer({ layout, hub }: Pick<ApiParts, 'layout' | 'hub'>) {
  return async <C extends Change>(
    edit: (farm: Farm) => C,
    account: { readonly id: string } | null | undefined,
  ) => {
    try {
      const changed = await layout.change(edit, account?.id ?? '');
      hub.publish('layout', {});
      return changed;
    } catch (error) {
      if (!(error instanceof LayoutProblem)) throw error;
      throw new ApiProblem(
        { wrong: 400, unknown: 404, conflict: 409 }[error.kind] as 400 | 404 | 409,
        error.message,
      );
    }
  };
}

function answered(_: Change): { done: true } {
  return { done: true };
}
