import { sql } from 'kysely';
import type { TestGateway } from '../../cloud/testing/gateway.ts';
import type { Sender } from '../../cloud/testing/sender.ts';
import { missingForSite, type Site, startSite } from '../../cloud/uplink/nats/workers.suite.ts';

/** While connecting; the servers' MQTT side keeps a session for each. */
const AT_ONCE = 25;

/** Three NATS servers, a PostgreSQL that syncs, an archive in a folder; no worker yet, and these gateways are known. */
export async function startSiteFor(gateways: readonly TestGateway[]): Promise<Site> {
  const site = await startSite(3, { fsync: true });
  await site.register(gateways);
  return site;
}

/** Throws one line that says what is missing. */
export function requireSite(): void {
  const missing = missingForSite();
  if (missing !== undefined) throw new Error(`This benchmark needs ${missing} (apt-get install ${missing}).`);
}

/** In the order of the gateways. */
export async function connectAll(
  site: Site,
  gateways: readonly TestGateway[],
  options: Parameters<Site['senderOf']>[1],
): Promise<Sender[]> {
  const senders: Sender[] = [];
  for (let at = 0; at < gateways.length; at += AT_ONCE) {
    const some = gateways.slice(at, at + AT_ONCE).map(async (gateway) => {
      const sender = await site.senderOf(gateway, options);
      await sender.connect();
      return sender;
    });
    senders.push(...(await Promise.all(some)));
  }
  return senders;
}

/** Seconds until nothing waits to become the rows that people see. */
export async function projected({ records }: Site): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const { rows } = await sql<{ behind: number }>`
      select count(*)::int as behind from entry_heads left join projection_cursors using (gateway_id)
      where number > coalesce(projected_up_to, 0)`.execute(records.db);
    if (rows[0]?.behind === 0) return (performance.now() - startedAt) / 1_000;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
