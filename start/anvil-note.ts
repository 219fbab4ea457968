import { join } from 'node:path';
import { readStateFile } from '@nongtin/service';
import { isRunning } from './processes.ts';

interface AnvilNote {
  /** '<boot> <pid> <start time>' */
  readonly anvil: string;
  readonly port: number;
}

/**
 * Whether the port is held by an anvil that an earlier start on this folder has left behind. It lives in a group of
 * its own; the chain service notes it, saves what it holds and ends it, so its port is no reason not to start.
 */
export function isHeldByOwnAnvil(dataDir: string, port: number): boolean {
  const note = readStateFile(join(dataDir, 'chain', 'anvil.pid'), isNote);
  if (note === undefined || note.port !== port) return false;
  const [, pid = '', began = ''] = note.anvil.split(' ');
  return isRunning({ pid: Number(pid), began });
}

function isNote(value: unknown): value is AnvilNote {
  const { anvil, port } = (value ?? {}) as Partial<AnvilNote>;
  return typeof anvil === 'string' && Number.isInteger(port);
}
