export {
  type BundleStep,
  checkBundle,
  checkLotBundle,
  type Expectation,
  isSameText,
  type StepName,
  signedLeaf,
} from './bundle.ts';
export type { BatchRecord, BundleSignature, LotBundle, LotRecord, ProofBundle } from './bundle-format.ts';
export { BundleProblem, parseBundle, parseLotBundle } from './bundle-parser.ts';
export { equalBytes, fromHex, type Hex, toHex } from './bytes.ts';
export { addressHash, cooperativeKeyId } from './cooperative-key.ts';
export {
  recordTypedData,
  recoverSigner,
  type SignedRecord,
  type TypedRecord,
} from './cooperative-signature.ts';
export { gatewayKeyId, keyKinds, publicKeyHash } from './gateway-key.ts';
export { type LeafKind, leafKinds } from './kinds.ts';
export { cooperativeIdOf, encodedLeaf, type Leaf, leafHash } from './leaf.ts';
export { type MultiProof, rootFromMultiProof } from './multi-proof.ts';
export type { Endpoint, Pins, SucceededDeployment } from './observe.ts';
export { type AnchorReading, readAnchor } from './read-anchor.ts';
export type { ReadingProblem, Rpc } from './read-contract.ts';
export {
  allianceIssuer,
  type CooperativeReading,
  isKeyValidAt,
  type KeyReading,
  type RegistryKey,
  type RevocationReading,
  readCooperative,
  readKey,
  readRevocation,
} from './read-registry.ts';
export { type Json, recordDigest } from './record.ts';
export { isSerial, SERIAL_LENGTH, type Stamp, stampLeaf, stampWord } from './stamp.ts';
export { buildTree, proofLength, rootFromProof, type Tree } from './tree.ts';
export { type LeavesOf, openTop, type TopBuilder, topBuilder } from './tree-top.ts';
export { type Verdict, type Verified, verifyOnChain } from './verify.ts';
