import { ApiError, call, type Reason, wordsOf } from '../ui/api.ts';
import { sentence } from './reasons.ts';

/** What the gateway says of crop protection; dates are the farm's own, YYYY-MM-DD. */
export interface NoEntry {
  plot: string;
  /** Empty: the whole plot. */
  zones: string[];
  untilMs: number | null;
  sprayId: string;
  reason: Reason;
}

interface PlotProtection {
  plot: string;
  name: string;
  crop: string;
  areaHectares: number;
  earliestHarvest: { sprayId: string; earliestDate: string | null; reason: Reason } | null;
  noEntry: NoEntry[];
}

export interface Protection {
  today: string;
  timeZone: string;
  isClockTrusted: boolean;
  /** 0: there is none. */
  listVersion: number;
  /** Where the harvest is to be sold: ISO 3166 two letters, or EU. */
  targetMarkets: string[];
  plots: PlotProtection[];
}

export interface Product {
  tradeName: string;
  dose: { min: number; max: number; unit: string };
  phiDays: number;
  reiHours: number;
  crops: string[];
  pests: string[];
}

interface Dose {
  amount: number;
  unit: string;
}

export interface Spray {
  sprayId: string;
  revision: number;
  state: 'standing' | 'withdrawn';
  why?: string;
  recordedByName: string;
  plot: string;
  zones: string[];
  areaHectares: number;
  /** Told by an entry of the diary, and corrected there. */
  isFromDiary?: boolean;
  products: {
    tradeName: string;
    dose?: Dose;
    told?: { ingredients?: string };
    listed: { version: number; row: number } | null;
  }[];
  waterLitres?: number;
  pest: string;
  startedAtMs: number;
  endedAtMs: number;
  operator: string;
  equipment?: string;
  reason?: string;
  prompt?: string;
  nevertheless?: string;
  warnings: Reason[];
}

export interface SprayCheck {
  problems: Reason[];
  warnings: Reason[];
  needsWord: boolean;
  earliestHarvest: PlotProtection['earliestHarvest'];
  noEntry: NoEntry | null;
}

/** As it is sent; times are the farm's own, 'YYYY-MM-DDTHH:MM'. */
export interface SprayWish {
  sprayId?: string;
  plot: string;
  zones: string[];
  areaHectares?: number;
  products: (
    | { version: number; row: number; dose: Dose }
    | { tradeName: string; dose: Dose; told?: { ingredients: string } }
  )[];
  waterLitres?: number;
  pest: string;
  startedAt: string;
  endedAt: string;
  operator: string;
  equipment?: string;
  reason?: string;
  prompt?: string;
  nevertheless?: string;
}

export interface Import {
  sha256: string;
  encoding: string | null;
  products: Product[];
  problems: { line: number | null; column: string | null; reason: Reason }[];
  notes: Reason[];
  follows: number;
  changes: {
    added: string[];
    changed: { product: string; phiDays: [number, number]; reiHours: [number, number] }[];
    removed: string[];
    same: number;
  };
}

export const listColumns =
  'trade_name, registration, active_ingredients, dose_min, dose_max, dose_unit, phi_days, rei_hours, crops, pests, markets, max_applications, source, source_date';

const TEMPLATE =
  'Tên thương phẩm;Số đăng ký;Hoạt chất;Liều thấp nhất;Liều cao nhất;Đơn vị liều;Cách ly (ngày);Vào lại (giờ);Cây trồng;Dịch hại;Thị trường;Số lần tối đa;Nguồn;Ngày của nguồn\r\n';
/** A list without products, to be filled in from labels. With a byte order mark: spreadsheets take it for another encoding otherwise. */
export const templateHref = `data:text/csv;charset=utf-8,%EF%BB%BF${encodeURIComponent(TEMPLATE)}`;

export const protectionNow = () => call<Protection>('/api/crop-protection');
export const sprays = async () => (await call<{ sprays: Spray[] }>('/api/sprays?limit=50')).sprays;
export const products = async () =>
  (await call<{ list: { version: number; products: Product[] } | null }>('/api/products')).list;
export const saveMarkets = (targetMarkets: readonly string[]) => call('/api/farm', { targetMarkets }, 'PUT');
export const checkSpray = (wish: SprayWish) => call<SprayCheck>('/api/sprays/check', wish);
export const recordSpray = (wish: SprayWish) => call('/api/sprays', wish);
export const correctSpray = (
  { sprayId, revision }: Spray,
  why: string,
  { sprayId: _, ...spray }: SprayWish,
) => call(`/api/sprays/${encodeURIComponent(sprayId)}/correct`, { revision, why, spray });
export const withdrawSpray = ({ sprayId, revision }: Spray, why: string) =>
  call(`/api/sprays/${encodeURIComponent(sprayId)}/withdraw`, { revision, why });
export const previewList = (file: Blob) => send<Import>('/api/products/preview', file);
export const acceptList = (file: File, { sha256, follows }: Import) => {
  const query = new URLSearchParams({ sha256, follows: String(follows), fileName: file.name });
  return send<{ list: { version: number } }>(`/api/products?${query}`, file);
};

/** The file's own bytes: how its letters are written is found out by the gateway. */
async function send<T>(path: string, file: Blob): Promise<T> {
  const headers = { 'content-type': 'text/csv' };
  const response = await fetch(path, { method: 'POST', headers, body: await file.arrayBuffer() });
  const answer = (await response.json()) as T & {
    error?: { kind: string; message: string; reason?: Reason };
  };
  if (response.ok) return answer;
  const { kind = 'our_fault', message = response.statusText, reason } = answer.error ?? {};
  throw new ApiError(response.status, kind, message, reason);
}

/** What an error says, in the reader's language where it has words of its own. */
export function problemOf(error: unknown): string {
  return error instanceof ApiError && error.reason ? sentence(error.reason) : wordsOf(error);
}

/** A moment as the farm's clock shows it: '2026-11-23T06:30'. */
export function farmTime(atMs: number, timeZone: string): string {
  const digits = {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  } as const;
  return new Intl.DateTimeFormat('sv-SE', { timeZone, ...digits }).format(atMs).replace(' ', 'T');
}

/** '0,5' and '0.5'; NaN for what is no number. */
export function numberOf(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text.trim().replace(',', '.'));
}
