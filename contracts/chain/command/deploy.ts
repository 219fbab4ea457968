import { StartProblem } from '@nongtin/service';
import { ContractFactory, formatEther, formatUnits, getCreateAddress, keccak256, type Wallet } from 'ethers';
import { type Artifact, runtimeCode } from '../../artifacts.ts';
import { type Artifacts, loadArtifacts } from '../deploy.ts';
import { readDeploymentOf, succession } from '../deployment.ts';
import type { DeployArguments } from './arguments.ts';
import {
  type DeploymentUnderWay,
  deploymentPath,
  finishDeployment,
  type PublicDeployment,
  readUnderWay,
  requireNoDeployment,
  underWayPath,
  writeUnderWay,
} from './deployment-files.ts';
import { openKeystore, type PassphraseSource } from './keystore.ts';
import type { ChainNode } from './node.ts';

/** What a command needs of the world. */
export interface CommandIo extends PassphraseSource {
  say(line: string): void;
  /** undefined: there is no terminal. */
  readonly ask?: (question: string) => Promise<string>;
  /** Until it is worth looking again. */
  pause(): Promise<void>;
  monotonicMs(): number;
}

/** One contract of the two, at the address that follows from deployer and nonce. */
interface Step {
  readonly artifact: Artifact;
  readonly nonce: number;
  readonly address: string;
  /** Creation code with the constructor's arguments. */
  readonly data: string;
  /** The code that has to stand there. */
  readonly code: string;
  readonly gasBound: bigint;
}

interface Fees {
  /** wei */
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/**
 * chain id → no deployment yet → keystore → the note of one under way, or a new one → cost, question → two transactions →
 * code compared → deployments/CHAIN-ID.json
 */
export async function deploy(args: DeployArguments, node: ChainNode, io: CommandIo): Promise<void> {
  const chainId = await node.chainId();
  if (args.chainId !== undefined && args.chainId !== chainId)
    throw new StartProblem(
      `The node speaks for chain ${chainId}, not ${args.chainId}: name another with --rpc.`,
    );
  requireNoDeployment(args.folder, chainId);
  const wallet = await openKeystore(args.keystore, io);
  const begun = readUnderWay(args.folder, chainId);
  const artifacts = await loadArtifacts();
  const underWay = await planOf(args, { chainId, node, deployer: wallet.address, artifacts });
  if (begun !== undefined) requireSame(begun, underWay, underWayPath(args.folder, chainId));
  // A host that was named before the interruption stays named: without it, a verifier would take it for a witness.
  const operatorHosts = [...new Set([...(begun?.operatorHosts ?? []), ...args.operatorHosts])];
  const agreed = { ...(begun ?? underWay), operatorHosts };
  const steps = await stepsOf(agreed, artifacts);
  const missing = await missingSteps(steps, node);
  const fees = await feesOf(args, node);
  await agreeOnCost(missing, { args, node, io, fees, underWay: agreed });
  writeUnderWay(args.folder, agreed);
  for (const step of missing) await bringUp(step, { args, node, io, fees, wallet, chainId });
  const deployment = deploymentOf(agreed, steps);
  finishDeployment(args.folder, deployment);
  io.say(`Both contracts stand on chain ${chainId}, and their code is what the sources compile to.`);
  io.say(`  CooperativeRegistry ${deployment.cooperativeRegistry}`);
  io.say(`  AnchorRegistry      ${deployment.anchorRegistry}`);
  io.say(`Written to ${deploymentPath(args.folder, chainId)}.`);
}

async function planOf(
  args: DeployArguments,
  given: { chainId: number; node: ChainNode; deployer: string; artifacts: Artifacts },
): Promise<DeploymentUnderWay> {
  const { chainId, node, deployer, artifacts } = given;
  const nonce = await node.nonce(deployer, 'latest');
  const place = { chainId, anchorRegistry: addressesOf({ deployer, nonce })[1] };
  return {
    chainId,
    deployer,
    nonce,
    fromBlock: Number(await node.quantity('eth_blockNumber')),
    sourceHash: artifacts.AnchorRegistry.sourceHash,
    alliance: args.alliance ?? deployer,
    anchorers: args.anchorers,
    guardians: args.guardians,
    adminDelaySeconds: args.adminDelaySeconds,
    succeeds: succession(place, args.succeeds.map(readDeploymentOf)).succeeds ?? [],
    operatorHosts: args.operatorHosts,
  };
}

/** Of the CooperativeRegistry and the AnchorRegistry, which follow from payer and nonce. */
function addressesOf({ deployer, nonce }: Pick<DeploymentUnderWay, 'deployer' | 'nonce'>): [string, string] {
  const at = (n: number) => getCreateAddress({ from: deployer, nonce: nonce + n });
  return [at(0), at(1)];
}

/** What was begun is finished as it was begun, or not at all: other arguments are another code or other people. */
function requireSame(begun: DeploymentUnderWay, wanted: DeploymentUnderWay, path: string): void {
  const before = settledOf(begun);
  const now = settledOf(wanted);
  for (const name of Object.keys(now) as (keyof typeof now)[]) {
    const [old, given] = [JSON.stringify(before[name]), JSON.stringify(now[name])];
    if (old !== given)
      throw new StartProblem(
        `${path} tells of a deployment that was begun with another ${name}: ${old}, now ${given}. ` +
          'Finish it with the same, or move that file away to begin anew.',
      );
  }
}

/** All but what is taken up from the note. */
function settledOf({ nonce: _, fromBlock: __, operatorHosts: ___, ...rest }: DeploymentUnderWay) {
  return rest;
}

async function stepsOf(underWay: DeploymentUnderWay, artifacts: Artifacts): Promise<Step[]> {
  const { alliance, adminDelaySeconds, anchorers, guardians } = underWay;
  const [registry, anchors] = addressesOf(underWay);
  const step = async (
    n: number,
    artifact: Artifact,
    address: string,
    args: unknown[],
    immutable?: string,
  ) => {
    const { data } = await new ContractFactory(artifact.abi, artifact.bytecode).getDeployTransaction(...args);
    const code = runtimeCode(artifact, immutable);
    return { artifact, nonce: underWay.nonce + n, address, data, code, gasBound: gasBound(data, code, args) };
  };
  return [
    await step(0, artifacts.CooperativeRegistry, registry, [alliance, adminDelaySeconds]),
    await step(
      1,
      artifacts.AnchorRegistry,
      anchors,
      [alliance, registry, adminDelaySeconds, anchorers, guardians],
      registry,
    ),
  ];
}

/**
 * Never less than a creation takes (EIP-2028, 3860, 170: 16 gas a byte sent, 2 a word of it, 200 a byte kept), because the
 * second one cannot be estimated before the first one stands. `args`: each role given is one new storage slot.
 */
function gasBound(data: string, code: string, args: readonly unknown[]): bigint {
  const [sent, kept] = [(data.length - 2) / 2, (code.length - 2) / 2];
  const slots = 5 + args.flat().length;
  return BigInt(53_000 + 16 * sent + 2 * Math.ceil(sent / 32) + 200 * kept + 26_000 * slots + 50_000);
}

async function missingSteps(steps: readonly Step[], node: ChainNode): Promise<Step[]> {
  const missing: Step[] = [];
  for (const step of steps) if (!(await stands(step, node))) missing.push(step);
  return missing;
}

async function stands({ address, artifact, code }: Step, node: ChainNode): Promise<boolean> {
  const found = await node.code(address);
  if (found === '0x') return false;
  if (found === code) return true;
  throw new StartProblem(
    `At ${address} stands other code than ${artifact.contractName} compiles to: this node is not to be trusted, or its chain is another.`,
  );
}

/** Rejects with a StartProblem on a chain without a base fee. */
export async function feesOf(args: Partial<Fees>, node: ChainNode): Promise<Fees> {
  const block = (await node.rpc('eth_getBlockByNumber', ['latest', false])) as {
    baseFeePerGas?: string;
  } | null;
  if (block?.baseFeePerGas === undefined)
    throw new StartProblem(
      'This chain has no base fee (EIP-1559), which the commands need: choose another chain.',
    );
  const tip = args.maxPriorityFeePerGas ?? (await proposedTip(node));
  const maxFeePerGas = args.maxFeePerGas ?? 2n * BigInt(block.baseFeePerGas) + tip;
  return { maxFeePerGas, maxPriorityFeePerGas: tip < maxFeePerGas ? tip : maxFeePerGas };
}

/** wei; not every node has the method. */
async function proposedTip(node: ChainNode): Promise<bigint> {
  try {
    return await node.quantity('eth_maxPriorityFeePerGas');
  } catch (error) {
    const { message } = error as Error;
    throw new StartProblem(`${message} Or say the tip yourself, with --tip-gwei.`, { cause: error });
  }
}

async function agreeOnCost(
  missing: readonly Step[],
  given: {
    args: DeployArguments;
    node: ChainNode;
    io: CommandIo;
    fees: Fees;
    underWay: DeploymentUnderWay;
  },
): Promise<void> {
  const { args, node, io, fees, underWay } = given;
  const { chainId, deployer } = underWay;
  const balance = await node.balance(deployer);
  const cost = missing.reduce((sum, { gasBound: gas }) => sum + gas, 0n) * fees.maxFeePerGas;
  io.say(`Chain ${chainId}, paid by ${deployer}, which has ${formatEther(balance)}.`);
  io.say(`Alliance ${underWay.alliance}, ${underWay.adminDelaySeconds} s between the steps of its change.`);
  io.say(`Anchorers: ${namesOf(underWay.anchorers)}; guardians: ${namesOf(underWay.guardians)}.`);
  io.say(`No witnesses for verifiers: ${namesOf(underWay.operatorHosts)} (--operator-host).`);
  for (const { chainId: dead, anchorRegistry } of underWay.succeeds)
    io.say(`Takes the place of ${anchorRegistry} on chain ${dead}: its proofs will be looked up here.`);
  io.say(
    `${missing.length} of 2 contracts to deploy, for at most ${formatEther(cost)} at ${formatUnits(fees.maxFeePerGas, 'gwei')} gwei ` +
      '(a rollup adds the price of its data).',
  );
  if (missing.length === 0) return;
  if (balance < cost)
    throw new StartProblem(
      `${deployer} has ${formatEther(balance)} and needs ${formatEther(cost)} on chain ${chainId}: send it ${formatEther(cost - balance)}.`,
    );
  if (args.isSure) return;
  if (io.ask === undefined)
    throw new StartProblem('There is no terminal to ask on: say --yes if you are sure.');
  if (!/^y(es)?$/i.test((await io.ask('Deploy? (yes/no) ')).trim()))
    throw new StartProblem('Nothing was sent.');
}

const namesOf = (addresses: readonly string[]) => (addresses.length === 0 ? 'none' : addresses.join(', '));

async function bringUp(
  step: Step,
  given: {
    args: DeployArguments;
    node: ChainNode;
    io: CommandIo;
    fees: Fees;
    wallet: Wallet;
    chainId: number;
  },
): Promise<void> {
  const { args, node, io, wallet } = given;
  const name = step.artifact.contractName;
  if ((await node.nonce(wallet.address, 'latest')) > step.nonce && !(await stands(step, node)))
    throw new StartProblem(
      `Another transaction of ${wallet.address} has taken the turn (nonce ${step.nonce}) of ${name}: move ` +
        `${underWayPath(args.folder, given.chainId)} away to begin anew, and let that account do nothing else meanwhile.`,
    );
  // One that waits already is replaced only by who names a higher fee.
  const isWaiting = (await node.nonce(wallet.address, 'pending')) > step.nonce;
  if (!isWaiting || args.maxFeePerGas !== undefined) {
    io.say(`Sending ${name} to ${step.address} …`);
    await send(step, given);
  } else io.say(`${name} was sent before; waiting for it …`);
  for (const until = io.monotonicMs() + args.waitMs; !(await stands(step, node)); await io.pause())
    if (io.monotonicMs() >= until)
      throw new StartProblem(
        `${name} is not mined yet. Run the same command again, later or with a higher --max-fee-gwei: it will not be deployed twice.`,
      );
}

async function send(
  step: Step,
  { node, fees, wallet, chainId }: { node: ChainNode; fees: Fees; wallet: Wallet; chainId: number },
): Promise<void> {
  const call = { from: wallet.address, data: step.data };
  const estimate = await node.quantity('eth_estimateGas', [call]);
  const { nonce, data } = step;
  const gasLimit = (estimate * 12n) / 10n;
  const signed = await wallet.signTransaction({ type: 2, chainId, nonce, data, gasLimit, ...fees });
  try {
    await node.rpc('eth_sendRawTransaction', [signed]);
  } catch (error) {
    if (!/already (known|imported)/i.test((error as Error).message)) throw error;
  }
}

function deploymentOf(underWay: DeploymentUnderWay, [registry, anchors]: readonly Step[]): PublicDeployment {
  if (registry === undefined || anchors === undefined) throw new Error('two contracts are deployed');
  const { chainId, alliance, adminDelaySeconds, sourceHash, fromBlock, succeeds, operatorHosts } = underWay;
  return {
    chainId,
    anchorRegistry: anchors.address,
    cooperativeRegistry: registry.address,
    deployedAtBlock: fromBlock,
    codeHashes: {
      anchorRegistry: keccak256(anchors.code),
      cooperativeRegistry: keccak256(registry.code),
    },
    alliance,
    adminDelaySeconds,
    sourceHash,
    ...(succeeds.length === 0 ? {} : { succeeds }),
    ...(operatorHosts.length === 0 ? {} : { operatorHosts }),
  };
}
