import { BUNDLE_FORMAT, LOT_BUNDLE_FORMAT, type LotBundle, type ProofBundle } from './bundle-format.ts';
import { isSerial } from './stamp.ts';

/** Why a text is not a proof bundle that this code can check; the message names the field. */
export class BundleProblem extends Error {
  override readonly name = 'BundleProblem';
  readonly kind: 'other_version' | 'not_a_bundle';

  constructor(kind: BundleProblem['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

type Check = (value: unknown, path: string) => void;
type Fields = Readonly<Record<string, Check>>;

const LONGEST_TEXT = 500;
const LONGEST_PATH = 64;
const DEEPEST_SEASON = 16;

/**
 * Reads a bundle of version 1 from parsed JSON. Strict: a missing, unknown or ill-shaped field is refused, because
 * what is not understood is not checked, and must not be shown as if it were.
 */
export function parseBundle(value: unknown): ProofBundle {
  requireFormat(value, BUNDLE_FORMAT, 'nongtin-proof/');
  bundle(value, 'proof');
  return value as ProofBundle;
}

/** The same of a lot's bundle. */
export function parseLotBundle(value: unknown): LotBundle {
  requireFormat(value, LOT_BUNDLE_FORMAT, 'nongtin-lot-proof/');
  lotBundle(value, 'proof');
  return value as LotBundle;
}

function requireFormat(value: unknown, wanted: string, family: string): void {
  const format = isObject(value) ? value.format : undefined;
  if (typeof format !== 'string' || !format.startsWith(family) || format === wanted) return;
  throw new BundleProblem(
    'other_version',
    `This proof has the format ${format.slice(0, 40)}; this verifier reads ${wanted}.`,
  );
}

function refuse(path: string, wanted: string): never {
  throw new BundleProblem('not_a_bundle', `${path} is not ${wanted}.`);
}

function rule(wanted: string, holds: (value: unknown) => boolean): Check {
  return (value, path) => {
    if (!holds(value)) refuse(path, wanted);
  };
}

function object(required: Fields, optional: Fields = {}): Check {
  return (value, path) => {
    if (!isObject(value)) refuse(path, 'an object');
    for (const [name, check] of Object.entries(required)) check(ownField(value, name), `${path}.${name}`);
    for (const name of Object.keys(value)) {
      if (Object.hasOwn(required, name)) continue;
      if (!Object.hasOwn(optional, name))
        refuse(`${path}.${name.slice(0, 40)}`, `a field that this version has`);
      optional[name]?.(value[name], `${path}.${name}`);
    }
  };
}

function hexBytes(length: number): Check {
  const pattern = new RegExp(`^0x[0-9a-fA-F]{${2 * length}}$`);
  return rule(`${length} bytes of hex with 0x in front`, (value) => matches(value, pattern));
}

function orNull(check: Check): Check {
  return (value, path) => {
    if (value !== null) check(value, path);
  };
}

const text = rule(
  `a text of 1 to ${LONGEST_TEXT} characters`,
  (value) =>
    typeof value === 'string' && value.length > 0 && value.length <= LONGEST_TEXT && value.isWellFormed(),
);
const gtin14 = rule('14 digits', (value) => matches(value, /^[0-9]{14}$/));
const serial = rule('a serial of 20 characters', (value) => typeof value === 'string' && isSerial(value));
const batchNumber = rule(
  'a decimal number of 64 bits, as text',
  (value) => matches(value, /^(?:0|[1-9][0-9]{0,19})$/) && BigInt(value as string) < 2n ** 64n,
);
const count = rule('a positive integer', (value) => Number.isSafeInteger(value) && Number(value) > 0);
const natural = rule(
  'an integer, zero or more',
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
);
const stampCount = rule(
  'an integer from 1 to 4294967296',
  (value) => Number.isInteger(value) && Number(value) > 0 && Number(value) <= 2 ** 32,
);
const amount = rule('a number, zero or more', (value) => Number.isFinite(value) && Number(value) >= 0);
const hash = hexBytes(32);
const address = hexBytes(20);

const path: Check = (value, at) => {
  if (!Array.isArray(value) || value.length > LONGEST_PATH)
    refuse(at, `a list of at most ${LONGEST_PATH} hashes`);
  for (const [index, sibling] of value.entries()) hash(sibling, `${at}[${index}]`);
};

const season = rule(
  `a JSON object of at most ${DEEPEST_SEASON} levels`,
  (value) => isObject(value) && isJson(value, DEEPEST_SEASON),
);

const literal = (wanted: string) => rule(`"${wanted}"`, (value) => value === wanted);

const lot = object({
  kind: literal('lot'),
  cooperativeId: hash,
  lotNumber: text,
  gtin14,
  productName: text,
  plot: object({ id: text, name: text }, { plantingAreaCode: text }),
  harvestedAtMs: natural,
  quantityKg: amount,
  season,
});

const anchor = object({
  root: hash,
  treeSize: count,
  chainId: count,
  contract: address,
  transactionHash: orNull(hash),
  blockNumber: orNull(natural),
});

const signature = object({ address, signature: hexBytes(65) });

const lotBundle = object(
  { format: literal(LOT_BUNDLE_FORMAT), lot, lotSalt: hash, lotPath: path, anchor },
  { signature },
);

const bundleFields: Fields = {
  format: literal(BUNDLE_FORMAT),
  stamp: object({ gtin14, serial, batchNumber, index: natural }),
  stampSalt: hash,
  stampPath: path,
  batch: object(
    {
      kind: literal('stamp_batch'),
      cooperativeId: hash,
      batchNumber,
      gtin14,
      lotNumber: text,
      lotDigest: hash,
      stampCount,
      stampRoot: hash,
      issuedAtMs: natural,
    },
    { netWeightGrams: amount, plantingAreaCode: text },
  ),
  batchSalt: hash,
  batchPath: path,
  lot,
  anchor,
};

const bundle = object(bundleFields, { signature });

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Never a field that the value only inherits: `constructor` is not one of ours. */
function ownField(value: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function isJson(value: unknown, levels: number): boolean {
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'number') return Number.isFinite(value);
  if (levels === 0 || typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.every((item) => isJson(item, levels - 1));
  return Object.entries(value).every(([name, item]) => name.isWellFormed() && isJson(item, levels - 1));
}
