import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { MappingProblem } from '../mapping/mapping.ts';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { ApiError, MappingAnswer, MappingsAnswer } from './schemas.ts';
import { whenWritable } from './writable.ts';

/** A device, or `SPEAKER.NAME` for one behind a bridge. */
const Device = Type.String({ minLength: 1, maxLength: 256 });
const Channel = Type.String({ minLength: 1, maxLength: 256 });

/** What raw fields mean. */
export const mappingRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  const { mappings } = parts;

  app.get('/api/mappings', { schema: { response: { 200: MappingsAnswer } } }, async () => ({
    mappings: mappings.list(),
    unmapped: mappings.unmapped(),
  }));

  app.put(
    '/api/mappings',
    {
      preHandler: whenWritable(parts),
      schema: {
        body: Type.Object(
          {
            device: Device,
            channel: Channel,
            metric: Type.String({ maxLength: 64 }),
            unit: Type.Optional(Type.String({ maxLength: 32 })),
            toChannel: Type.Optional(Type.String({ maxLength: 64 })),
          },
          { additionalProperties: false },
        ),
        response: { 200: MappingAnswer, 400: ApiError, 409: ApiError, 503: ApiError },
      },
    },
    async ({ body, account }) => {
      try {
        const mapping = await mappings.set({ ...body, recordedBy: account?.id ?? '' });
        return { mapping, warning: mapping.lastSeenAtMs === null ? notSeen(mapping) : null };
      } catch (error) {
        if (error instanceof MappingProblem)
          throw new ApiProblem(error.isConflict ? 409 : 400, error.message);
        throw error;
      }
    },
  );

  app.delete(
    '/api/mappings',
    {
      preHandler: whenWritable(parts),
      schema: {
        querystring: Type.Object({ device: Device, channel: Channel }),
        response: { 204: Type.Null(), 404: ApiError, 503: ApiError },
      },
    },
    async ({ query: { device, channel }, account }, reply) => {
      if (!(await mappings.remove(device, channel, account?.id ?? '')))
        throw new ApiProblem(404, `Field '${channel}' of '${device}' has no mapping.`);
      return reply.code(204).send(null);
    },
  );
};

/** A mapping may be made before the device is there; more often a name was mistyped. */
function notSeen({ device, channel }: { readonly device: string; readonly channel: string }): string {
  return `No field '${channel}' has come from '${device}' since the gateway started: the mapping waits for it. Check both names.`;
}
