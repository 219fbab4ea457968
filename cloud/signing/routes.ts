import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { Kysely } from 'kysely';
import { problem } from '../api/errors.ts';
import { cooperativesIn } from '../cooperatives/cooperatives.ts';
import type { KeyStore } from '../keystore/index.ts';
import type { Schema } from '../records/index.ts';
import type { SignatureRefusal, Signer } from './signer.ts';
import { addWallet, listKeys, makeKey, retireKey, type SigningKey } from './signing-keys.ts';

export interface SigningRoutesOptions {
  readonly db: Kysely<Schema>;
  readonly keyStore: KeyStore;
  readonly signer: Signer;
  readonly clock: { nowMs(): number };
}

const closed = { additionalProperties: false };
const Label = Type.String({ minLength: 1, maxLength: 200 });
const NewKey = Type.Object(
  {
    label: Label,
    address: Type.Optional(
      Type.String({ maxLength: 42, description: 'of a wallet; without it a key is made and kept here' }),
    ),
  },
  closed,
);
const Retirement = Type.Object(
  {
    reason: Label,
    stolenFromMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'nothing anchored from then on counts; absent: a planned end',
      }),
    ),
  },
  closed,
);
const KeyParams = Type.Object({ keyId: Type.String({ maxLength: 66 }) });
const Reference = Type.Object({
  refKind: Type.Union([Type.Literal('lot'), Type.Literal('stamp_batch')]),
  refId: Type.String({ minLength: 1, maxLength: 40 }),
});
const Limit = Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }) });
const NewSignature = Type.Object({ signature: Type.String({ maxLength: 200 }) }, closed);

/** The cooperative's signing keys, and records that wait for a wallet's signature. */
export const signingRoutes: FastifyPluginAsyncTypebox<SigningRoutesOptions> = async (app, options) => {
  const { db, keyStore, signer, clock } = options;

  app.get('/api/signing-keys', async () => ({ keys: (await listKeys(db)).map(keyView) }));

  app.post('/api/signing-keys', { schema: { body: NewKey } }, async (request, reply) => {
    const { label, address } = request.body;
    const own = await cooperativesIn(db).own();
    if (own === undefined)
      return reply.code(409).send(problem('your_input', 'no_cooperative', 'There is no cooperative yet.'));
    const by = request.account?.email ?? '';
    const order = { cooperative: own.id, label, by, nowMs: clock.nowMs() };
    const key =
      address === undefined ? await makeKey(db, keyStore, order) : await addWallet(db, address, order);
    if (key === 'taken')
      return reply
        .code(409)
        .send(problem('your_input', 'taken', 'This address was a key before: use another.'));
    if (key === 'not_an_address') {
      const message = 'address is no Ethereum address: 0x and 40 hex digits, copied with its capitals.';
      return reply.code(400).send(problem('your_input', 'not_an_address', message));
    }
    return reply.code(201).send(keyView(key));
  });

  app.post(
    '/api/signing-keys/:keyId/retire',
    { schema: { params: KeyParams, body: Retirement } },
    async (request, reply) => {
      const { reason, stolenFromMs } = request.body;
      const nowMs = clock.nowMs();
      const key = await retireKey(db, {
        ...{ keyId: request.params.keyId.toLowerCase(), by: request.account?.email ?? '', reason, nowMs },
        revokedFromMs: stolenFromMs === undefined ? null : Math.min(stolenFromMs, nowMs),
      });
      if (key !== undefined) return keyView(key);
      return reply
        .code(404)
        .send(
          problem('your_input', 'unknown_key', 'No such key is in use, or it was told as stolen before.'),
        );
    },
  );

  app.get('/api/signatures', { schema: { querystring: Limit } }, async (request) => ({
    awaited: await signer.awaited(request.query.limit),
  }));

  app.post(
    '/api/signatures/:refKind/:refId',
    { schema: { params: Reference, body: NewSignature } },
    async (request, reply) => {
      const order = { ...request.params, ...request.body, by: request.account?.email ?? '' };
      const taken = await signer.accept(order);
      if (taken.ok) return { state: 'signed' };
      const { status, message } = refusals[taken.problem];
      const named = taken.signer === undefined ? message : `${message} It is by ${taken.signer}.`;
      return reply.code(status).send(problem('your_input', taken.problem, named));
    },
  );
};

const refusals: Record<SignatureRefusal, { status: number; message: string }> = {
  unknown_record: { status: 404, message: 'No such record waits for a signature.' },
  signed_already: { status: 409, message: 'This record is signed already.' },
  withdrawn: {
    status: 409,
    message: 'This record was withdrawn: it is not anchored and needs no signature.',
  },
  not_a_signature: {
    status: 400,
    message: 'signature is not the 65 bytes that eth_signTypedData_v4 gives for this record.',
  },
  not_its_key: {
    status: 403,
    message:
      'The signature is not by a key that the cooperative has in use: sign with that wallet, or add its address.',
  },
};

function keyView(key: SigningKey) {
  return {
    keyId: key.key_id,
    address: key.address,
    held: key.held,
    label: key.label,
    addedAtMs: key.added_at_ms,
    addedBy: key.added_by,
    retiredAtMs: key.retired_at_ms,
    retiredReason: key.retired_reason,
    revokedFromMs: key.revoked_from_ms,
  };
}
