import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { StartProblem } from '@nongtin/service';
import { getAddress, isAddress, parseUnits, ZeroAddress } from 'ethers';

export const USAGE = `Usage: npm run nongtin -- chain deploy --rpc URL --keystore FILE [--chain-id N] [--alliance ADDRESS]
                                  [--anchorer ADDRESS]… [--guardian ADDRESS]… [--admin-delay-days N] [--succeeds FILE]…
                                  [--operator-host HOST]… [--max-fee-gwei N] [--tip-gwei N] [--wait-minutes N]
                                  [--out DIR] [--yes]
       npm run nongtin -- chain status --rpc URL [--out DIR]
       npm run nongtin -- chain call FUNCTION ARGUMENT… --rpc URL [--keystore FILE]   (alone: which functions)
  deploy  puts both contracts on a chain and writes contracts/deployments/CHAIN-ID.json; interrupted, run it again
  status  whether the code on the chain is ours, and who has which role; exit code 1 when the code is another
  call    what the alliance, a guardian or a cooperative does by hand: admit, suspendAnchorer, grantRole …
  --keystore  an encrypted JSON keystore (Web3 Secret Storage) of whoever pays; its passphrase is asked for, or read from
              the file that NONGTIN_KEYSTORE_PASSPHRASE_FILE names
  --alliance  who gives and takes all roles, a wallet of several people say; default: whoever pays
  --anchorer  who may anchor: the cloud's address; --guardian: who may stop one. The alliance can give both later
  --succeeds  the file of a deployment whose place this one takes, because its chain is dead or left; what it has succeeded
              itself is taken over. Whoever trusts the new file has proofs of the old one looked up on the new chain
  --admin-delay-days  days between the two steps in which the alliance's administrator changes; default 3
  --operator-host  a host of whoever will make the proofs (pages, own chain endpoints), and all below it: verifiers that trust
              the written file take such an endpoint for no witness
  --max-fee-gwei, --tip-gwei  EIP-1559 fees; default: twice the base fee and the tip that the chain proposes
  --yes       does not ask before it sends`;

export interface DeployArguments extends RpcPlace {
  readonly name: 'deploy';
  readonly keystore: string;
  /** Refuses another chain. */
  readonly chainId?: number;
  /** Addresses with checksum. */
  readonly alliance?: string;
  readonly anchorers: readonly string[];
  readonly guardians: readonly string[];
  /** Host names, lower case. */
  readonly operatorHosts: readonly string[];
  readonly adminDelaySeconds: number;
  /** Files of the deployments whose place it takes. */
  readonly succeeds: readonly string[];
  /** wei */
  readonly maxFeePerGas?: bigint;
  readonly maxPriorityFeePerGas?: bigint;
  readonly waitMs: number;
  readonly isSure: boolean;
}

/** Which chain is asked, and in which folder its deployment is told. */
export interface RpcPlace {
  readonly rpcUrl: string;
  readonly folder: string;
}

export interface StatusArguments extends RpcPlace {
  readonly name: 'status';
}

const DAY_SECONDS = 86_400;
/** In the repository, so that whoever verifies finds what was deployed. */
const DEPLOYMENTS = fileURLToPath(new URL('../../deployments', import.meta.url));

export const placeOptions = { rpc: { type: 'string' }, out: { type: 'string' } } as const;

const options = {
  ...placeOptions,
  keystore: { type: 'string' },
  'chain-id': { type: 'string' },
  alliance: { type: 'string' },
  'admin-delay-days': { type: 'string', default: '3' },
  'max-fee-gwei': { type: 'string' },
  'tip-gwei': { type: 'string' },
  'wait-minutes': { type: 'string', default: '10' },
  anchorer: { type: 'string', multiple: true },
  guardian: { type: 'string', multiple: true },
  succeeds: { type: 'string', multiple: true },
  'operator-host': { type: 'string', multiple: true },
  yes: { type: 'boolean', default: false },
} as const;

/** From what was typed; `from` is the folder in which the person stands. Throws a StartProblem that says what is wrong. */
export function readArguments(args: readonly string[], from: string): DeployArguments | StatusArguments {
  try {
    const { values: given, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [name, ...more] = positionals;
    if (name !== 'deploy' && name !== 'status') throw new Error('deploy, status or call is expected');
    if (more.length > 0) throw new Error(`${more[0]} is too much`);
    const place = placeOf(given, from);
    if (name === 'status') return { name, ...place };
    if (given.keystore === undefined) throw new Error('--keystore FILE is missing');
    return {
      name,
      ...place,
      keystore: resolve(from, given.keystore),
      anchorers: (given.anchorer ?? []).map((text) => addressOf('--anchorer', text)),
      guardians: (given.guardian ?? []).map((text) => addressOf('--guardian', text)),
      operatorHosts: (given['operator-host'] ?? []).map(operatorHostOf),
      adminDelaySeconds: Math.round(
        numberOf('--admin-delay-days', given['admin-delay-days'], 30) * DAY_SECONDS,
      ),
      succeeds: (given.succeeds ?? []).map((file) => resolve(from, file)),
      waitMs: numberOf('--wait-minutes', given['wait-minutes'], 1_440) * 60_000,
      isSure: given.yes,
      ...(given['chain-id'] === undefined ? {} : { chainId: chainIdOf(given['chain-id']) }),
      ...(given.alliance === undefined ? {} : { alliance: addressOf('--alliance', given.alliance) }),
      ...weiOf('maxFeePerGas', '--max-fee-gwei', given['max-fee-gwei']),
      ...weiOf('maxPriorityFeePerGas', '--tip-gwei', given['tip-gwei']),
    };
  } catch (error) {
    throw new StartProblem(`${(error as Error).message}\n${USAGE}`);
  }
}

export function placeOf(given: { readonly rpc?: string; readonly out?: string }, from: string): RpcPlace {
  return {
    rpcUrl: urlOf(given.rpc),
    folder: given.out === undefined ? DEPLOYMENTS : resolve(from, given.out),
  };
}

function urlOf(text: string | undefined): string {
  if (text === undefined) throw new Error('--rpc URL is missing');
  if (URL.canParse(text) && /^https?:/i.test(text)) return text;
  throw new Error(`--rpc is "${text}": give an address that begins with https:// or http://`);
}

/** With checksum. Throws with the option's name. */
export function addressOf(option: string, text: string): string {
  if (isAddress(text) && getAddress(text) !== ZeroAddress) return getAddress(text);
  throw new Error(
    `${option} is "${text}": give an address, 0x and 40 hex digits with a right checksum, not zero`,
  );
}

export function numberOf(option: string, text: string, largest: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= largest) return value;
  throw new Error(`${option} is "${text}": give a number from 0 to ${largest}`);
}

function operatorHostOf(text: string): string {
  const { hostname = '' } = URL.parse(`http://${text}`) ?? {};
  if (hostname !== '' && !text.includes('/')) return hostname;
  throw new Error(`--operator-host is "${text}": give a host's name, such as trace.example.vn`);
}

function chainIdOf(text: string): number {
  const value = numberOf('--chain-id', text, Number.MAX_SAFE_INTEGER);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--chain-id is "${text}": give a whole number`);
}

export function weiOf(
  field: 'maxFeePerGas' | 'maxPriorityFeePerGas',
  option: string,
  text: string | undefined,
) {
  if (text === undefined) return {};
  numberOf(option, text, 1_000_000);
  // Down to one wei, and not as 1e3, which the next line would not read.
  if (!/^\d+(\.\d{1,9})?$/.test(text))
    throw new Error(`${option} is "${text}": give gwei with at most nine decimals`);
  return { [field]: parseUnits(text, 'gwei') };
}
