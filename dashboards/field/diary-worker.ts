/// <reference lib="webworker" />
import { showAlarms } from './push-worker.ts';

/**
 * Opens the diary without a signal: keeps its page and the files that it has loaded. Nothing of the API is kept here; what the
 * diary knows stands in IndexedDB.
 */
const worker = self as unknown as ServiceWorkerGlobalScope;
const CACHE = 'nongtin-diary-1';
const PAGE = '/diary.html';

showAlarms(worker);

worker.addEventListener('install', () => void worker.skipWaiting());
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener('message', (event) => {
  const { keep } = (event.data ?? {}) as { keep?: unknown };
  if (!Array.isArray(keep)) return;
  const own = keep.map((url) => new URL(String(url), worker.location.origin)).filter(isKept);
  event.waitUntil(keepThese(own.map(({ pathname }) => pathname)));
});

worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || !isKept(url)) return;
  // Files whose name holds their hash never change; the page itself is asked for anew, while somebody answers.
  event.respondWith(url.pathname === PAGE ? pageFirstFromServer(event.request) : keptFirst(event.request));
});

function isKept({ origin, pathname }: URL): boolean {
  return origin === worker.location.origin && (pathname === PAGE || pathname.startsWith('/assets/'));
}

/** What an older page has used goes, once everything of this one is there. */
async function keepThese(paths: readonly string[]): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll([...new Set(paths)]);
  for (const request of await cache.keys())
    if (!paths.includes(new URL(request.url).pathname)) await cache.delete(request);
}

async function pageFirstFromServer(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    return answer.ok ? answer : ((await caches.match(PAGE)) ?? answer);
  } catch (error) {
    const kept = await caches.match(PAGE);
    if (kept !== undefined) return kept;
    throw error;
  }
}

async function keptFirst(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}
