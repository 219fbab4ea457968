import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StartProblem } from '@nongtin/service';
import { FunctionFragment, Interface, type ParamType, ZeroAddress } from 'ethers';
import { CONTRACTS, type ContractName, readArtifact } from '../../artifacts.ts';
import {
  addressHash,
  allianceIssuer,
  cooperativeIdOf,
  cooperativeKeyId,
  type Hex,
  keyKinds,
  toHex,
} from '../../encoding/index.ts';
import { addressOf, numberOf, placeOf, placeOptions, type RpcPlace, weiOf } from './arguments.ts';
import { roleId, rolesOf } from './roles.ts';

export interface CallArguments extends RpcPlace {
  readonly name: 'call';
  readonly contract: ContractName;
  /** What is to be called, as the wallet of several people wants to see it: name, and each argument by its name. */
  readonly functionName: string;
  readonly told: readonly string[];
  /** ABI-encoded call. */
  readonly data: string;
  /** Undefined: the call is printed for a wallet, not sent. */
  readonly keystore?: string;
  /** Who would send it, when no keystore says so. */
  readonly from?: string;
  /** wei */
  readonly maxFeePerGas?: bigint;
  readonly maxPriorityFeePerGas?: bigint;
  readonly waitMs: number;
  readonly isSure: boolean;
}

const CALL_USAGE = `Usage: npm run nongtin -- chain call FUNCTION ARGUMENT… --rpc URL [--keystore FILE | --from ADDRESS] [--max-fee-gwei N]
                                [--tip-gwei N] [--wait-minutes N] [--out DIR] [--yes]
  Calls a function of the deployed contracts: what officers of the alliance and cooperatives do by hand, say
    chain call admit htx-ham-minh 'HTX Hàm Minh' 0xADMINISTRATOR --rpc URL --keystore alliance.json
    chain call suspendAnchorer 0xANCHORER --rpc URL --keystore guardian.json
    chain call AnchorRegistry.grantRole ANCHORER_ROLE 0xANCHORER --rpc URL
  --keystore  whoever calls, and pays. Without it the call is printed, for a wallet to send (of several people, say);
              --from ADDRESS then tries it as that wallet
  A cooperative, or an issuer, is its short name or 0x and 64 digits; the alliance as issuer is "alliance"; a time is
  2026-11-24T08:00:00Z or seconds since 1970; a role is its name. A signing key's kind is "cooperative", and where its keyId or
  publicKeyHash is asked for, its address will do. proposeAdmin with the address zero takes a proposal back.
Functions:
`;

const options = {
  ...placeOptions,
  keystore: { type: 'string' },
  from: { type: 'string' },
  'max-fee-gwei': { type: 'string' },
  'tip-gwei': { type: 'string' },
  'wait-minutes': { type: 'string', default: '10' },
  yes: { type: 'boolean', default: false },
} as const;

/** From what was typed after `call`; `from` is the folder in which the person stands. Throws a StartProblem that says what is wrong. */
export function readCallArguments(args: readonly string[], from: string): CallArguments {
  try {
    const { values: given, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [asked, ...texts] = positionals;
    const { contract, fragment } = functionOf(asked);
    const { inputs } = fragment;
    if (texts.length !== inputs.length)
      throw new Error(
        `${texts.length} arguments were given; ${signatureOf(fragment)} takes ${inputs.length}`,
      );
    const values = inputs.map((input, index) =>
      argumentOf(input, texts[index] ?? '', { contract, fragment }),
    );
    return {
      name: 'call',
      ...placeOf(given, from),
      contract,
      functionName: fragment.name,
      told: inputs.map(({ name }, index) => toldOf(name, `${values[index]}`, texts[index] ?? '')),
      data: interfaceOf(contract).encodeFunctionData(fragment, values),
      ...(given.keystore === undefined ? {} : { keystore: resolve(from, given.keystore) }),
      ...(given.from === undefined ? {} : { from: addressOf('--from', given.from) }),
      ...weiOf('maxFeePerGas', '--max-fee-gwei', given['max-fee-gwei']),
      ...weiOf('maxPriorityFeePerGas', '--tip-gwei', given['tip-gwei']),
      waitMs: numberOf('--wait-minutes', given['wait-minutes'], 1_440) * 60_000,
      isSure: given.yes,
    };
  } catch (error) {
    const { message } = error as Error;
    // Whoever named a function knows the rest.
    const isLost = /^(the name of a function is missing|there is no)/.test(message);
    throw new StartProblem(isLost ? `${message}\n${callUsage()}` : `${message}.`);
  }
}

export function interfaceOf(contract: ContractName): Interface {
  return new Interface(readArtifact(contract).abi);
}

/** What changes something, of both contracts. */
function changing() {
  return CONTRACTS.flatMap((contract) =>
    readFunctions(contract).map((fragment) => ({ contract, fragment, name: fragment.name })),
  );
}

function readFunctions(contract: ContractName): FunctionFragment[] {
  const { fragments } = interfaceOf(contract);
  return fragments
    .filter((fragment): fragment is FunctionFragment => fragment instanceof FunctionFragment)
    .filter(({ constant }) => !constant);
}

/** With every function that there is. */
export function callUsage(): string {
  const all = changing();
  const isOfBoth = (name: string) => all.filter((one) => one.name === name).length > 1;
  const lines = all.map(({ contract, name, fragment }) => {
    return `  ${isOfBoth(name) ? `${contract}.` : ''}${signatureOf(fragment)}`;
  });
  return `${CALL_USAGE}${lines.join('\n')}`;
}

function signatureOf({ name, inputs }: FunctionFragment): string {
  return [name, ...inputs.map((input) => input.name)].join(' ');
}

function functionOf(asked: string | undefined) {
  if (asked === undefined) throw new Error('the name of a function is missing');
  const found = changing().filter(({ contract, name }) => asked === name || asked === `${contract}.${name}`);
  const [only] = found;
  if (only === undefined) throw new Error(`there is no function ${asked}`);
  if (found.length === 1) return only;
  throw new Error(
    `both contracts have a ${asked}: say ${found.map((one) => `${one.contract}.${asked}`).join(' or ')}`,
  );
}

/** What is sent, and beside it what was typed where that reads otherwise. */
function toldOf(name: string, value: string, text: string): string {
  return `${name}: ${value}${value.toLowerCase() === text.toLowerCase() ? '' : ` (${text})`}`;
}

interface Asked {
  readonly contract: ContractName;
  readonly fragment: FunctionFragment;
}

function argumentOf({ name, type }: ParamType, text: string, asked: Asked): string | bigint {
  // The contract takes zero for "nobody any more"; everywhere else it is a slip.
  if (asked.fragment.name === 'proposeAdmin' && text === ZeroAddress) return text;
  if (type === 'address') return addressOf(name, text);
  if (type === 'string') return text;
  if (type === 'bytes32') return bytes32Of(name, text, asked.contract);
  if (name === 'revokedFrom' || name === 'validUntil') return secondsOf(name, text);
  if (name === 'kind' && Object.hasOwn(keyKinds, text))
    return BigInt(keyKinds[text as keyof typeof keyKinds]);
  const limit = 1n << BigInt(type.replace('uint', ''));
  if (/^\d{1,78}$/.test(text) && BigInt(text) < limit) return BigInt(text);
  throw new Error(`${name} is "${text}": give a whole number below ${limit}`);
}

function bytes32Of(name: string, text: string, contract: ContractName): string {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase();
  if (name === 'cooperativeId' || name === 'issuer') return cooperativeOf(name, text);
  if (name === 'role') return roleOf(text, contract);
  const ofAddress = OF_ADDRESS[name];
  if (ofAddress === undefined) throw new Error(`${name} is "${text}": give 0x and 64 hex digits`);
  if (/^0x[0-9a-fA-F]{40}$/.test(text)) return ofAddress(addressOf(name, text) as Hex);
  throw new Error(`${name} is "${text}": give 0x and 64 hex digits, or a signing key's address`);
}

/** What the registry has of a cooperative's signing key. */
const OF_ADDRESS: Readonly<Record<string, (address: Hex) => Hex>> = {
  keyId: cooperativeKeyId,
  replacedKeyId: cooperativeKeyId,
  publicKeyHash: addressHash,
};

function cooperativeOf(name: string, text: string): string {
  if (name === 'issuer' && text === 'alliance') return allianceIssuer;
  if (/^[a-z0-9][a-z0-9-]*$/.test(text)) return toHex(cooperativeIdOf(text));
  throw new Error(
    `${name} is "${text}": give a cooperative's short name, such as htx-ham-minh, or 0x and 64 hex digits`,
  );
}

function roleOf(text: string, contract: ContractName): string {
  const roles = rolesOf(contract);
  if (roles.includes(text)) return roleId(text);
  throw new Error(`role is "${text}": ${contract} has ${roles.join(', ')}`);
}

function secondsOf(name: string, text: string): bigint {
  if (/^\d{1,12}$/.test(text)) return BigInt(text);
  const isDated = /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/.test(text);
  const atMs = isDated ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(atMs)) return BigInt(Math.ceil(atMs / 1_000));
  throw new Error(`${name} is "${text}": give a time like 2026-11-24T08:00:00Z, or seconds since 1970`);
}
