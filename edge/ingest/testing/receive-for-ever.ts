import { message, startRig } from './rig.ts';

/** For tests: a gateway without broker that takes messages from its parent until it is killed, and acknowledges. */
export interface Packet {
  readonly packetId: number;
  readonly dup: boolean;
  readonly payload: string;
}

const [, , folder = '', flushEveryMs = ''] = process.argv;
const flush = flushEveryMs === '' ? {} : { flushEveryMs: Number(flushEveryMs) };
const rig = await startRig(folder, Date.now(), undefined, flush);
process.on('message', ({ packetId, dup, payload }: Packet) => {
  rig.clock.now = Date.now();
  void rig.ingest.receive(message(payload, { packetId, dup })).then(() => process.send?.(packetId));
});
process.send?.('ready');
