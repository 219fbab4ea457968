import { call } from '../ui/api.ts';

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

export interface Roll {
  from: number;
  to: number;
  counts: Record<(typeof states)[number], number>;
}

interface PinExport {
  exportId: number;
  state: 'ready' | 'waits' | 'taken';
}

export function batches(): Promise<Batch[]> {
  return call<Batch[]>('/api/stamp-batches?limit=20');
}

export async function lotNumbers(): Promise<string[]> {
  const { lots } = await call<{ lots: { lotNumber: string }[] }>('/api/lots');
  return lots.map(({ lotNumber }) => lotNumber);
}

export function rollOf(batchNumber: number): Promise<Roll> {
  return call<Roll>(`/api/stamp-batches/${batchNumber}/life`);
}

/**
 * The file with PINs of a range, as it is printed; undefined when a second manager has to agree first. It is given out once: what
 * comes here must reach the person.
 */
export async function pinFile(
  batchNumber: number,
  from: number,
  to: number,
  reason: string,
): Promise<Blob | undefined> {
  const asked = await call<PinExport>('/api/pin-exports', { batchNumber, from, to, reason });
  if (asked.state === 'waits') return undefined;
  const response = await fetch(`/api/pin-exports/${asked.exportId}/file`, { method: 'POST' });
  if (!response.ok) throw new Error(response.statusText);
  return response.blob();
}
