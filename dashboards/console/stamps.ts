import { ApiError, call } from '../ui/api.ts';

/** The cloud's stamp batches, as /api/openapi.json describes them. */
export interface Batch {
  batchNumber: number;
  gtin14: string;
  lotNumber: string;
  stampCount: number;
  issuedAtMs: number;
  issuedBy: string;
  anchorState: string;
}

/** In the order in which a stamp meets them. */
export const states = ['issued', 'printed', 'applied', 'activated', 'spoiled', 'voided', 'recalled'] as const;

/** What whoever packs tells, and what takes stamps out of use for good. */
export const toldStates = ['printed', 'applied', 'spoiled'] as const;
type NewState = (typeof toldStates)[number] | 'voided' | 'recalled';

/** What may be ordered on a batch's card. */
export type Order = 'told' | 'pins' | 'voided' | 'recalled' | 'lot';

/** First and last index, both included. */
export interface Span {
  from: number;
  to: number;
}

export interface Roll extends Span {
  counts: Record<(typeof states)[number], number>;
}

export interface PinExport extends Span {
  exportId: number;
  batchNumber: number;
  reason: string;
  /** ready: may be fetched, once, by who asked. waits: another manager has to agree. */
  state: 'ready' | 'waits' | 'taken';
  requestedBy: string;
  requestedAtMs: number;
}

interface Anchor {
  anchorId: number;
  state: string;
  treeSize: number;
  createdAtMs: number;
  blockTimeMs: number | null;
  costWei: string | null;
}

export interface Anchors {
  waitingLeaves: number;
  anchors: Anchor[];
}

export function batches(): Promise<Batch[]> {
  return call<Batch[]>('/api/stamp-batches?limit=20');
}

/** Batches that wait for a signature from the cooperative's wallet: none is anchored before. */
export async function unsignedBatches(): Promise<ReadonlySet<number>> {
  const { awaited } = await call<{ awaited: { refKind: string; refId: string }[] }>(
    '/api/signatures?limit=500',
  );
  return new Set(awaited.flatMap(({ refKind, refId }) => (refKind === 'stamp_batch' ? [Number(refId)] : [])));
}

export async function lotNumbers(): Promise<string[]> {
  const { lots } = await call<{ lots: { lotNumber: string }[] }>('/api/lots');
  return lots.map(({ lotNumber }) => lotNumber);
}

export function rollOf(batchNumber: number): Promise<Roll> {
  return call<Roll>(`/api/stamp-batches/${batchNumber}/life`);
}

export function anchors(): Promise<Anchors> {
  return call<Anchors>('/api/anchors?limit=10');
}

export function tell(
  batchNumber: number,
  order: Span & { state: NewState; reason: string },
): Promise<unknown> {
  const isForGood = order.state === 'voided' || order.state === 'recalled';
  return call(`/api/stamp-batches/${batchNumber}/${isForGood ? 'withdraw' : 'life'}`, order);
}

/** All stamps of the lot, for good, and no more are issued for it. */
export function recallLot(lotNumber: string, reason: string): Promise<unknown> {
  return call(`/api/lots/${encodeURIComponent(lotNumber)}/recall`, { reason });
}

/** Files with PINs that were asked for and not fetched yet. */
export async function openExports(): Promise<PinExport[]> {
  const { exports } = await call<{ exports: PinExport[] }>('/api/pin-exports?limit=500');
  return exports.filter(({ state }) => state !== 'taken');
}

export function askForPins(order: Span & { batchNumber: number; reason: string }): Promise<PinExport> {
  return call<PinExport>('/api/pin-exports', order);
}

export function agreeToExport({ exportId }: PinExport): Promise<PinExport> {
  return call<PinExport>(`/api/pin-exports/${exportId}/approve`, {});
}

/** Gives the file to the person. It leaves once: what comes here must reach them. */
export async function savePins({ exportId, batchNumber, from, to }: PinExport): Promise<void> {
  const response = await fetch(`/api/pin-exports/${exportId}/file`, { method: 'POST' });
  if (!response.ok) {
    const { error } = (await response.json()) as { error: { kind: string; message: string } };
    throw new ApiError(response.status, error.kind, error.message);
  }
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = `pins-${batchNumber}-${from}-${to}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** In ether, or whatever the chain's coin is called: 18 places after the point, the last ones of no interest to people. */
export function coinsOf(wei: string): number {
  return Number(BigInt(wei) / 10n ** 9n) / 1e9;
}
