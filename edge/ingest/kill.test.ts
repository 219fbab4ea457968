import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Packet } from './testing/receive-for-ever.ts';
import { startRig } from './testing/rig.ts';

/** A device that keeps sending, has twenty messages in flight, and sends again what was not acknowledged. */
class Device {
  readonly acknowledged = new Set<number>();
  readonly #inFlight = new Map<number, string>();
  readonly #payload: (seq: number) => object;
  #seq = 0;
  #gateway: ChildProcess | undefined;

  constructor(payload: (seq: number) => object) {
    this.#payload = payload;
  }

  connect(gateway: ChildProcess, dup: boolean): void {
    this.#gateway = gateway;
    gateway.on('message', (packetId: number) => {
      if (this.#gateway !== gateway) return;
      this.#inFlight.delete(packetId);
      this.acknowledged.add(packetId);
      this.#fill();
    });
    for (const [packetId, payload] of this.#inFlight) this.#send({ packetId, dup, payload });
    this.#fill();
  }

  disconnect(): void {
    this.#gateway = undefined;
  }

  get sent(): number {
    return this.#seq;
  }

  #fill(): void {
    while (this.#inFlight.size < 20) {
      this.#seq += 1;
      const payload = JSON.stringify(this.#payload(this.#seq));
      this.#inFlight.set(this.#seq, payload);
      this.#send({ packetId: this.#seq, dup: false, payload });
    }
  }

  #send(packet: Packet): void {
    // The pipe of a process that was just killed.
    this.#gateway?.send(packet, () => {});
  }
}

const START = Date.now();

it.each([
  ['a counter, resent with DUP', true, (seq: number) => ({ seq, number: seq })],
  [
    'a counter, while the series file is written all the time',
    true,
    (seq: number) => ({ seq, number: seq }),
    ['3'],
  ],
  ['a counter, resent without DUP', false, (seq: number) => ({ seq, number: seq })],
  [
    'a time, resent without DUP',
    false,
    (number: number) => ({ number, time: new Date(START + number).toISOString() }),
  ],
  ['nothing but values, resent with DUP', true, (number: number) => ({ number })],
])(
  'kill -9, again and again: what was acknowledged is stored exactly once (%s)',
  async (_, dup, payload, flushEveryMs: string[] = []) => {
    const folder = mkdtempSync(join(tmpdir(), 'nongtin-kill-'));
    try {
      const device = new Device(payload);
      for (let round = 0; round < 3; round += 1) {
        const gateway = fork(
          new URL('./testing/receive-for-ever.ts', import.meta.url),
          [folder, ...flushEveryMs],
          { execArgv: [] },
        );
        expect((await once(gateway, 'message'))[0]).toBe('ready');
        const enough = device.acknowledged.size + 150 + round * 61;
        device.connect(gateway, dup);
        while (device.acknowledged.size < enough) await once(gateway, 'message');
        gateway.kill('SIGKILL');
        device.disconnect();
        await once(gateway, 'close');
      }
      const rig = await startRig(folder);
      await rig.delivered();
      const stored = (await rig.raw('d1', 'raw')).map(({ value }) => value);
      await rig.stop();
      expect(new Set(stored).size).toBe(stored.length);
      expect([...device.acknowledged].filter((seq) => !stored.includes(seq))).toEqual([]);
      expect(Math.max(...stored)).toBeLessThanOrEqual(device.sent);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  60_000,
);
