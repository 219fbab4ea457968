import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { isMetricName, metrics } from '@nongtin/broker/wire';
import { type PossibleValve, possibleValve } from '../actuators/suggest.ts';
import { formerName } from '../farm/series-names.ts';
import type { FoundDevice } from '../found/found.ts';
import { DoneAnswer, FoundAnswer } from './device-schemas.ts';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { ApiError } from './schemas.ts';

const MOST_REFUSED = 20;
/** Of a client that the farm does not know: a credential would let it in. */
const UNKNOWN = new Set(['no_credentials', 'wrong_password']);

/** Devices without a place on the farm, and who was refused because nobody knows it. */
export const foundRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  const { found } = parts;

  app.get('/api/devices/found', { schema: { response: { 200: FoundAnswer } } }, async () => ({
    found: found.list().map((device) => foundView(device, parts)),
    refused: refusedStrangers(parts),
  }));

  app.post(
    '/api/devices/dismiss',
    {
      schema: {
        body: Type.Object(
          { device: Type.String({ minLength: 1, maxLength: 129 }), dismissed: Type.Optional(Type.Boolean()) },
          { additionalProperties: false },
        ),
        response: { 200: DoneAnswer, 404: ApiError },
      },
    },
    async ({ body: { device, dismissed = true } }) => {
      if (!found.dismiss(device, dismissed))
        throw new ApiProblem(404, `'${device}' is not among the devices that were found.`);
      return { done: true as const };
    },
  );
};

function foundView(device: FoundDevice, { profiles, layout }: Pick<ApiParts, 'profiles' | 'layout'>) {
  const { id, family, values, isAnnouncedOnly } = device;
  const { model = null, firmware = null } = profiles.about(id);
  const outputs = possibleValves(device);
  const former = (layout.farm.devices ?? []).find((known) => known.hardware && formerName(known.id) === id);
  const hasRaw = values.some(({ metric }) => metric === 'raw');
  return {
    ...{ ...device, model, firmware, outputs, formerOf: former?.id ?? null },
    values: values.map((told) => ({
      ...told,
      unit: isMetricName(told.metric) ? metrics[told.metric].unit : '',
    })),
    /** What keeps it from being of full use. */
    missing: [
      ...(isAnnouncedOnly || family === null ? ['no_reading_yet'] : []),
      ...(hasRaw ? ['fields_without_meaning'] : []),
      ...(outputs.some(({ isDrivable }) => !isDrivable) ? ['valve_cannot_be_driven'] : []),
      ...(outputs.some(({ missing }) => missing.length > 0) ? ['valve_needs_settings'] : []),
    ],
  };
}

function possibleValves({ id, family, values }: FoundDevice): PossibleValve[] {
  const meters = values.filter(({ metric }) => metric === 'flow' || metric === 'volume');
  const [meter] = meters;
  const isOne = meter !== undefined && meters.every(({ channel }) => channel === meter.channel);
  const channel = meter?.channel === '' ? {} : { channel: meter?.channel ?? '' };
  const flowMeter = isOne ? { device: id, ...channel } : null;
  return values
    .filter(({ metric }) => metric === 'valve_open')
    .map((told) => possibleValve(family ?? '', id, told.channel, flowMeter));
}

/** Each identity once, the newest first; one that has a credential knows its password wrongly, which is another matter. */
function refusedStrangers({ broker, credentials }: Pick<ApiParts, 'broker' | 'credentials'>) {
  const known = new Set(credentials.list().map(({ id }) => id));
  const strangers = broker
    .stats()
    .lastRefusals.filter(
      ({ cause, identity }) => UNKNOWN.has(cause) && identity !== '' && !known.has(identity),
    )
    .reverse()
    .map(({ identity, atMs }) => ({ identity, atMs }));
  const once = strangers.filter(
    ({ identity }, at) => strangers.findIndex((s) => s.identity === identity) === at,
  );
  return once.slice(0, MOST_REFUSED);
}
