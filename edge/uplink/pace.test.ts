import { describe, expect, it } from 'vitest';
import { Pace } from './pace.ts';

/** A link that carries one byte after the other at a fixed speed, and answers after a latency; its time is a number. */
class Wire {
  nowMs = 0;
  readonly pace = new Pace(15_000);
  readonly #bytesPerSecond: number;
  readonly #latencyMs: number;
  #freeAtMs = 0;
  #underWay: { bytes: number; sentAtMs: number; answeredAtMs: number }[] = [];

  constructor(bytesPerSecond: number, latencyMs: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#latencyMs = latencyMs;
    this.pace.opened(latencyMs);
  }

  /** Sends full messages as fast as it may until so many are answered; says the largest number under way. */
  carry(messages: number): number {
    let most = 0;
    for (let answered = 0; answered < messages; answered++) {
      while (this.#underWay.length < this.pace.mostInFlight) this.#send(this.pace.messageBytes);
      most = Math.max(most, this.#underWay.length);
      const message = this.#underWay.shift();
      if (message === undefined) break;
      this.nowMs = Math.max(this.nowMs, message.answeredAtMs);
      this.pace.answered(message, this.nowMs);
    }
    return most;
  }

  #send(bytes: number): void {
    this.#freeAtMs = Math.max(this.#freeAtMs, this.nowMs) + (bytes / this.#bytesPerSecond) * 1000;
    const answeredAtMs = this.#freeAtMs + this.#latencyMs;
    this.#underWay.push({ bytes, sentAtMs: this.nowMs, answeredAtMs });
  }
}

describe('the pace', () => {
  it('comes to messages of about two and a half seconds at 64 kbit/s and 600 ms, two at a time', () => {
    const wire = new Wire(8_000, 600);
    expect(wire.pace.mostInFlight).toBe(1);
    const most = wire.carry(30);
    expect(wire.pace.messageBytes).toBeGreaterThan(17_000);
    expect(wire.pace.messageBytes).toBeLessThan(22_000);
    expect(most).toBeLessThanOrEqual(3);
    expect(wire.pace.bytesPerSecond).toBeCloseTo(8_000, -3);
  });

  it('uses a fast network to the full, and four messages where the latency is long', () => {
    const near = new Wire(50_000_000, 1);
    near.carry(10);
    expect(near.pace.messageBytes).toBe(128 * 1024);
    const far = new Wire(5_000_000, 600);
    far.carry(20);
    expect(far.pace.messageBytes).toBe(128 * 1024);
    expect(far.pace.mostInFlight).toBe(4);
  });

  it('makes messages smaller at each loss, and larger again: at first by doubling, then carefully', () => {
    const wire = new Wire(50_000_000, 1);
    wire.carry(10);
    wire.pace.lost('cut');
    wire.pace.lost('silence');
    expect(wire.pace.messageBytes).toBe(32 * 1024);
    expect(wire.pace.mostInFlight).toBe(1);
    for (let i = 0; i < 20; i++) wire.pace.lost('silence');
    expect(wire.pace.messageBytes).toBe(1024);
    const sizes: number[] = [];
    for (let i = 0; i < 4; i++) {
      wire.nowMs += 1_000;
      wire.pace.answered({ bytes: wire.pace.messageBytes, sentAtMs: wire.nowMs - 2 }, wire.nowMs);
      sizes.push(wire.pace.messageBytes);
    }
    // The last size that is known to be lost was 2 KiB: no doubling beyond half of it.
    expect(sizes).toEqual([3, 5, 7, 9].map((kib) => kib * 1024));
  });

  it('is not misled by small messages, and does not grow on them', () => {
    const wire = new Wire(8_000, 600);
    wire.carry(30);
    const { messageBytes, bytesPerSecond } = wire.pace;
    for (let i = 0; i < 100; i++) wire.pace.answered({ bytes: 300, sentAtMs: wire.nowMs - 640 }, wire.nowMs);
    expect(wire.pace).toMatchObject({ messageBytes, bytesPerSecond });
  });

  it('waits for an answer as long as the link needs, longer after each silence, and not for ever', () => {
    const wire = new Wire(1_000, 600);
    wire.carry(10);
    const small = wire.pace.waitMs(1_000);
    expect(small).toBe(15_000);
    expect(wire.pace.waitMs(60_000)).toBeGreaterThan(180_000);
    wire.pace.lost('cut');
    expect(wire.pace.waitMs(1_000)).toBe(15_000);
    wire.pace.lost('silence');
    expect(wire.pace.waitMs(1_000)).toBe(30_000);
    wire.pace.lost('silence');
    expect(wire.pace.waitMs(1_000)).toBe(60_000);
    for (let i = 0; i < 30; i++) wire.pace.lost('silence');
    expect(wire.pace.waitMs(1_000)).toBe(600_000);
  });

  it.each([400, 1_000, 8_000])(
    'gets a single entry of 200 KiB through %i bytes a second in the end',
    (bytesPerSecond) => {
      const pace = new Pace(15_000);
      const needsMs = (200 * 1024 * 1000) / bytesPerSecond + 600;
      let tries = 0;
      while (pace.waitMs(200 * 1024) < needsMs && tries < 20) {
        pace.lost('silence');
        tries += 1;
      }
      expect(tries).toBeLessThan(5);
    },
  );
});
