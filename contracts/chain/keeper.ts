import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, type Service, StartProblem } from '@nongtin/service';
import { type Anvil, AnvilRefused, startAnvil } from './anvil.ts';
import { blockNumber, finalize } from './blocks.ts';
import { savedStates, saveState, setAside } from './chain-state.ts';
import type { ChainConfig } from './config.ts';
import { type Artifacts, ensureContracts, loadArtifacts } from './deploy.ts';
import { readDeploymentFile, writeDeploymentFile } from './deployment.ts';
import { type ChainKeys, openKeys } from './keys.ts';
import { endLeftover, noteRunning } from './leftover.ts';
import { requireFreePort } from './ports.ts';

const LOOK_EVERY_MS = 300;
const RETRY_AFTER_MS = 500;
const STOP_WITHIN_MS = 4_000;
/** Times in a row that anvil may leave a question unanswered before it counts as hung. */
const SILENCES = 3;

type Log = Pick<Logger, 'info' | 'warn' | 'error'>;

/**
 * Keeps one anvil with our contracts on it: starts it from the last good state, makes what is mined final, saves each
 * new block, and brings it back when it dies.
 *
 *   state.json → anvil → ensureContracts → deployment.json
 *                  ↑ dies, is killed, hangs     each LOOK_EVERY_MS: new blocks? → finalize → state.json
 */
export class ChainKeeper implements Service {
  readonly #config: ChainConfig;
  readonly #logger: Log;
  readonly #stopping = new AbortController();
  #artifacts: Artifacts | undefined;
  #keys: ChainKeys | undefined;
  #anvil: Anvil | undefined;
  #work: Promise<void> = Promise.resolve();
  #savedBlock = -1;
  #complaint = '';

  constructor(config: ChainConfig, logger: Log) {
    this.#config = config;
    this.#logger = logger;
  }

  async start(): Promise<void> {
    const { folder, port } = this.#config;
    this.#keys = openKeys(folder);
    this.#artifacts = await loadArtifacts();
    await endLeftover(folder, (sentence) => this.#logger.warn(sentence));
    await requireFreePort(port);
    await this.#bringUp();
    this.#work = this.#keep();
  }

  /** Saves the last blocks if anvil lets us, and ends it in any case. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const deadline = delay(STOP_WITHIN_MS, undefined, { ref: false });
    await Promise.race([this.#saveLast(), deadline]);
    await this.#anvil?.end('SIGKILL');
  }

  async #saveLast(): Promise<void> {
    await this.#work;
    if (this.#anvil === undefined) return;
    try {
      await this.#settle(this.#anvil);
    } catch (error) {
      this.#logger.warn({ err: error }, 'the last blocks could not be saved');
    }
  }

  /** Until stopped: look after the anvil that runs, bring up another when it is gone. */
  async #keep(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        if (this.#anvil === undefined) await this.#bringUp();
        else await this.#lookAfter(this.#anvil);
      } catch (error) {
        this.#complain(error, 'the chain is down, trying again');
        await pause(RETRY_AFTER_MS, this.#stopping.signal);
      }
    }
  }

  async #bringUp(): Promise<void> {
    const { folder, chainId } = this.#config;
    if (this.#keys === undefined || this.#artifacts === undefined) throw new Error('start first');
    const anvil = await this.#startFromBestState();
    try {
      const { rpcUrl, rpc } = anvil;
      const recorded = readDeploymentFile(folder);
      const context = { rpcUrl, rpc, chainId, keys: this.#keys, artifacts: this.#artifacts };
      const deployment = await ensureContracts(context, recorded);
      // A restarted anvil knows the state of its last block only: two more, and `finalized` can be asked for again.
      this.#savedBlock = -1;
      await this.#settle(anvil);
      // Last, so that whoever waits for this file finds a chain that is complete and saved.
      writeDeploymentFile(folder, deployment);
      this.#anvil = anvil;
      this.#logger.info({ rpcUrl, ...deployment, block: this.#savedBlock }, 'the chain is up');
    } catch (error) {
      await anvil.end('SIGKILL');
      throw error;
    }
  }

  async #startFromBestState(): Promise<Anvil> {
    const { folder, port } = this.#config;
    const tell = (sentence: string) => this.#logger.warn(sentence);
    const spawned = (pid: number) => noteRunning(folder, pid, port);
    const options = { ...this.#config, spawned };
    const refused: string[] = [];
    let complaint = '';
    for (const statePath of [...savedStates(folder, tell), undefined]) {
      try {
        const anvil = await startAnvil(statePath === undefined ? options : { ...options, statePath });
        // Only now is it sure that the files were at fault, and not anvil as such.
        for (const path of refused) setAside(path, tell);
        return anvil;
      } catch (error) {
        if (!(error instanceof AnvilRefused)) throw error;
        // Somebody who holds the port makes it end just the same.
        await requireFreePort(port);
        if (statePath !== undefined) refused.push(statePath);
        complaint = error.message;
      }
    }
    throw new StartProblem(`anvil did not start: ${complaint}`);
  }

  async #lookAfter(anvil: Anvil): Promise<void> {
    const gone = new AbortController();
    anvil.exited.then(() => gone.abort());
    const until = AbortSignal.any([gone.signal, this.#stopping.signal]);
    for (let silences = 0; !until.aborted; await pause(LOOK_EVERY_MS, until)) {
      try {
        await this.#settle(anvil);
        silences = 0;
        this.#complaint = '';
      } catch (error) {
        if (gone.signal.aborted) break;
        this.#complain(error, 'the chain did not answer, or its state could not be saved');
        // A full disk is no reason to end a chain that answers.
        silences = (await answers(anvil)) ? 0 : silences + 1;
        if (silences >= SILENCES) await anvil.end('SIGKILL');
      }
    }
    if (!gone.signal.aborted) return;
    this.#anvil = undefined;
    this.#logger.warn('anvil ended; bringing it back from the state saved last');
  }

  /** Lets new blocks become final and saves them; does nothing when there are none. */
  async #settle(anvil: Anvil): Promise<void> {
    if ((await blockNumber(anvil.rpc)) === this.#savedBlock) return;
    const last = await finalize(anvil.rpc);
    await saveState(anvil.rpc, this.#config.folder);
    this.#savedBlock = last;
  }

  /** Once, however often it is tried again. */
  #complain(error: unknown, sentence: string): void {
    const complaint = String(error);
    if (complaint !== this.#complaint) this.#logger.error({ err: error }, sentence);
    this.#complaint = complaint;
  }
}

function answers(anvil: Anvil): Promise<boolean> {
  return blockNumber(anvil.rpc).then(
    () => true,
    () => false,
  );
}

async function pause(ms: number, until: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: until }).catch(() => {});
}
