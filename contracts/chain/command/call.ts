import { StartProblem } from '@nongtin/service';
import { formatEther, type Wallet } from 'ethers';
import type { CallArguments } from './call-arguments.ts';
import { interfaceOf } from './call-arguments.ts';
import { type CommandIo, feesOf } from './deploy.ts';
import { readPublicDeployment } from './deployment-files.ts';
import { openKeystore } from './keystore.ts';
import { type ChainNode, revertDataOf } from './node.ts';
import { refusalOf } from './refusals.ts';
import { roleId, roleName } from './roles.ts';

interface Transaction {
  readonly to: string;
  readonly data: string;
}

/**
 * The deployment of the node's chain → the call, told in words → tried without sending → cost, question → sent, waited for.
 * Without a keystore it ends after the trial, with what a wallet has to send.
 */
export async function call(args: CallArguments, node: ChainNode, io: CommandIo): Promise<void> {
  const chainId = await node.chainId();
  const deployment = readPublicDeployment(args.folder, chainId);
  const to = args.contract === 'AnchorRegistry' ? deployment.anchorRegistry : deployment.cooperativeRegistry;
  const transaction = { to, data: args.data };
  io.say(`Chain ${chainId}, ${args.contract} ${to}: ${args.functionName}`);
  for (const line of args.told) io.say(`  ${line}`);
  await requireHolder(args, to, node);
  if (args.keystore === undefined) return print(args, transaction, node, io);
  const wallet = await openKeystore(args.keystore, io);
  await attempt(args, { ...transaction, from: wallet.address }, node);
  await send(args, { transaction, wallet, chainId, node, io });
}

/** To take a role from who has none changes nothing and does not fail: whoever mistook the address would rest assured. */
async function requireHolder({ contract, data }: CallArguments, to: string, node: ChainNode): Promise<void> {
  const abi = interfaceOf(contract);
  const parsed = abi.parseTransaction({ data });
  if (parsed === null || !['suspendAnchorer', 'revokeRole'].includes(parsed.name)) return;
  const account = String(parsed.args.at(-1));
  const role = parsed.name === 'revokeRole' ? String(parsed.args[0]) : roleId('ANCHORER_ROLE');
  const question = { to, data: abi.encodeFunctionData('hasRole', [role, account]) };
  if ((await node.quantity('eth_call', [question, 'latest'])) !== 0n) return;
  throw new StartProblem(
    `${account} has not ${roleName(role) ?? role} in ${contract}: there is nothing to take. Nothing was sent. Look at the address again; chain status lists who has which role.`,
  );
}

async function print(
  args: CallArguments,
  { to, data }: Transaction,
  node: ChainNode,
  io: CommandIo,
): Promise<void> {
  if (args.from !== undefined) await attempt(args, { to, data, from: args.from }, node);
  io.say('Not sent: there is no --keystore. What a wallet has to send (value 0):');
  io.say(`  to    ${to}`);
  io.say(`  data  ${data}`);
}

/** Rejects with the contract's own reason when it would refuse. */
async function attempt(args: CallArguments, request: object, node: ChainNode): Promise<void> {
  try {
    await node.rpc('eth_call', [request, 'latest']);
  } catch (error) {
    const reason = revertDataOf(error);
    const told = reason === undefined ? null : interfaceOf(args.contract).parseError(reason);
    if (told === null) throw error;
    const sentence = `The contract refuses ${args.functionName}: ${refusalOf(told)} Nothing was sent.`;
    throw new StartProblem(sentence, { cause: error });
  }
}

interface Sending {
  readonly transaction: Transaction;
  readonly wallet: Wallet;
  readonly chainId: number;
  readonly node: ChainNode;
  readonly io: CommandIo;
}

async function send(args: CallArguments, { transaction, wallet, chainId, node, io }: Sending): Promise<void> {
  const { address } = wallet;
  const estimate = await node.quantity('eth_estimateGas', [{ ...transaction, from: address }]);
  const fees = await feesOf(args, node);
  const gasLimit = (estimate * 12n) / 10n;
  const [cost, balance] = [gasLimit * fees.maxFeePerGas, await node.balance(address)];
  io.say(`Paid by ${address}, which has ${formatEther(balance)}: at most ${formatEther(cost)}.`);
  if (balance < cost)
    throw new StartProblem(`${address} has too little: send it ${formatEther(cost - balance)}.`);
  await agree(args, io);
  const nonce = await node.nonce(address, 'pending');
  const signed = await wallet.signTransaction({ type: 2, chainId, nonce, gasLimit, ...transaction, ...fees });
  const hash = String(await node.rpc('eth_sendRawTransaction', [signed]));
  io.say(`Sent as ${hash} …`);
  for (const until = io.monotonicMs() + args.waitMs; ; await io.pause()) {
    const receipt = (await node.rpc('eth_getTransactionReceipt', [hash])) as Receipt | null;
    if (receipt !== null) return told(receipt, args, io);
    if (io.monotonicMs() >= until)
      throw new StartProblem(`It is not mined yet. Ask the chain for ${hash} before you send it again.`);
  }
}

interface Receipt {
  readonly status: string;
  readonly blockNumber: string;
}

function told({ status, blockNumber }: Receipt, { functionName }: CallArguments, io: CommandIo): void {
  const block = Number(blockNumber);
  if (Number(status) !== 1)
    throw new StartProblem(
      `${functionName} failed in block ${block}: something came between. Try again to see why.`,
    );
  io.say(`${functionName} is done, in block ${block}.`);
}

async function agree({ isSure, functionName }: CallArguments, io: CommandIo): Promise<void> {
  if (isSure) return;
  if (io.ask === undefined)
    throw new StartProblem('There is no terminal to ask on: say --yes if you are sure.');
  if (!/^y(es)?$/i.test((await io.ask(`${functionName}? (yes/no) `)).trim()))
    throw new StartProblem('Nothing was sent.');
}
