import { type Static, Type } from '@fastify/type-provider-typebox';
import type { Selectable } from 'kysely';
import type { Gateway } from '../cooperatives/cooperatives.ts';
import type { Presence } from '../enrolment/presence.ts';
import type { Schema } from '../records/index.ts';
import type { OverviewSource } from '../uplink/overview.ts';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

export const GatewayId = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });
export const PublicKey = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Ed25519, hex' });

/** How far the chain has been told something: waiting → submitted → mined → final; refused: another key has the place. */
const ChainState = Type.Object({
  state: Type.String({ description: 'waiting, submitted, mined, final or refused' }),
  transaction: Nullable(Type.String()),
  sinceMs: Type.Integer(),
});
export const GatewayView = Type.Object({
  gatewayId: GatewayId,
  label: Type.String(),
  publicKey: PublicKey,
  registeredBy: Type.String(),
  registeredAtMs: Type.Integer(),
  revoked: Type.Boolean(),
  revocation: Nullable(
    Type.Object({
      fromMs: Type.Integer({ description: 'Nothing of it counts from then on' }),
      atMs: Type.Integer(),
      by: Type.String(),
      reason: Type.String(),
    }),
  ),
  lastHeardMs: Nullable(Type.Integer({ description: 'By our clock; null: not yet' })),
  certificateEndsAtMs: Nullable(Type.Integer()),
  chain: Type.Object({ key: Nullable(ChainState), revocation: Nullable(ChainState) }),
});
type GatewayView = Static<typeof GatewayView>;
type KeyOrder = Selectable<Schema['chain_orders']>;

export interface GatewayViewSource extends Pick<OverviewSource, 'db' | 'entries'> {
  readonly presence: Presence;
}

/** The cooperative's gateways by name, or the one of this name. */
export async function gatewayViews(source: GatewayViewSource, gatewayId?: string): Promise<GatewayView[]> {
  const { db } = source;
  const gateways = await db
    .selectFrom('gateways')
    .selectAll()
    .$if(gatewayId !== undefined, (query) => query.where('gateway_id', '=', gatewayId ?? ''))
    .orderBy('gateway_id')
    .limit(1000)
    .execute();
  const orders = await db
    .selectFrom('chain_orders')
    .selectAll()
    .$if(gatewayId !== undefined, (query) => query.where('gateway_id', '=', gatewayId ?? ''))
    .execute();
  return Promise.all(gateways.map((row) => viewOf(row, orders, source)));
}

async function viewOf(row: Gateway, orders: readonly KeyOrder[], { entries, presence }: GatewayViewSource) {
  const order = (action: KeyOrder['action']) =>
    orders.find((one) => one.gateway_id === row.gateway_id && one.action === action);
  return {
    gatewayId: row.gateway_id,
    label: row.label,
    publicKey: row.public_key,
    registeredBy: row.registered_by,
    registeredAtMs: row.registered_at_ms,
    revoked: row.revoked,
    revocation: revocationOf(row),
    lastHeardMs:
      presence.lastHeardMs(row.gateway_id) ?? (await entries.lastReceivedMs(row.gateway_id)) ?? null,
    certificateEndsAtMs: row.certificate_ends_at_ms,
    chain: { key: chainStateOf(order('set_key')), revocation: chainStateOf(order('revoke_key')) },
  };
}

/** Those revoked before there were words for it have none. */
function revocationOf(row: Gateway): GatewayView['revocation'] {
  const { revoked_from_ms: fromMs, revoked_at_ms: atMs, revoked_by: by, revoked_reason: reason } = row;
  if (!row.revoked || fromMs === null || atMs === null) return null;
  return { fromMs, atMs, by: by ?? '', reason: reason ?? '' };
}

function chainStateOf(order: KeyOrder | undefined): GatewayView['chain']['key'] {
  if (order === undefined) return null;
  const { state, transaction_hash: transaction } = order;
  const times = [order.final_at_ms, order.mined_at_ms, order.submitted_at_ms, order.queued_at_ms];
  return { state, transaction, sinceMs: times.find((ms) => ms !== null) ?? order.queued_at_ms };
}
