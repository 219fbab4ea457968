/**
 * SHA-256 (FIPS 180-4, section 6.2) of four messages at once, one block each: a word here is a v128 with that word of each message in
 * its four lanes, as a number. The last 16 words of the message schedule and the letters are locals; sixteen rounds are
 * written out, so that both rotate by name.
 */

/** Section 4.2.2. */
const constants: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);

/** Section 5.3.3. */
const initialHash: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

/** A hash has 8 such words, a block 16. */
export const HASH_BYTES: i32 = 128;
export const BLOCK_BYTES: i32 = 256;

/** Puts the initial hash value at `hash`. */
export function begin(hash: usize): void {
  for (let word: usize = 0; word < 8; word++) {
    v128.store(hash + 16 * word, i32x4.splat(load<u32>(initialHash + 4 * word)));
  }
}

/** The hash at `from` and the block make the hash at `to`. */
export function compress(from: usize, block: usize, to: usize): void {
  let w0 = v128.load(block, 0);
  let w1 = v128.load(block, 16);
  let w2 = v128.load(block, 32);
  let w3 = v128.load(block, 48);
  let w4 = v128.load(block, 64);
  let w5 = v128.load(block, 80);
  let w6 = v128.load(block, 96);
  let w7 = v128.load(block, 112);
  let w8 = v128.load(block, 128);
  let w9 = v128.load(block, 144);
  let w10 = v128.load(block, 160);
  let w11 = v128.load(block, 176);
  let w12 = v128.load(block, 192);
  let w13 = v128.load(block, 208);
  let w14 = v128.load(block, 224);
  let w15 = v128.load(block, 240);
  let a = v128.load(from, 0);
  let b = v128.load(from, 16);
  let c = v128.load(from, 32);
  let d = v128.load(from, 48);
  let e = v128.load(from, 64);
  let f = v128.load(from, 80);
  let g = v128.load(from, 96);
  let h = v128.load(from, 112);
  for (let t: usize = constants; ; t += 64) {
    h = step(h, e, f, g, w0, v128.load_splat<u32>(t, 0));
    d = add(d, h);
    h = add(h, add(bigSigma0(a), majority(a, b, c)));
    g = step(g, d, e, f, w1, v128.load_splat<u32>(t, 4));
    c = add(c, g);
    g = add(g, add(bigSigma0(h), majority(h, a, b)));
    f = step(f, c, d, e, w2, v128.load_splat<u32>(t, 8));
    b = add(b, f);
    f = add(f, add(bigSigma0(g), majority(g, h, a)));
    e = step(e, b, c, d, w3, v128.load_splat<u32>(t, 12));
    a = add(a, e);
    e = add(e, add(bigSigma0(f), majority(f, g, h)));
    d = step(d, a, b, c, w4, v128.load_splat<u32>(t, 16));
    h = add(h, d);
    d = add(d, add(bigSigma0(e), majority(e, f, g)));
    c = step(c, h, a, b, w5, v128.load_splat<u32>(t, 20));
    g = add(g, c);
    c = add(c, add(bigSigma0(d), majority(d, e, f)));
    b = step(b, g, h, a, w6, v128.load_splat<u32>(t, 24));
    f = add(f, b);
    b = add(b, add(bigSigma0(c), majority(c, d, e)));
    a = step(a, f, g, h, w7, v128.load_splat<u32>(t, 28));
    e = add(e, a);
    a = add(a, add(bigSigma0(b), majority(b, c, d)));
    h = step(h, e, f, g, w8, v128.load_splat<u32>(t, 32));
    d = add(d, h);
    h = add(h, add(bigSigma0(a), majority(a, b, c)));
    g = step(g, d, e, f, w9, v128.load_splat<u32>(t, 36));
    c = add(c, g);
    g = add(g, add(bigSigma0(h), majority(h, a, b)));
    f = step(f, c, d, e, w10, v128.load_splat<u32>(t, 40));
    b = add(b, f);
    f = add(f, add(bigSigma0(g), majority(g, h, a)));
    e = step(e, b, c, d, w11, v128.load_splat<u32>(t, 44));
    a = add(a, e);
    e = add(e, add(bigSigma0(f), majority(f, g, h)));
    d = step(d, a, b, c, w12, v128.load_splat<u32>(t, 48));
    h = add(h, d);
    d = add(d, add(bigSigma0(e), majority(e, f, g)));
    c = step(c, h, a, b, w13, v128.load_splat<u32>(t, 52));
    g = add(g, c);
    c = add(c, add(bigSigma0(d), majority(d, e, f)));
    b = step(b, g, h, a, w14, v128.load_splat<u32>(t, 56));
    f = add(f, b);
    b = add(b, add(bigSigma0(c), majority(c, d, e)));
    a = step(a, f, g, h, w15, v128.load_splat<u32>(t, 60));
    e = add(e, a);
    a = add(a, add(bigSigma0(b), majority(b, c, d)));
    if (t == constants + 192) break;
    w0 = add(add(w0, smallSigma0(w1)), add(w9, smallSigma1(w14)));
    w1 = add(add(w1, smallSigma0(w2)), add(w10, smallSigma1(w15)));
    w2 = add(add(w2, smallSigma0(w3)), add(w11, smallSigma1(w0)));
    w3 = add(add(w3, smallSigma0(w4)), add(w12, smallSigma1(w1)));
    w4 = add(add(w4, smallSigma0(w5)), add(w13, smallSigma1(w2)));
    w5 = add(add(w5, smallSigma0(w6)), add(w14, smallSigma1(w3)));
    w6 = add(add(w6, smallSigma0(w7)), add(w15, smallSigma1(w4)));
    w7 = add(add(w7, smallSigma0(w8)), add(w0, smallSigma1(w5)));
    w8 = add(add(w8, smallSigma0(w9)), add(w1, smallSigma1(w6)));
    w9 = add(add(w9, smallSigma0(w10)), add(w2, smallSigma1(w7)));
    w10 = add(add(w10, smallSigma0(w11)), add(w3, smallSigma1(w8)));
    w11 = add(add(w11, smallSigma0(w12)), add(w4, smallSigma1(w9)));
    w12 = add(add(w12, smallSigma0(w13)), add(w5, smallSigma1(w10)));
    w13 = add(add(w13, smallSigma0(w14)), add(w6, smallSigma1(w11)));
    w14 = add(add(w14, smallSigma0(w15)), add(w7, smallSigma1(w12)));
    w15 = add(add(w15, smallSigma0(w0)), add(w8, smallSigma1(w13)));
  }
  v128.store(to, add(v128.load(from, 0), a), 0);
  v128.store(to, add(v128.load(from, 16), b), 16);
  v128.store(to, add(v128.load(from, 32), c), 32);
  v128.store(to, add(v128.load(from, 48), d), 48);
  v128.store(to, add(v128.load(from, 64), e), 64);
  v128.store(to, add(v128.load(from, 80), f), 80);
  v128.store(to, add(v128.load(from, 96), g), 96);
  v128.store(to, add(v128.load(from, 112), h), 112);
}

function step(h: v128, e: v128, f: v128, g: v128, w: v128, k: v128): v128 {
  return add(add(add(h, bigSigma1(e)), add(choose(e, f, g), k)), w);
}

function add(x: v128, y: v128): v128 {
  return i32x4.add(x, y);
}

function rotated(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shr_u(x, bits), i32x4.shl(x, 32 - bits));
}

function xor3(x: v128, y: v128, z: v128): v128 {
  return v128.xor(v128.xor(x, y), z);
}

function bigSigma0(x: v128): v128 {
  return xor3(rotated(x, 2), rotated(x, 13), rotated(x, 22));
}

function bigSigma1(x: v128): v128 {
  return xor3(rotated(x, 6), rotated(x, 11), rotated(x, 25));
}

function smallSigma0(x: v128): v128 {
  return xor3(rotated(x, 7), rotated(x, 18), i32x4.shr_u(x, 3));
}

function smallSigma1(x: v128): v128 {
  return xor3(rotated(x, 17), rotated(x, 19), i32x4.shr_u(x, 10));
}

function choose(x: v128, y: v128, z: v128): v128 {
  return v128.bitselect(y, z, x);
}

/** Where x and y differ, z decides. */
function majority(x: v128, y: v128, z: v128): v128 {
  return v128.bitselect(z, x, v128.xor(x, y));
}
