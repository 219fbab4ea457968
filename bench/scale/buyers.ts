import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { startSystem } from '../../start/e2e/system.ts';
import { cpuSecondsOf, descendantsWith } from '../sides/processes.ts';

/** What a buyer who scans a stamp costs the cloud: link, page and proof. */
export interface BuyersCost {
  readonly cpuSecondsPer1kScans: number;
  readonly scansPerSecond: number;
}

const AT_ONCE = 20;
const REST_MS = 5_000;

/** All at once: one system, and many who ask it about its first stamp. */
export async function buyersCost(scans: number, say: (text: string) => void): Promise<BuyersCost> {
  const system = await startSystem(['--no-sim']);
  try {
    const [link = ''] = await system.printed(/http:\S+\/01\/\d{14}\/21\/\S+/);
    const cloud = descendantsWith('cloud/main')[0] ?? 0;
    const ways = ['/01/', '/v/', '/api/verify/'].map((door) => wayBy(door, link));
    say(`${scans} scans of ${link}`);
    await scan(ways, AT_ONCE * 10);
    const restFrom = cpuSecondsOf(cloud);
    await delay(REST_MS);
    const atRest = (cpuSecondsOf(cloud) - restFrom) / (REST_MS / 1_000);
    const [before, startedAt] = [cpuSecondsOf(cloud), performance.now()];
    await scan(ways, scans);
    const seconds = (performance.now() - startedAt) / 1_000;
    const used = cpuSecondsOf(cloud) - before - atRest * seconds;
    return { cpuSecondsPer1kScans: (used * 1_000) / scans, scansPerSecond: scans / seconds };
  } finally {
    await system.remove();
  }
}

async function scan(ways: readonly URL[], times: number): Promise<void> {
  let left = times;
  const one = async () => {
    for (let buyer = left--; buyer > 0; buyer = left--) for (const way of ways) await open(way, buyer);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

/** Each buyer has an address of their own, as on a mobile network: one alone may ask so often only. */
async function open(way: URL, buyer: number): Promise<void> {
  const localAddress = `127.1.${buyer >> 8}.${buyer & 0xff}`;
  const options = { host: '127.0.0.1', port: way.port, path: way.pathname, localAddress, agent: false };
  const [answer] = await once(request(options).end(), 'response');
  answer.resume();
  await once(answer, 'end');
  if (answer.statusCode >= 400) throw new Error(`${way} was answered ${answer.statusCode}`);
}

/** The stamp's own link redirects to the page, and the page asks for the proof. */
function wayBy(door: string, link: string): URL {
  return new URL(door === '/01/' ? link : link.replace('/01/', door).replace('/21/', '/'));
}
