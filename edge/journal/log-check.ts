import { readFileSync } from 'node:fs';

const HEADER = 32;
const FRAME_HEADER = 24;
const BIG_ENDIAN_MAGIC = 0x377f0683;

/**
 * Whether SQLite's log is damaged before its end. SQLite takes the first frame whose checksum does not hold for the torn
 * end of a power cut and forgets what follows (sqlite.org/fileformat2.html#walformat), which is right for the last
 * commit only: when another commit of the same log stands behind it, something that was on the disk has changed.
 */
export function isLogDamaged(databasePath: string): boolean {
  const log = read(`${databasePath}-wal`);
  if (log.length < HEADER) return false;
  const isBigEndian = log.readUInt32BE(0) === BIG_ENDIAN_MAGIC;
  const step = FRAME_HEADER + log.readUInt32BE(8);
  const salts = log.subarray(16, 24);
  let sums = checksum(log.subarray(0, 24), [0, 0], isBigEndian);
  // Without its head none of it counts for SQLite.
  if (sums[0] !== log.readUInt32BE(24) || sums[1] !== log.readUInt32BE(28)) return log.length > HEADER;
  let broken = false;
  let ended = false;
  for (let at = HEADER; at + step <= log.length; at += step) {
    if (!log.subarray(at + 8, at + 16).equals(salts)) {
      // Of an earlier round of the log, unless frames of this round follow.
      broken = true;
      sums = [log.readUInt32BE(at + 16), log.readUInt32BE(at + 20)];
      continue;
    }
    const isCommit = log.readUInt32BE(at + 4) !== 0;
    sums = checksum(log.subarray(at, at + 8), sums, isBigEndian);
    sums = checksum(log.subarray(at + FRAME_HEADER, at + step), sums, isBigEndian);
    const stored: Sums = [log.readUInt32BE(at + 16), log.readUInt32BE(at + 20)];
    const holds = sums[0] === stored[0] && sums[1] === stored[1];
    if (broken && ended && isCommit && holds) return true;
    if (!holds) broken = true;
    if (broken && isCommit) ended = true;
    // Each checksum goes on from the one before: from the stored one, so that frames after a broken one can be told.
    sums = stored;
  }
  return false;
}

type Sums = [number, number];

function checksum(bytes: Buffer, [first, second]: Sums, isBigEndian: boolean): Sums {
  let a = first;
  let b = second;
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    a = (a + (isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + b) >>> 0;
    b = (b + (isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + a) >>> 0;
  }
  return [a, b];
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
