import type { ProofBundle } from '@nongtin/contracts/encoding';

/** What our server says of a stamp: GET /api/verify/{gtin14}/{serial}, and inlined in the page as JSON. */
export interface ServerAnswer {
  answer: 'genuine' | 'not_yet_final' | 'waiting' | 'withdrawn' | 'not_ours' | 'cannot_check';
  problem?: string | null;
  product: { gtin14: string; name: Record<string, string> } | null;
  cooperative: { name: string } | null;
  lot?: { lotNumber: string } | null;
  /** What became of the stamp; null when there is none. */
  stamp?: { state: string; activatedAtMs: number | null } | null;
  bundle: ProofBundle | null;
  chain: {
    chainId: number;
    anchorRegistry: string;
    rpcUrls: string[];
    /** How many blocks make an anchor final where the chain has no `finalized` tag. */
    confirmations?: number;
  } | null;
}

/** The answer, with the product code and serial of the page's own address: those are what the reader holds. */
export interface Asked {
  gtin14: string;
  serial: string;
  server: ServerAnswer | null;
}

export function readServerAnswer(page: Document, path: string): Asked {
  const [, , gtin14 = '', serial = ''] = path.split('/');
  const inlined = page.getElementById('verify-data')?.textContent ?? '';
  return {
    gtin14: decodeURIComponent(gtin14),
    serial: decodeURIComponent(serial).toUpperCase(),
    server: parse(inlined),
  };
}

function parse(text: string): ServerAnswer | null {
  try {
    return text === '' ? null : (JSON.parse(text) as ServerAnswer);
  } catch {
    return null;
  }
}
