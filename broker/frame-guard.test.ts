import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameGuard } from './frame-guard.ts';
import { frame } from './testing/farm.ts';

const CONNECT = frame(0x10, Buffer.alloc(20));

describe('the guard in front of the parser', () => {
  it('says the same however the bytes are cut', () => {
    const anyStream = fc.array(
      fc.record({ type: fc.integer({ min: 1, max: 14 }), length: fc.integer({ min: 0, max: 300 }) }),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(anyStream, fc.integer({ min: 1, max: 50 }), (frames, step) => {
        const bytes = Buffer.concat([
          CONNECT,
          ...frames.map(({ type, length }) => frame(type << 4, Buffer.alloc(length))),
        ]);
        const whole = new FrameGuard(200).check(bytes);
        const guard = new FrameGuard(200);
        let pieces = 'fine';
        for (let at = 0; at < bytes.length && pieces === 'fine'; at += step) {
          pieces = guard.check(bytes.subarray(at, at + step));
        }
        expect(pieces).toBe(whole);
        expect(whole).toBe(frames.some(({ length }) => length > 200) ? 'packet_too_large' : 'fine');
      }),
    );
  });

  it('knows a packet that is too large by its header alone', () => {
    const guard = new FrameGuard(1_000);
    expect(guard.check(CONNECT)).toBe('fine');
    expect(guard.check(Uint8Array.of(0x30, 0xe8, 0x07))).toBe('fine');
    const other = new FrameGuard(1_000);
    other.check(CONNECT);
    expect(other.check(Uint8Array.of(0x30, 0xe9, 0x07))).toBe('packet_too_large');
  });

  it('takes no length of five bytes', () => {
    const guard = new FrameGuard(1_000);
    guard.check(CONNECT);
    expect(guard.check(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x80))).toBe('protocol_error');
  });

  it('turns another protocol away at its first byte', () => {
    for (const first of ['GET / HTTP/1.1', '\u0016\u0003\u0001', 'SSH-2.0', '\u0000']) {
      expect(new FrameGuard(1_000).check(Buffer.from(first))).not.toBe('fine');
    }
  });
});
