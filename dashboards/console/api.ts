/** The cloud's JSON, as /api/openapi.json describes it, and the calls this page makes. */
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

export interface Account {
  name: string;
  email: string;
  role: string;
}

export interface Overview {
  gateways: Gateway[];
  registry: { state: string; message: string };
  progress: Map<string, Progress>;
  claims: Claim[];
  atMs: number;
}

/** A request that was answered with an error. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export async function call<T>(path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  const answer: unknown = text === '' ? null : JSON.parse(text);
  if (response.ok) return answer as T;
  const error = (answer as { error?: { message?: string } } | null)?.error;
  throw new ApiError(response.status, error?.message ?? response.statusText);
}

export async function currentAccount(): Promise<Account | null> {
  return (await call<{ user: Account } | null>('/api/auth/get-session'))?.user ?? null;
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
