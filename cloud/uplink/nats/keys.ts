import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAccount, createOperator, createUser, fromSeed, type KeyPair } from '@nats-io/nkeys';
import { explainProblem, StartProblem, syncFolder, writeDurably } from '@nongtin/service';
import { userClaim } from './claims.ts';

/**
 * The keys of one NATS cluster, each a file that its owner alone can read. Servers get none of them. A machine that only
 * takes entries needs `worker.creds` and, where it is, `ca.pem`; who issues gateways' logins needs all.
 */
const seeds = {
  operator: createOperator,
  account: createAccount,
  system: createAccount,
  gateways: createAccount,
};
type SeedName = keyof typeof seeds;

export interface ClusterKeys {
  readonly operator: KeyPair;
  /** The uplink's account. */
  readonly account: KeyPair;
  readonly system: KeyPair;
  /** Signs gateways' logins and nothing else. */
  readonly gateways: KeyPair;
}

/** Makes what is missing, once; what is there stays as it is. */
export function makeKeys(folder: string, nowMs: number): ClusterKeys {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const [name, make] of Object.entries(seeds)) {
      const path = join(folder, `${name}.seed`);
      if (!existsSync(path)) writeDurably(path, make().getSeed(), 'wx');
    }
    const keys = readKeys(folder);
    const issuedAtS = Math.floor(nowMs / 1000);
    for (const [name, account] of [
      ['worker', keys.account],
      ['system', keys.system],
    ] as const) {
      const path = join(folder, `${name}.creds`);
      if (!existsSync(path)) writeDurably(path, credentials(account, name, issuedAtS), 'wx');
    }
    syncFolder(folder);
    return keys;
  } catch (error) {
    throw explainProblem(error, { path: folder });
  }
}

export function readKeys(folder: string): ClusterKeys {
  const read = (name: SeedName) => {
    const path = join(folder, `${name}.seed`);
    try {
      return fromSeed(readFileSync(path));
    } catch (error) {
      throw missing(path, error);
    }
  };
  const [operator, account, system, gateways] = [
    ...[read('operator'), read('account'), read('system'), read('gateways')],
  ] as [KeyPair, KeyPair, KeyPair, KeyPair];
  return { operator, account, system, gateways };
}

/** Whether logins can be issued here; a machine with a worker alone has no such keys. */
export function hasKeys(folder: string): boolean {
  return existsSync(join(folder, 'operator.seed'));
}

/** As the NATS client reads it. */
export function readCredentials(folder: string, name: 'worker' | 'system'): Uint8Array {
  const path = join(folder, `${name}.creds`);
  try {
    return readFileSync(path);
  } catch (error) {
    throw missing(path, error);
  }
}

/** Who signed the servers' certificate, PEM; undefined: whom this machine trusts. */
export function trustedAuthority(folder: string): string | undefined {
  return readAuthority(join(folder, 'ca.pem'));
}

/** Certificates as PEM; undefined when there is no such file. Throws a StartProblem when it holds something else. */
export function readAuthority(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const text = readFileSync(path, 'utf8');
    new X509Certificate(text);
    return text;
  } catch (error) {
    throw new StartProblem(`${path} holds no certificate (PEM) that can be read: give the authority's own.`, {
      cause: error,
    });
  }
}

function missing(path: string, cause: unknown): StartProblem {
  return new StartProblem(
    `${path} is missing or no key: make a cluster's keys with "npm run nats -- FOLDER --hosts …", and name its folder keys in NONGTIN_NATS_KEYS.`,
    { cause },
  );
}

function credentials(account: KeyPair, name: 'worker' | 'system', issuedAtS: number): string {
  const user = createUser();
  const token = userClaim(account, user.getPublicKey(), name, issuedAtS);
  const frame = (what: string, text: string) => `-----BEGIN ${what}-----\n${text}\n------END ${what}------\n`;
  return `${frame('NATS USER JWT', token)}\n${frame('USER NKEY SEED', Buffer.from(user.getSeed()).toString())}`;
}
