import { StartProblem } from '@nongtin/service';
import { formatEther, getAddress, Interface, id, keccak256 } from 'ethers';
import { readArtifact } from '../../artifacts.ts';
import type { StatusArguments } from './arguments.ts';
import type { CommandIo } from './deploy.ts';
import { type PublicDeployment, readPublicDeployment } from './deployment-files.ts';
import type { ChainNode } from './node.ts';
import { ROLES } from './roles.ts';

const administered = new Interface([
  'function defaultAdmin() view returns (address)',
  'function defaultAdminDelay() view returns (uint48)',
  'function pendingDefaultAdmin() view returns (address newAdmin, uint48 schedule)',
  'function hasRole(bytes32 role, address account) view returns (bool)',
]);
const ROLE_GRANTED = id('RoleGranted(bytes32,address,address)');

/** Tells what stands on the chain; true when the code of both contracts is what was deployed. */
export async function status(args: StatusArguments, node: ChainNode, io: CommandIo): Promise<boolean> {
  const chainId = await node.chainId();
  const deployment = readPublicDeployment(args.folder, chainId);
  const isCurrent = readArtifact('AnchorRegistry').sourceHash === deployment.sourceHash;
  io.say(`Chain ${chainId}${isCurrent ? '' : '; deployed from other sources than these'}`);
  for (const { chainId: left, anchorRegistry } of deployment.succeeds ?? [])
    io.say(`It takes the place of ${anchorRegistry} on chain ${left}`);
  let isOurs = true;
  for (const name of ['cooperativeRegistry', 'anchorRegistry'] as const) {
    const matches = keccak256(await node.code(deployment[name])) === deployment.codeHashes[name];
    isOurs &&= matches;
    io.say(`${name} ${deployment[name]}: ${matches ? 'our code' : 'NOT OUR CODE'}`);
    if (matches) await tellRoles(name, deployment, node, io);
  }
  return isOurs;
}

async function tellRoles(
  name: keyof typeof ROLES,
  deployment: PublicDeployment,
  node: ChainNode,
  io: CommandIo,
): Promise<void> {
  const to = deployment[name];
  const read = async (view: string, args: unknown[] = []) => {
    const data = administered.encodeFunctionData(view, args);
    const answer = await node.bytes('eth_call', [{ to, data }, 'latest']);
    try {
      return administered.decodeFunctionResult(view, answer);
    } catch (cause) {
      const sentence = `What the node answers for ${view} of ${to} is not what our code there answers: name another node with --rpc.`;
      throw new StartProblem(sentence, { cause });
    }
  };
  const [admin] = await read('defaultAdmin');
  const [delaySeconds] = await read('defaultAdminDelay');
  io.say(`  administrator ${admin}, changes hands with a delay of ${delaySeconds} s`);
  const [next, schedule] = await read('pendingDefaultAdmin');
  if (schedule !== 0n)
    io.say(`  HANDED TO ${next}, who may accept from ${new Date(Number(schedule) * 1000).toISOString()} on`);
  for (const role of ROLES[name]) {
    const granted = await everGranted(to, role, deployment.deployedAtBlock, node);
    if (granted instanceof StartProblem) {
      io.say(`  ${role}: stands in events that this node does not give, ask another one. ${granted.message}`);
      continue;
    }
    const holders: string[] = [];
    for (const account of granted) if ((await read('hasRole', [id(role), account]))[0]) holders.push(account);
    const told = await Promise.all(
      holders.map(async (holder) => `${holder} (${await moneyOf(holder, node)})`),
    );
    io.say(`  ${role}: ${told.length === 0 ? 'nobody' : told.join(', ')}`);
  }
}

/**
 * Who was ever given the role: the contract keeps no list, its events do. Public nodes give few blocks of them at once: the
 * refusal then.
 */
async function everGranted(
  address: string,
  role: string,
  block: number,
  node: ChainNode,
): Promise<string[] | StartProblem> {
  const fromBlock = `0x${block.toString(16)}`;
  const filter = { address, fromBlock, toBlock: 'latest', topics: [ROLE_GRANTED, id(role)] };
  try {
    const logs = (await node.rpc('eth_getLogs', [filter])) as { topics: string[] }[];
    return [...new Set(logs.map(({ topics }) => getAddress(`0x${(topics[2] ?? '').slice(26)}`)))];
  } catch (error) {
    if (error instanceof StartProblem) return error;
    throw error;
  }
}

async function moneyOf(address: string, node: ChainNode): Promise<string> {
  return formatEther(await node.balance(address));
}
