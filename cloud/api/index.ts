import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import type { Registry } from 'prom-client';
import type { Signer } from '../signing/index.ts';
import type { LotsOptions } from '../traceability/lots.ts';
import { consoleRoutes } from './console.ts';
import { cooperativeRoutes } from './cooperative-routes.ts';
import { type GatewayRoutesOptions, gatewayRoutes } from './gateway-routes.ts';
import { type Dependency, healthRoutes } from './health.ts';
import { landingRoutes } from './landing.ts';
import { lotRoutes } from './lot-routes.ts';

interface ApiParts extends GatewayRoutesOptions {
  readonly registry: Registry;
  /** Signs a lot and hands it to anchoring. */
  readonly queueRecord: Signer['queueRecord'];
  /** Of the built console. */
  readonly consoleDir: string;
  /** What this process depends on beside records and entries. */
  readonly dependencies?: readonly Dependency[];
}

/** Our own routes; those of stamps, anchors and verification come with their folders. */
export function apiRoutes(parts: ApiParts): ((app: FastifyInstance) => void | Promise<void>)[] {
  const { db, entries, clock, registry, queueRecord } = parts;
  const enqueueLot: LotsOptions['enqueueLot'] = (trx, { cooperativeId, digest, lotNumber }) =>
    queueRecord(trx, { cooperativeId, kind: 'lot', digest, refKind: 'lot', refId: lotNumber });
  const isOk = (work: unknown) => Promise.resolve(work).then(() => 'ok');
  const dependencies = [
    { name: 'records', vital: true, check: () => isOk(sql`select 1`.execute(db)) },
    { name: 'entries', vital: true, check: () => isOk(entries.check()) },
    ...(parts.dependencies ?? []),
  ];
  return [
    landingRoutes,
    consoleRoutes(parts.consoleDir),
    healthRoutes(dependencies, registry),
    cooperativeRoutes(db),
    gatewayRoutes(parts),
    lotRoutes({ db, enqueueLot, clock }),
  ];
}
