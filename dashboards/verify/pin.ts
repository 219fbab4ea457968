/** What became of the number under the scratch layer. Only our server can judge it: it stands in no proof and on no chain. */
export type PinResult =
  | { kind: 'first' | 'again'; activatedAtMs: number }
  | { kind: 'wrong' | 'withdrawn' | 'unreachable' }
  | { kind: 'wait'; seconds: number };

/** Eight digits, however they are grouped on the stamp and whatever width a keyboard gives them; undefined: they are not. */
export function digitsOf(typed: string): string | undefined {
  const digits = typed.normalize('NFKC').replace(/[\s.-]/g, '');
  return /^[0-9]{8}$/.test(digits) ? digits : undefined;
}

export async function usePin(
  { gtin14, serial }: { gtin14: string; serial: string },
  pin: string,
  ask: typeof fetch = fetch,
): Promise<PinResult> {
  const path = `/api/verify/${encodeURIComponent(gtin14)}/${encodeURIComponent(serial)}/activate`;
  try {
    const response = await ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ pin }),
    });
    const answer = (await response.json()) as {
      isFirst?: boolean;
      activatedAtMs?: number;
      retryAfterSeconds?: number;
    };
    if (response.ok && answer.activatedAtMs !== undefined)
      return { kind: answer.isFirst ? 'first' : 'again', activatedAtMs: answer.activatedAtMs };
    if (response.status === 403) return { kind: 'wrong' };
    if (response.status === 409) return { kind: 'withdrawn' };
    if (response.status === 429) return { kind: 'wait', seconds: answer.retryAfterSeconds ?? 60 };
  } catch {
    // Said below.
  }
  return { kind: 'unreachable' };
}
