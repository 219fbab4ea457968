import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { createEngine } from './engine.ts';

const clock = { computedMs: () => performance.now(), monotonicMs: () => performance.now() };
const HOG = 'function decodeUplink() { var a = []; for (;;) a.push("x" + a.length); }';
const KEEPS = `var list = []; for (var i = 0; i < 1e4; i++) list.push('y' + i);
function decodeUplink() { list.push(0); return { data: { length: list.length } }; }`;
const input = JSON.stringify({ bytes: [1], fPort: 1, recvTime: 0 });

test('an image holds what its script changed, and nothing of what another has left', async () => {
  const engine = await createEngine(clock);
  const load = (source: string) => {
    const image = engine.load('script.js', source);
    if (!('pieces' in image)) throw new Error(image.failure);
    return image;
  };
  const hog = load(HOG);
  const keeps = load(KEEPS);
  expect(engine.call(hog, 'decode', input)).toHaveProperty('failure');
  expect(load(HOG).pieces.length).toBe(hog.pieces.length);
  expect(hog.pieces.length).toBeLessThan(256 * 1024);
  for (let call = 0; call < 3; call++) {
    expect(engine.call(keeps, 'decode', input)).toEqual({
      json: '{"data":{"length":10001},"warnings":[]}',
    });
    engine.call(hog, 'decode', input);
  }
});
