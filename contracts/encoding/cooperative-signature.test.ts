import { Signature, TypedDataEncoder, verifyTypedData, Wallet } from 'ethers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Hex, toHex } from './bytes.ts';
import { recordTypedData, recoverSigner, type SignedRecord } from './cooperative-signature.ts';
import { type LeafKind, leafKinds } from './kinds.ts';

/** The curve's order (SEC 2, secp256k1). */
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(toHex);
const someRecord: fc.Arbitrary<SignedRecord> = fc.record({
  cooperativeId: bytes(32),
  kind: fc.constantFrom(...(Object.keys(leafKinds) as LeafKind[])),
  digest: bytes(32),
});
const someKey = fc
  .bigInt({ min: 1n, max: N - 1n })
  .map((key) => new Wallet(`0x${key.toString(16).padStart(64, '0')}`));

/** As a wallet does it: by the typed data that we hand out. */
function sign(wallet: Wallet, record: SignedRecord): Promise<string> {
  const { domain, types, message } = recordTypedData(record);
  return wallet.signTypedData(domain, { Record: [...types.Record] }, message);
}

const record: SignedRecord = {
  cooperativeId: `0x${'11'.repeat(32)}`,
  kind: 'stamp_batch',
  digest: `0x${'22'.repeat(32)}`,
};
const wallet = new Wallet(`0x${'46'.repeat(32)}`);

describe('a signature of a cooperative', () => {
  it('is the same for ever: typed data, hash and signature of a record', async () => {
    const { domain, types, message } = recordTypedData(record);
    expect(TypedDataEncoder.hash(domain, { Record: [...types.Record] }, message)).toMatchInlineSnapshot(
      `"0xb41894a003d869bf788feb45450a66eafe8a52d4912978f26a857970357227ef"`,
    );
    const signature = await sign(wallet, record);
    expect(signature).toMatchInlineSnapshot(
      `"0xe0a0f0b2fb23dfbc0becbb6c4bd4166b524a0e0f26da703ffc3902bc67690c8a7bd31266a33a53d935b042696ab14cf1666d18fabcf30407e3bc669ff4d4c37d1c"`,
    );
    expect(recoverSigner(record, signature)).toBe('0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f');
  });

  it('made by any wallet gives its address, the one that ethers recovers', () =>
    fc.assert(
      fc.asyncProperty(someKey, someRecord, async (one, what) => {
        const signature = await sign(one, what);
        const { domain, types, message } = recordTypedData(what);
        const theirs = verifyTypedData(domain, { Record: [...types.Record] }, message, signature);
        expect(recoverSigner(what, signature)).toBe(theirs.toLowerCase());
      }),
      { numRuns: 60 },
    ));

  it('of bytes that are not signed gives nobody, or who ethers says, and never throws', () =>
    fc.assert(
      fc.property(bytes(64), fc.integer({ min: 0, max: 255 }), someRecord, (rs, v, what) => {
        const signature = `${rs}${v.toString(16).padStart(2, '0')}` as Hex;
        const { domain, types, message } = recordTypedData(what);
        const theirs = () => verifyTypedData(domain, { Record: [...types.Record] }, message, signature);
        const ours = recoverSigner(what, signature);
        if (ours !== undefined) expect(ours).toBe(theirs().toLowerCase());
        if (v !== 27 && v !== 28) expect(ours).toBeUndefined();
      }),
      { numRuns: 60 },
    ));

  it('belongs to its record: another kind, cooperative or digest gives another signer', async () => {
    const signature = await sign(wallet, record);
    const signer = recoverSigner(record, signature);
    const others: Partial<SignedRecord>[] = [
      { kind: 'lot' },
      { cooperativeId: `0x${'12'.repeat(32)}` },
      { digest: `0x${'23'.repeat(32)}` },
    ];
    for (const other of others) expect(recoverSigner({ ...record, ...other }, signature)).not.toBe(signer);
  });

  it('has one form: the twin with s in the upper half, another v and other lengths give nobody', async () => {
    const signature = await sign(wallet, record);
    const { r, s, v } = Signature.from(signature);
    const twin = r + (N - BigInt(s)).toString(16).padStart(64, '0') + (v === 27 ? '1c' : '1b');
    const bad = [
      twin,
      signature.slice(0, -2),
      `${signature}00`,
      `${signature.slice(0, -2)}00`,
      signature.slice(2),
    ];
    for (const text of [...bad, '', '0x', `0x${'00'.repeat(64)}1b`, `0x${'ff'.repeat(64)}1b`]) {
      expect(recoverSigner(record, text)).toBeUndefined();
    }
    expect(recoverSigner(record, `0x${signature.slice(2).toUpperCase()}`)).toBe(wallet.address.toLowerCase());
  });
});
