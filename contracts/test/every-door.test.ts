import { type FunctionFragment, Interface, id, keccak256, ZeroAddress, ZeroHash } from 'ethers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readArtifact } from '../artifacts.ts';
import { openStage, type Stage } from './stage.suite.ts';

const artifacts = {
  anchors: readArtifact('AnchorRegistry'),
  cooperatives: readArtifact('CooperativeRegistry'),
} as const;
type ContractName = keyof typeof artifacts;
const names = ['anchors', 'cooperatives'] as const;
const fragments = (contract: ContractName) => new Interface(artifacts[contract].abi).fragments;

const [known, suspended, unknown] = [id('htx-known'), id('htx-suspended'), id('htx-unknown')];
const [keyId, leaf, root, role] = [id('key'), id('leaf'), id('root'), id('ANCHORER_ROLE')];
const record = { cooperativeId: known, kind: 1, salt: id('salt'), digest: id('digest') };
const FAR = 2n ** 48n;

let stage: Stage;
let clean: unknown;
let thief: string;

beforeAll(async () => {
  stage = await openStage();
  thief = stage.addressOf('thief');
  const an = stage.addressOf('an');
  for (const one of [known, suspended]) await stage.send('alliance', 'cooperatives', 'admit', one, 'HTX', an);
  await stage.send('alliance', 'cooperatives', 'suspend', suspended);
  await stage.send('an', 'cooperatives', 'setKey', known, keyId, 2, id('public key'));
  await stage.send('alliance', 'anchors', 'grantRole', role, stage.addressOf('cloud'));
  await stage.send('alliance', 'anchors', 'grantRole', id('GUARDIAN_ROLE'), stage.addressOf('guard'));
  await stage.send('cloud', 'anchors', 'anchor', root, 1);
  for (const contract of names)
    await stage.send('alliance', contract, 'beginDefaultAdminTransfer', stage.addressOf('heir'));
});
beforeEach(async () => {
  if (clean !== undefined) await stage.chain.rpc('evm_revert', [clean]);
  clean = await stage.chain.rpc('evm_snapshot');
});
afterAll(() => stage.stop());

type Call = readonly [person: string, name: string, ...args: unknown[]];

/** One call that is refused with each error, and who sends it. Times in seconds; `at`: of a block of that time. */
const common: Readonly<Record<string, { call: Call; at?: bigint }>> = {
  AccessControlUnauthorizedAccount: { call: ['thief', 'grantRole', role, ZeroAddress] },
  AccessControlBadConfirmation: { call: ['thief', 'renounceRole', role, ZeroAddress] },
  AccessControlEnforcedDefaultAdminRules: { call: ['alliance', 'grantRole', ZeroHash, ZeroAddress] },
  AccessControlInvalidDefaultAdmin: { call: ['thief', 'acceptDefaultAdminTransfer'] },
  AccessControlEnforcedDefaultAdminDelay: { call: ['heir', 'acceptDefaultAdminTransfer'] },
  SafeCastOverflowedUintDowncast: { call: ['alliance', 'beginDefaultAdminTransfer', ZeroAddress], at: FAR },
};
const refusals: Readonly<Record<ContractName, Readonly<Record<string, { call: Call; at?: bigint }>>>> = {
  anchors: {
    ...common,
    ZeroRoot: { call: ['cloud', 'anchor', ZeroHash, 1] },
    ZeroTreeSize: { call: ['cloud', 'anchor', id('new'), 0] },
    AlreadyAnchored: { call: ['cloud', 'anchor', root, 1] },
    ZeroLeaf: { call: ['an', 'revoke', known, ZeroHash] },
    NotIssuer: { call: ['an', 'revoke', suspended, leaf] },
    EmptyRange: { call: ['an', 'revokeRange', known, leaf, 2, 1] },
    RangeTooLong: { call: ['an', 'revokeRange', known, leaf, 0, 65_536] },
    NotAStampBatch: { call: ['thief', 'verifyStamp', root, record, [], 0] },
  },
  cooperatives: {
    ...common,
    ZeroCooperativeId: { call: ['alliance', 'admit', ZeroHash, 'HTX', '0x'.padEnd(42, '1')] },
    ReservedCooperativeId: {
      call: ['alliance', 'admit', id('nongtin.issuer/alliance'), 'HTX', '0x'.padEnd(42, '1')],
    },
    NoAdmin: { call: ['alliance', 'admit', unknown, 'HTX', ZeroAddress] },
    WrongStanding: { call: ['alliance', 'reinstate', known] },
    NotInCharge: { call: ['an', 'setKey', suspended, keyId, 2, leaf] },
    KeyAlreadySet: { call: ['an', 'setKey', known, keyId, 2, leaf] },
    UnknownKey: { call: ['an', 'revokeKey', known, leaf, 1] },
    WrongRevocationTime: { call: ['an', 'revokeKey', known, keyId, 1] },
    WrongEnd: { call: ['an', 'retireKey', known, keyId, 1] },
    NotProposed: { call: ['thief', 'acceptAdmin', known] },
  },
};

/** Brought about by building alone: administration.test.ts. */
const OF_CONSTRUCTORS = ['NoRegistry'];

test.each(names)(
  'each refusal that the interface of %s names is met, and nothing else is named',
  async (contract) => {
    for (const [error, { call, at }] of Object.entries(refusals[contract])) {
      const [person, name, ...args] = call;
      const outcome =
        at === undefined
          ? await stage.call(person, contract, name, ...args)
          : await stage.tryAt(at, person, contract, name, ...args);
      expect(outcome.ok ? 'done' : outcome.error, `${person} ${name}`).toBe(error);
    }
    const named = fragments(contract).flatMap((one) => (one.type === 'error' ? [nameOf(one)] : []));
    const met = [...Object.keys(refusals[contract]), ...(contract === 'anchors' ? OF_CONSTRUCTORS : [])];
    expect(met.toSorted()).toEqual(named.toSorted());
  },
);

/** What a stranger might say, of the right shape for each parameter. */
function anyArgument({ type, name }: { type: string; name: string }): unknown {
  if (type === 'bytes32') return name === 'role' ? role : name === 'keyId' ? keyId : known;
  if (type === 'address') return thief;
  if (type === 'string') return 'HTX';
  if (type === 'bytes4') return '0x01ffc9a7';
  if (type.endsWith('[]')) return [];
  if (type.startsWith('tuple')) return { ...record, kind: 2 };
  return 1;
}

const functions = (contract: ContractName) =>
  fragments(contract).filter((one) => one.type === 'function') as FunctionFragment[];

test.each(names)(
  'each function of %s that writes refuses a stranger, whatever is asked of it',
  async (contract) => {
    const access = /^(AccessControl|NotInCharge|NotIssuer|NotProposed)/;
    const writing = functions(contract).filter(({ stateMutability }) => !isView(stateMutability));
    expect(writing.length).toBeGreaterThan(10);
    for (const { name, inputs } of writing) {
      const args = inputs.map(anyArgument);
      const outcome = await stage.call('thief', contract, name, ...args);
      // Giving up what one has not got is allowed, and is nothing.
      if (name === 'renounceRole') {
        expect((await stage.send('thief', contract, name, ...args)).told).toEqual([]);
        continue;
      }
      expect(outcome.ok ? 'done' : outcome.error, name).toMatch(access);
    }
  },
);

test.each(names)(
  'each view of %s answers a stranger; nothing takes money or has a back door',
  async (contract) => {
    for (const { name, inputs, stateMutability, payable } of functions(contract)) {
      expect(payable, name).toBe(false);
      if (isView(stateMutability)) {
        const outcome = await stage.call('thief', contract, name, ...inputs.map(anyArgument));
        expect(outcome.ok, name).toBe(true);
      }
    }
    const { fallback, receive, deploy } = new Interface(artifacts[contract].abi);
    expect([fallback, receive, deploy.payable]).toEqual([null, false, false]);
  },
);

test.each(names)('each function of %s that writes does so for who may', async (contract) => {
  const [an, heir, wallet] = ['an', 'heir', 'wallet'].map((name) => stage.addressOf(name));
  const administration: Call[] = [
    ['alliance', 'grantRole', role, an],
    ['alliance', 'revokeRole', role, an],
    ['alliance', 'grantRole', role, an],
    ['an', 'renounceRole', role, an],
    ['alliance', 'changeDefaultAdminDelay', 100],
    ['alliance', 'rollbackDefaultAdminDelay'],
    ['alliance', 'cancelDefaultAdminTransfer'],
    ['alliance', 'beginDefaultAdminTransfer', heir],
    ['heir', 'acceptDefaultAdminTransfer'],
  ];
  const own: Readonly<Record<ContractName, Call[]>> = {
    anchors: [
      ['cloud', 'anchor', id('new'), 2n ** 64n - 1n],
      ['an', 'revoke', known, leaf],
      ['alliance', 'revokeRange', id('nongtin.issuer/alliance'), leaf, 2n ** 32n - 65_536n, 2n ** 32n - 1n],
      ['guard', 'suspendAnchorer', stage.addressOf('cloud')],
    ],
    cooperatives: [
      ['alliance', 'admit', unknown, 'HTX', an],
      ['alliance', 'suspend', unknown],
      ['alliance', 'reinstate', unknown],
      ['an', 'setKey', unknown, keyId, 2, leaf],
      ['an', 'proposeKey', known, leaf, 2, keccak256(wallet ?? ''), keyId, 60],
      ['wallet', 'acceptKey', known, leaf],
      ['an', 'retireKey', unknown, keyId, FAR],
      ['an', 'revokeKey', known, leaf],
      ['an', 'proposeAdmin', known, wallet],
      ['wallet', 'acceptAdmin', known],
    ],
  };
  const calls = [...own[contract], ...administration];
  for (const [person, name, ...args] of calls) {
    if (name === 'acceptDefaultAdminTransfer') await stage.pass(61);
    // From the key's first moment on, which is known once it has accepted.
    const time = name === 'revokeKey' ? [await newestTime()] : [];
    const { told } = await stage.send(person, contract, name, ...args, ...time);
    expect(told.length, name).toBeGreaterThan(0);
  }
  const writing = functions(contract).filter(({ stateMutability }) => !isView(stateMutability));
  const names = new Set(calls.map(([, name]) => name));
  expect([...names].toSorted()).toEqual(writing.map(({ name }) => name).toSorted());
});

async function newestTime(): Promise<bigint> {
  const block = (await stage.chain.rpc('eth_getBlockByNumber', ['latest', false])) as { timestamp: string };
  return BigInt(block.timestamp);
}

function isView(mutability: string): boolean {
  return mutability === 'view' || mutability === 'pure';
}

function nameOf(fragment: object): string {
  return (fragment as { name: string }).name;
}
