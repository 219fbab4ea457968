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
