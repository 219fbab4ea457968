import { call } from '../ui/api.ts';

/** The cloud's JSON, as /api/openapi.json describes it. */
interface ChainStep {
  state: string;
  transaction: string | null;
  sinceMs: number;
}

export interface Gateway {
  gatewayId: string;
  label: string;
  publicKey: string;
  registeredBy: string;
  registeredAtMs: number;
  revoked: boolean;
  revocation: { fromMs: number; atMs: number; by: string; reason: string } | null;
  lastHeardMs: number | null;
  certificateEndsAtMs: number | null;
  chain: { key: ChainStep | null; revocation: ChainStep | null };
}

export interface Progress {
  gatewayId: string;
  durableUpTo: number;
  projectedUpTo: number;
  thinned: number;
  forks: { number: number }[];
  refusals: Record<string, number>;
  lastRefusal?: { kind: string; reason: string; atMs: number };
}

interface Claim {
  claimId: string;
  gatewayId: string;
  label: string;
  state: 'open' | 'used' | 'expired' | 'withdrawn';
  expiresAtMs: number;
}

export interface NewClaim extends Claim {
  code: string;
  link: string;
}

export interface Overview {
  gateways: Gateway[];
  registry: { state: string; message: string };
  progress: Map<string, Progress>;
  claims: Claim[];
  atMs: number;
}

export async function overview(): Promise<Overview> {
  const [{ gateways, registry }, uplink, { claims }] = await Promise.all([
    call<Pick<Overview, 'gateways' | 'registry'>>('/api/gateways'),
    call<{ gateways: Progress[] }>('/api/uplink'),
    call<{ claims: Claim[] }>('/api/claim-codes'),
  ]);
  const progress = new Map(uplink.gateways.map((one) => [one.gatewayId, one]));
  return { gateways, registry, progress, claims, atMs: Date.now() };
}

interface CaughtAtFarm {
  gatewayId: string;
  label: string;
  /** Week by week, the newest first, insects a trap and day; null: nobody looked. */
  perTrapPerDay: (number | null)[];
}

export interface CaughtOfPest {
  pest: string;
  /** The highest of all farms and weeks. */
  most: number;
  farms: CaughtAtFarm[];
}

interface FarmPests {
  gatewayId: string;
  label: string;
  pests: { pest: string; perTrapPerDay: (number | null)[] }[];
}

/** What the cooperative's traps catch, pest by pest, this week first; the pest that was caught most of comes first. */
export async function catchesByPest(): Promise<{ weeks: string[]; pests: CaughtOfPest[] }> {
  const { weeks, farms } = await call<{ weeks: string[]; farms: FarmPests[] }>('/api/pests?weeks=8');
  const names = [...new Set(farms.flatMap((farm) => farm.pests.map(({ pest }) => pest)))];
  const pests = names.map((pest) => {
    const found = farms.flatMap(({ gatewayId, label, pests: own }) =>
      own
        .filter((one) => one.pest === pest)
        .map(({ perTrapPerDay }) => ({ gatewayId, label, perTrapPerDay: perTrapPerDay.toReversed() })),
    );
    const most = Math.max(
      0,
      ...found.flatMap(({ perTrapPerDay }) => perTrapPerDay.map((caught) => caught ?? 0)),
    );
    return { pest, most, farms: found };
  });
  return { weeks: weeks.toReversed(), pests: pests.sort((a, b) => b.most - a.most) };
}
