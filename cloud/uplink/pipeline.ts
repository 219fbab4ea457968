import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { canonicalJson, type UplinkAnswer } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Commands } from '../commands/index.ts';
import type { CloudConfig } from '../config.ts';
import { cooperativesIn } from '../cooperatives/cooperatives.ts';
import type { Neighbours } from '../pests/neighbours.ts';
import type { Records } from '../records/index.ts';
import { seasonOf } from '../traceability/season.ts';
import { ArchiveStore } from './archive/archive-store.ts';
import { BucketObjects } from './archive/bucket-objects.ts';
import { FolderObjects } from './archive/folder-objects.ts';
import type { Objects } from './archive/objects.ts';
import { Packer, type PackerOptions } from './archive/packer.ts';
import type { Takers, UplinkDoor } from './door.ts';
import type { EntryStore } from './entry-store.ts';
import { LiveValues } from './live.ts';
import { Projector } from './projector.ts';
import { Receiver } from './receiver.ts';
import { SqliteEntryStore } from './sqlite-entry-store.ts';

/** Where entries are kept by this configuration, not yet opened. */
export function entryStoreOf({ archive, dataDir }: CloudConfig, { db }: Records): EntryStore {
  if (archive === undefined) return new SqliteEntryStore(join(dataDir, 'cloud', 'entries.sqlite'));
  return new ArchiveStore(db, objectsOf(archive));
}

/** Undefined: entries are in one file, where nothing is to be packed. */
export function packerOf(
  { archive }: CloudConfig,
  parts: Omit<PackerOptions, 'objects'>,
): Packer | undefined {
  return archive && new Packer({ ...parts, objects: objectsOf(archive) });
}

function objectsOf(archive: NonNullable<CloudConfig['archive']>): Objects {
  return 'folder' in archive ? new FolderObjects(archive.folder) : new BucketObjects(archive);
}

export interface PipelineOptions {
  readonly db: Records['db'];
  readonly entries: EntryStore;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
  /** Whether other processes take messages of the same gateways. */
  readonly shared: boolean;
  /** Called after rows of this gateway may have changed. */
  readonly onProjected: (gateway: string) => void;
}

/** From a message to the rows that people see, the same in every process that takes entries. */
export function openPipeline({ db, entries, clock, logger, shared, onProjected }: PipelineOptions): {
  receiver: Receiver;
  projector: Projector;
  live: LiveValues;
} {
  const projector = new Projector({
    ...{ db, entries, logger, onProjected, atOnce: shared ? GATEWAYS_AT_ONCE : 1 },
    seasonOf: async (gateway, entry, harvest) =>
      canonicalJson(await seasonOf({ db, entries }, gateway, entry, harvest)),
  });
  const cooperatives = cooperativesIn(db);
  const keyOf = async (id: string) => {
    const gateway = await cooperatives.gateway(id);
    if (gateway === undefined) return undefined;
    const { public_key: publicKey, revoked, revoked_reason: revokedReason } = gateway;
    return { publicKey, revoked, revokedReason: revokedReason ?? '' };
  };
  const receiver = new Receiver({
    ...{ entries, logger, clock, keyOf },
    onAppended: (gateway) => projector.wake(gateway),
    ...(shared ? { awaitPredecessor } : {}),
  });
  const live = new LiveValues({ db, logger, keyOf, clock });
  return { receiver, projector, live };
}

/** Each waits for PostgreSQL most of the time; connections are left for what gateways wait for. */
const GATEWAYS_AT_ONCE = 4;

/** Two seconds: a worker that lives has stored what it had by then, and the gateway is not kept waiting for long. */
const [PREDECESSOR_TRIES, PREDECESSOR_MS] = [20, 100];

async function awaitPredecessor(times: number): Promise<boolean> {
  if (times > PREDECESSOR_TRIES) return false;
  await wait(PREDECESSOR_MS);
  return true;
}

interface Taking {
  readonly receiver: Receiver;
  readonly live: LiveValues;
  readonly commands: Pick<Commands, 'onMessage'>;
  readonly neighbours: Pick<Neighbours, 'answer'>;
  readonly clock: { nowMs(): number };
  /** To a gateway that is connected. */
  readonly send: UplinkDoor['send'];
}

/** What becomes of each kind of message. */
export function takersOf({ receiver, live, commands, neighbours, clock, send }: Taking): Takers {
  return {
    uplinkEntries: async (gateway, message) => {
      const answer = await receiver.receive(gateway, message);
      // A gateway that woke up without a clock takes its time from here.
      const timed: UplinkAnswer = { ...answer, atMs: Math.trunc(clock.nowMs()) };
      await send(gateway, 'uplinkAnswer', timed);
    },
    uplinkLive: (gateway, message) => live.take(gateway, message),
    gatewayOutcome: (gateway, message) => commands.onMessage(gateway, message),
    neighbourQuestion: async (gateway, message) => {
      const answer = await neighbours.answer(gateway, message);
      if (answer !== undefined) await send(gateway, 'neighbourAnswer', answer);
    },
  };
}
