import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { isReservedName } from '@nongtin/broker/wire';
import type { Static } from 'typebox';
import { givenName, hardwareOf } from '../farm/places.ts';
import { SeriesNames } from '../farm/series-names.ts';
import { DevicesAnswer, IssuedAnswer, TlsAnswer } from './device-schemas.ts';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { ApiError } from './schemas.ts';

const Id = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });
/**
 * A bridge speaks for devices behind it (Zigbee2MQTT, ChirpStack, The Things Stack); a technician's tool and Node-RED
 * listen.
 */
const Role = Type.Union([
  Type.Literal('device'),
  Type.Literal('bridge'),
  Type.Literal('technician'),
  Type.Literal('node-red'),
]);

/** Who may speak on the farm's broker, and how those who spoke are. */
export const deviceRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  const { credentials, live, broker, doors, health, found } = parts;

  app.get('/api/devices', { schema: { response: { 200: DevicesAnswer } } }, async () => ({
    devices: deviceViews(parts),
  }));

  app.post(
    '/api/devices',
    {
      schema: {
        body: Type.Object({ id: Id, role: Type.Optional(Role) }),
        response: { 201: IssuedAnswer, 400: ApiError, 409: ApiError },
      },
    },
    async ({ body: { id, role = 'device' } }, reply) => {
      if (isReservedName(id))
        throw new ApiProblem(
          400,
          `'${id}' begins the topics of a whole family of devices: choose another name, such as '${id}-1'.`,
        );
      if (credentials.list().some((known) => known.id === id))
        throw new ApiProblem(
          409,
          `Device '${id}' has a password already; delete it first to issue a new one.`,
        );
      reply.header('cache-control', 'no-store');
      return reply.code(201).send({ id, password: credentials.issue(id, role) });
    },
  );

  app.post(
    '/api/devices/:id/password',
    { schema: { params: Type.Object({ id: Id }), response: { 200: IssuedAnswer, 404: ApiError } } },
    async ({ params: { id } }, reply) => {
      const known = credentials.list().find((credential) => credential.id === id);
      if (known === undefined) throw new ApiProblem(404, `There is no device '${id}'.`);
      const password = credentials.issue(id, known.role);
      // Whoever came in with the old one has to come again.
      broker.disconnect(id);
      reply.header('cache-control', 'no-store');
      return { id, password };
    },
  );

  // Over plain HTTP and without an account: it is what a phone needs before it can come by HTTPS, and no secret.
  app.get('/nongtin-ca.crt', { schema: { hide: true } as object }, async (_, reply) => {
    const authority = parts.authority();
    if (authority === null)
      throw new ApiProblem(404, 'The page over HTTPS has no certificate of ours: phones need nothing more.');
    return reply
      .header('content-disposition', 'attachment; filename="nongtin-ca.crt"')
      .header('cache-control', 'no-store')
      .type('application/x-x509-ca-cert')
      .send(authority);
  });

  app.get('/api/tls', { schema: { response: { 200: TlsAnswer } } }, async () => doors());

  app.delete(
    '/api/devices/:id',
    { schema: { params: Type.Object({ id: Id }), response: { 204: Type.Null(), 404: ApiError } } },
    async ({ params: { id } }, reply) => {
      if (!credentials.revoke(id)) throw new ApiProblem(404, `There is no device '${id}'.`);
      broker.disconnect(id);
      live.forget(id);
      health.forget(id);
      found.forget(id);
      return reply.code(204).send(null);
    },
  );
};

type DeviceAnswer = Static<typeof DevicesAnswer>['devices'][number];

const NOTHING = { readings: 0, flagged: 0, missing: 0, unreadable: 0 };
/** Of a device that has not spoken since the gateway's start. */
const SILENT = {
  ...{ model: null, firmware: null },
  ...{ family: null, online: null, firstSeenAtMs: null, lastSeenAtMs: null, expectedSeconds: null },
  ...{ overdue: false, battery: null, batteryLow: false, rssi: null, snr: null, linkQuality: null },
  ...{ clockAheadSeconds: null, lastHour: NOTHING, lastDay: NOTHING },
} as const;

/** Every device with a password, and every one behind a bridge that was heard of. */
export function deviceViews({
  credentials,
  health,
  profiles,
  layout,
}: Pick<ApiParts, 'credentials' | 'health' | 'profiles' | 'layout'>): DeviceAnswer[] {
  const { farm } = layout;
  const names = new SeriesNames(farm);
  const heard = new Map(health.devices().map((device) => [device.id, device]));
  const own = credentials.list().map(({ id: credential, role }): DeviceAnswer => {
    const id = names.of(credential);
    const about = { ...profiles.about(credential), id, role, credential, name: givenName(farm, id) ?? null };
    const device = { ...SILENT, ...heard.get(id), ...about };
    heard.delete(id);
    return device;
  });
  const others = [...heard.values()].map((device) => ({
    ...{ ...SILENT, ...device, ...profiles.about(hardwareOf(farm, device.id)) },
    ...{ role: null, credential: null, name: givenName(farm, device.id) ?? null },
  }));
  return [...own, ...others];
}
