import { id, keccak256, ZeroAddress, ZeroHash } from 'ethers';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN, ALLIANCE_ISSUER, Model, Refusal } from './model.suite.ts';
import { openStage, type Stage } from './stage.suite.ts';

/** NONGTIN_CONTRACT_RUNS: as many sequences as somebody has time for, each of another seed; two take a second. */
const RUNS = Number(process.env.NONGTIN_CONTRACT_RUNS ?? 4);
const STEPS = 70;

const people = ['alliance', 'an', 'binh', 'cloud', 'guard', 'new', 'thief'] as const;
const cooperatives = ['a', 'b', 'c'].map((name) => id(`htx-${name}`));
const keys = ['1', '2', '3', '4'].map((name) => id(`key ${name}`));
const leaves = [id('leaf 1'), id('leaf 2')];
const roots = [id('root 1'), id('root 2'), id('root 3')];
/** Where ranges begin and end: on both sides of a word's border, and too far apart. */
const indices = [0, 1, 255, 256, 300, 511, 70_000];

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.stop());

interface Step {
  readonly person: string;
  readonly contract: 'anchors' | 'cooperatives';
  readonly name: string;
  readonly args: readonly unknown[];
  readonly wait: number;
  /** Seconds from now, for the times that keys end at. */
  readonly after?: number;
}

const addressOf = (person: string) => stage.addressOf(person).toLowerCase();
const hashOf = (address: string) => keccak256(address);

const person = fc.constantFrom(...people);
const issuer = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...cooperatives) },
  fc.constant(ALLIANCE_ISSUER),
);
/** The first one mostly, so that much happens to one and the same. */
const cooperative = fc.oneof(
  { weight: 12, arbitrary: fc.constant(cooperatives[0]) },
  { weight: 3, arbitrary: fc.constantFrom(...cooperatives) },
  fc.constantFrom(ZeroHash, ALLIANCE_ISSUER),
);
const orZero = (values: readonly string[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...values) }, fc.constant(ZeroHash));
const account = person.map((name) => `person:${name}`);
const someone = fc.oneof({ weight: 9, arbitrary: account }, fc.constant(ZeroAddress));
const keyHash = fc.oneof(
  { weight: 4, arbitrary: fc.constant('hash:new') },
  person.map((name) => `hash:${name}`),
);
const key = fc.constantFrom(...keys);
const kind = fc.constantFrom(1, 2);
const roles = [id('ANCHORER_ROLE'), id('GUARDIAN_ROLE'), id('ALLIANCE_ROLE'), ADMIN];
const role = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...roles.slice(0, 3)) },
  fc.constantFrom(...roles),
);
const index = fc.constantFrom(...indices);
const overlap = fc.constantFrom(0, 50, 5_000);

/** Who has the right more often than the others, else little ever happens. */
const step = (
  contract: 'anchors' | 'cooperatives',
  name: string,
  likely: readonly string[],
  ...args: fc.Arbitrary<unknown>[]
): fc.Arbitrary<Step> =>
  fc.record({
    person: fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...likely) }, person),
    contract: fc.constant(contract),
    name: fc.constant(name),
    args: fc.tuple(...args),
    wait: fc.integer({ min: 1, max: 500 }),
    after: fc.integer({ min: -600, max: 900 }),
  });

const admins = ['alliance', 'alliance', 'an'];
const stepsOfKeys = fc.oneof(
  step('cooperatives', 'admit', ['alliance'], cooperative, fc.constant('HTX'), someone),
  step('cooperatives', 'suspend', ['alliance'], cooperative),
  step('cooperatives', 'reinstate', ['alliance'], cooperative),
  step('cooperatives', 'setKey', admins, cooperative, key, kind, keyHash),
  step('cooperatives', 'proposeKey', admins, cooperative, key, kind, keyHash, orZero(keys), overlap),
  step('cooperatives', 'acceptKey', ['new'], cooperative, key),
  step('cooperatives', 'retireKey', admins, cooperative, key),
  step('cooperatives', 'revokeKey', admins, cooperative, key),
  step('cooperatives', 'proposeAdmin', admins, cooperative, someone),
  step('cooperatives', 'acceptAdmin', ['an', 'binh'], cooperative),
);
/** Whoever it is handed to is `an` mostly, who then has it, gives roles, and may hand it on. */
const heirs = fc.oneof({ weight: 4, arbitrary: fc.constant('person:an') }, someone);
const stepsOfAdministrators = fc.oneof(
  ...(['anchors', 'cooperatives'] as const).flatMap((contract) => [
    step(contract, 'beginDefaultAdminTransfer', ['alliance', 'an'], heirs),
    step(contract, 'acceptDefaultAdminTransfer', ['an', 'an', 'binh']),
    step(contract, 'renounceRole', [...people], role, account),
  ]),
  step('anchors', 'cancelDefaultAdminTransfer', ['alliance', 'an']),
);
const anyStep = fc.oneof(
  { weight: 12, arbitrary: stepsOfKeys },
  { weight: 3, arbitrary: stepsOfAdministrators },
  step('anchors', 'anchor', ['cloud'], orZero(roots), fc.constantFrom(0, 1, 2n ** 64n - 1n)),
  step('anchors', 'revoke', admins, issuer, orZero(leaves)),
  step('anchors', 'revokeRange', admins, issuer, orZero(leaves), index, index),
  step('anchors', 'suspendAnchorer', ['guard'], account),
  step('anchors', 'grantRole', ['alliance'], role, account),
  step('anchors', 'revokeRole', ['alliance'], role, account),
  step('cooperatives', 'grantRole', ['alliance'], role, account),
);

/** People's names become addresses, and times count from the step's own. */
function argsOf({ args, name, after = 0 }: Step, time: bigint): unknown[] {
  const filled = args.map((arg) => {
    if (typeof arg !== 'string') return arg;
    if (arg.startsWith('person:')) return addressOf(arg.slice(7));
    return arg.startsWith('hash:') ? hashOf(addressOf(arg.slice(5))) : arg;
  });
  return name === 'retireKey' || name === 'revokeKey' ? [...filled, time + BigInt(after)] : filled;
}

/** Where every sequence begins: two cooperatives, an anchorer and a guardian. */
const opening: Step[] = [
  ...['an', 'binh'].map((admin, n) => ({
    ...({ person: 'alliance', contract: 'cooperatives', name: 'admit', wait: 1 } as const),
    args: [cooperatives[n], 'HTX', `person:${admin}`],
  })),
  {
    ...{ person: 'an', contract: 'cooperatives', name: 'setKey', wait: 1 },
    args: [cooperatives[0], keys[0], 2, 'hash:an'],
  },
  ...[
    ['ANCHORER_ROLE', 'cloud'],
    ['GUARDIAN_ROLE', 'guard'],
  ].map(([name = '', who]) => ({
    ...({ person: 'alliance', contract: 'anchors', name: 'grantRole', wait: 1 } as const),
    args: [id(name), `person:${who}`],
  })),
];

test('whatever all roles do in whatever order, the contracts are where the model is, and refuse what it refuses', async () => {
  const seen = { done: 0, refused: new Map<string, number>() };
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: STEPS / 2, maxLength: STEPS }), async (steps) => {
      const clean = await stage.chain.rpc('evm_snapshot');
      try {
        await play([...opening, ...steps], seen);
      } finally {
        await stage.chain.rpc('evm_revert', [clean]);
      }
    }),
    { numRuns: RUNS, ...(process.env.NONGTIN_CONTRACT_RUNS === undefined ? { seed: 7 } : {}) },
  );
  const refusals = [...seen.refused].map(([error, count]) => `${error} ${count}`).join(', ');
  process.stdout.write(`${seen.done} steps done; refused: ${refusals}\n`);
  // Thousands of questions to anvil: on a busy machine they take their time.
}, 3_600_000);

async function play(steps: readonly Step[], seen: { done: number; refused: Map<string, number> }) {
  const model = new Model(addressOf('alliance'), hashOf);
  const head = (await stage.chain.rpc('eth_getBlockByNumber', ['latest', false])) as { timestamp: string };
  let time = BigInt(head.timestamp);
  const invalid: { cooperativeId: string; keyId: string; time: bigint }[] = [];
  for (const step of steps) {
    time += BigInt(step.wait);
    const args = argsOf(step, time);
    const expected = refusalBy(model, step, args, time);
    const outcome = await stage.tryAt(time, step.person, step.contract, step.name, ...args);
    const told = JSON.stringify([step.person, step.name, args], (_, value) => `${value}`);
    expect(outcome.ok ? 'done' : outcome.error, told).toBe(expected?.error ?? 'done');
    if (!outcome.ok) {
      for (const value of expected?.values ?? []) expect(outcome.args, told).toContainEqual(value);
      seen.refused.set(outcome.error, (seen.refused.get(outcome.error) ?? 0) + 1);
      continue;
    }
    await stage.chain.rpc('evm_setNextBlockTimestamp', [Number(time)]);
    const done = await stage.send(step.person, step.contract, step.name, ...args);
    expect(done.time).toBe(time);
    seen.done += 1;
    // Sampled, because each is asked again at the end.
    if (seen.done % 8 === 0) invalid.push(...(await invalidKeys(model, time)));
  }
  await expectSame(model);
  for (const { cooperativeId, keyId, time: when } of invalid)
    expect(await stage.read('cooperatives', 'isKeyValidAt', cooperativeId, keyId, when), 'came alive').toBe(
      false,
    );
}

function refusalBy(model: Model, step: Step, args: unknown[], time: bigint): Refusal | undefined {
  try {
    model.act(step.contract, { sender: addressOf(step.person), name: step.name, args, time });
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** What does not count at this moment must never count later, whatever is done to the keys. */
async function invalidKeys(model: Model, time: bigint) {
  const found: { cooperativeId: string; keyId: string; time: bigint }[] = [];
  for (const cooperativeId of model.cooperatives.keys())
    for (const keyId of keys)
      if (!(await stage.read('cooperatives', 'isKeyValidAt', cooperativeId, keyId, time)))
        found.push({ cooperativeId, keyId, time });
  return found;
}

async function expectSame(model: Model): Promise<void> {
  for (const cooperativeId of cooperatives) {
    const expected = model.cooperatives.get(cooperativeId);
    const found = (await stage.read('cooperatives', 'cooperativeOf', cooperativeId)) as unknown[];
    expect([String(found[0]).toLowerCase(), found[1], found[2]]).toEqual([
      expected?.admin ?? ZeroAddress,
      expected?.standing ?? 0n,
      expected?.admittedAt ?? 0n,
    ]);
    const [proposal, admin] = (await stage.read('cooperatives', 'proposalsOf', cooperativeId)) as [
      { keyId: string; replacedKeyId: string; overlapSeconds: bigint },
      string,
    ];
    expect([proposal.keyId, proposal.replacedKeyId, proposal.overlapSeconds, admin.toLowerCase()]).toEqual([
      expected?.proposal?.keyId ?? ZeroHash,
      expected?.proposal?.replaced ?? ZeroHash,
      expected?.proposal?.overlap ?? 0n,
      expected?.proposedAdmin ?? ZeroAddress,
    ]);
    for (const keyId of keys) {
      const key = expected?.keys.get(keyId);
      const none = [0n, 0n, 0n, ZeroHash, 0n];
      const same = key === undefined ? none : Object.values(key);
      expect(await stage.read('cooperatives', 'keyOf', cooperativeId, keyId)).toEqual(same);
    }
    for (const name of people) {
      const may = await stage.read('cooperatives', 'mayActFor', cooperativeId, addressOf(name));
      expect(may).toBe(model.mayActFor(cooperativeId, addressOf(name)));
    }
  }
  await expectSameRoles(model);
  for (const root of roots) {
    const [time, size] = (await stage.read('anchors', 'anchorOf', root)) as bigint[];
    const anchor = model.anchors.get(root);
    expect([time, size]).toEqual([anchor?.time ?? 0n, anchor?.size ?? 0n]);
  }
  for (const issuer of [...cooperatives, ALLIANCE_ISSUER])
    for (const leaf of leaves) {
      const time = model.revoked.get(`${issuer} ${leaf}`) ?? 0n;
      expect(await stage.read('anchors', 'revokedAt', issuer, leaf)).toBe(time);
      for (const word of [0, 1, 2]) await expectSameStamps(model, issuer, leaf, word);
    }
}

async function expectSameRoles(model: Model): Promise<void> {
  for (const contract of ['anchors', 'cooperatives'] as const) {
    for (const name of people)
      for (const one of roles) {
        const has = await stage.read(contract, 'hasRole', one, addressOf(name));
        expect(has, `${contract} ${one} ${name}`).toBe(
          model.roles.has(`${contract} ${one} ${addressOf(name)}`),
        );
      }
    const admin = String(await stage.read(contract, 'defaultAdmin')).toLowerCase();
    expect(admin).toBe(model.adminOf(contract));
    const [to, schedule] = (await stage.read(contract, 'pendingDefaultAdmin')) as [string, bigint];
    const handover = model.handovers.get(contract);
    expect([to.toLowerCase(), schedule]).toEqual([handover?.to ?? ZeroAddress, handover?.schedule ?? 0n]);
  }
}

async function expectSameStamps(model: Model, issuer: string, leaf: string, word: number): Promise<void> {
  let bitmap = 0n;
  for (let bit = 0; bit < 256; bit++)
    if (model.stamps.has(`${issuer} ${leaf} ${256 * word + bit}`)) bitmap |= 1n << BigInt(bit);
  expect(await stage.read('anchors', 'revokedStamps', issuer, leaf, word)).toBe(bitmap);
}
