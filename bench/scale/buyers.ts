import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { readDeployment } from '../../contracts/chain/index.ts';
import { jsonRpc } from '../../contracts/chain/json-rpc.ts';
import { type System, startSystem } from '../../start/e2e/system.ts';
import { cpuSecondsOf, descendantsWith } from '../sides/processes.ts';

/** What a buyer who scans a stamp costs the cloud: link, page and proof. */
export interface BuyersCost {
  readonly cpuSecondsPer1kScans: number;
  readonly scansPerSecond: number;
  /** Gas of the transaction that anchored the first stamps. */
  readonly gasPerAnchor: number;
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
    const gasPerAnchor = await gasOfAnchor(system);
    return { cpuSecondsPer1kScans: (used * 1_000) / scans, scansPerSecond: scans / seconds, gasPerAnchor };
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

/** Of the newest transaction to the registry of anchors; on a chain of its own, so that few blocks are looked through. */
async function gasOfAnchor({ dataDir, ports }: System): Promise<number> {
  const rpc = jsonRpc(`http://127.0.0.1:${ports.rpc}`);
  const registry = readDeployment(dataDir)?.anchorRegistry.toLowerCase();
  for (let block = Number(await rpc('eth_blockNumber')); block >= 0; block--) {
    const { transactions } = (await rpc('eth_getBlockByNumber', [`0x${block.toString(16)}`, true])) as Block;
    const anchor = transactions.find(({ to }) => to?.toLowerCase() === registry);
    if (anchor === undefined) continue;
    const receipt = (await rpc('eth_getTransactionReceipt', [anchor.hash])) as { gasUsed: string };
    return Number(receipt.gasUsed);
  }
  return Number.NaN;
}

interface Block {
  readonly transactions: readonly { readonly hash: string; readonly to: string | null }[];
}
