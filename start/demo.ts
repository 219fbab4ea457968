import type { DemoSecrets } from '@nongtin/accounts';
import { type Caller, signIn } from './caller.ts';
import { TooLate, waitFor } from './wait.ts';

interface DemoOptions {
  readonly gatewayUrl: string;
  readonly cloudUrl: string;
  readonly secrets: DemoSecrets;
  /** Given up when this fires. */
  readonly signal: AbortSignal;
  /** How long the first harvest waits for a finished run, so that its season has watering in it. */
  readonly runWithinMs?: number;
}

interface DemoStamp {
  /** The link that is printed on the first stamp. */
  readonly url: string;
  /** Whether its root stands on the chain by now. */
  readonly anchored: boolean;
}

interface Farm {
  readonly gateway: { readonly id: string; readonly publicKey: string };
  readonly plots: readonly { readonly id: string }[];
}

interface Traps {
  readonly timeZone: string;
  readonly traps: readonly { readonly id: string; readonly last: object | null }[];
}

interface Harvest {
  readonly harvestId: string;
  readonly gatewayId: string;
  readonly lotNumber: string | null;
}

/** Seven a day: more than the 4.7 of the library's economic injury level. */
const DEMO_FLIES = 49;
const TRAP_DAYS = 7;
const DAY_MS = 86_400_000;
const HARVEST_KG = 1_200;
const STAMPS = 1_000;
const STEP_MS = 60_000;
const RUN_WITHIN_MS = 20_000;
const ANCHORED_WITHIN_MS = 20_000;

/**
 * Brings the demo to its first stamp through the doors that everybody has: the gateway is registered, a harvest
 * recorded, a lot closed, stamps issued. What an earlier start has done is found and left as it is.
 */
export async function prepareDemo(options: DemoOptions): Promise<DemoStamp> {
  const { secrets, cloudUrl, signal } = options;
  const manager = await signIn(cloudUrl, secrets.users.manager);
  // A farm without it is a demo as well: a gateway that is not sure of the time takes no counts.
  await countTrap(await signIn(options.gatewayUrl, secrets.users.member)).catch(() => {});
  const url = (await earlierStamp(manager)) ?? (await newStamp(options, manager));
  const path = new URL(url).pathname.replace(/^\/01\/(\d+)\/21\//, '/api/verify/$1/');
  const stands = async () => {
    const { answer } = await manager.get<{ answer: string }>(path);
    return answer === 'genuine' || answer === 'not_yet_final' ? true : undefined;
  };
  try {
    const wait = { deadlineMs: ANCHORED_WITHIN_MS, everyMs: 200, what: 'the anchor', signal };
    return { url, anchored: await waitFor(stands, wait) };
  } catch (error) {
    if (!(error instanceof TooLate)) throw error;
    return { url, anchored: false };
  }
}

/**
 * One trap of the simulated farm as a member would have counted it after a week, said to be of the demo: in a time-lapse of minutes no day
 * of the trap's own counter ends, and nobody would see what a trap over its threshold means.
 */
async function countTrap(member: Caller): Promise<void> {
  const { timeZone, traps } = await member.get<Traps>('/api/pests/traps?days=1');
  const trap = traps.at(-1);
  if (trap === undefined || trap.last !== null) return;
  const digits = {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  } as const;
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, ...digits });
  const local = (atMs: number) => format.format(atMs).replace(' ', 'T');
  const nowMs = Date.now();
  await member.post('/api/pests/counts', {
    ...{ trap: trap.id, count: DEMO_FLIES, note: 'Số liệu của trang trại mẫu' },
    ...{ since: local(nowMs - TRAP_DAYS * DAY_MS), countedAt: local(nowMs - 60_000) },
  });
}

async function earlierStamp(manager: Caller): Promise<string | undefined> {
  const batches = await manager.get<{ batchNumber: number }[]>('/api/stamp-batches?limit=500');
  const first = batches.map(({ batchNumber }) => batchNumber).sort((a, b) => a - b)[0];
  return first === undefined ? undefined : firstStampOf(manager, first);
}

async function firstStampOf(manager: Caller, batchNumber: number): Promise<string | undefined> {
  const path = `/api/stamp-batches/${batchNumber}/stamps?from=0&count=1`;
  const [stamp] = await manager.get<{ url: string }[]>(path);
  return stamp?.url;
}

async function newStamp(options: DemoOptions, manager: Caller): Promise<string> {
  const { lots } = await manager.get<{ lots: { lotNumber: string }[] }>('/api/lots');
  const lotNumber = lots.at(-1)?.lotNumber ?? (await closeLot(options, manager));
  const batch = await manager.post<{ firstStampUrl: string }>('/api/stamp-batches', {
    lotNumber,
    count: STAMPS,
  });
  return batch.firstStampUrl;
}

async function closeLot(options: DemoOptions, manager: Caller): Promise<string> {
  const { gatewayUrl, secrets, signal } = options;
  const member = await signIn(gatewayUrl, secrets.users.member);
  const { gateway } = await member.get<Farm>('/api/farm');
  // With the password that the gateway already has; without one the cloud would make a new one.
  await manager.post('/api/gateways', {
    gatewayId: gateway.id,
    publicKey: gateway.publicKey,
    uplinkPassword: secrets.uplink.password,
  });
  const harvest =
    (await earlierHarvest(member, manager, signal)) ?? (await newHarvest(options, member, manager));
  if (harvest.lotNumber !== null) return harvest.lotNumber;
  const { products } = await manager.get<{ products: { gtin14: string }[] }>('/api/products');
  const order = { harvestId: harvest.harvestId, gatewayId: harvest.gatewayId, gtin14: products[0]?.gtin14 };
  return (await manager.post<{ lotNumber: string }>('/api/lots', order)).lotNumber;
}

/** Looks only once the cloud has all that the gateway has, so that a harvest on its way is not recorded twice. */
async function earlierHarvest(member: Caller, manager: Caller, signal: AbortSignal) {
  const caughtUp = async () => {
    const { uplink } = await member.get<{ uplink: { connected: boolean; behindEntries: number } }>(
      '/api/live',
    );
    return uplink.connected && uplink.behindEntries < 5 ? true : undefined;
  };
  await waitFor(caughtUp, {
    deadlineMs: STEP_MS,
    what: 'the cloud has not got the gateway’s journal',
    signal,
  });
  return (await harvestsOf(manager)).at(-1);
}

async function newHarvest(options: DemoOptions, member: Caller, manager: Caller): Promise<Harvest> {
  const { signal, runWithinMs = RUN_WITHIN_MS } = options;
  const finishedRun = async () => {
    const { runs } = await member.get<{ runs: unknown[] }>('/api/runs?limit=1');
    return runs.length > 0 ? true : undefined;
  };
  try {
    await waitFor(finishedRun, { deadlineMs: runWithinMs, everyMs: 500, what: 'a run', signal });
  } catch (error) {
    if (!(error instanceof TooLate)) throw error;
  }
  const { plots } = await member.get<Farm>('/api/farm');
  const order = { plot: plots[0]?.id, quantityKg: HARVEST_KG };
  const { harvestId } = await member.post<{ harvestId: string }>('/api/harvests', order);
  const arrived = async () => (await harvestsOf(manager)).find((one) => one.harvestId === harvestId);
  return waitFor(arrived, { deadlineMs: STEP_MS, what: 'the cloud has not got the harvest', signal });
}

async function harvestsOf(manager: Caller): Promise<Harvest[]> {
  return (await manager.get<{ harvests: Harvest[] }>('/api/harvests')).harvests;
}
