import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openAuthority } from '@nongtin/broker';
import { StartProblem, writeDurably } from '@nongtin/service';
import { readAuthority } from './keys.ts';

/** Files of a certificate and its key, the same names on each server's machine. */
export interface ShownFiles {
  readonly cert: string;
  readonly key: string;
}

export interface ClusterTls {
  /** To gateways and workers. */
  readonly shown: ShownFiles;
  /** Between the servers, where each is a client of the others too: always of our own authority, which signs for both. */
  readonly between: ShownFiles & { readonly ca: string };
}

/** A certificate of somebody else's; `ca` when no public authority has signed it. */
export type GivenCertificate = ShownFiles & { readonly ca?: string };

export interface CertificatesOrder {
  /** Of the cluster's keys: the authority's own is among them. */
  readonly keysFolder: string;
  /** What each server needs of it. */
  readonly folder: string;
  readonly names: readonly string[];
  readonly given?: GivenCertificate;
}

/**
 * Makes the servers' certificate, or one that is nearer its end or lacks a name anew, and tells workers by `ca.pem` whom to
 * believe. One certificate and one key for all servers: who has one machine of them has the uplink anyway.
 */
export async function writeCertificates(
  { keysFolder, folder, names, given }: CertificatesOrder,
  nowMs: number,
): Promise<ClusterTls & { readonly validToMs: number }> {
  const clock = { nowMs: () => nowMs };
  const own = openAuthority({ folder: join(keysFolder, 'authority'), clock, peers: true });
  const { key, cert, ca, validToMs } = await own.serverCredentials(names);
  const between = {
    cert: join(folder, 'server.pem'),
    key: join(folder, 'server.key'),
    ca: join(folder, 'ca.pem'),
  };
  const trusted = given === undefined ? ca : given.ca && givenAuthority(given.ca);
  if (trusted === undefined) distrust(keysFolder);
  else writeDurably(join(keysFolder, 'ca.pem'), trusted);
  writeDurably(between.key, key);
  writeDurably(between.cert, cert);
  writeDurably(between.ca, ca);
  return { shown: given ?? { cert: between.cert, key: between.key }, between, validToMs };
}

/** From now on public authorities count, or nobody does. */
export function distrust(keysFolder: string): void {
  rmSync(join(keysFolder, 'ca.pem'), { force: true });
}

function givenAuthority(path: string): string {
  const text = readAuthority(path);
  if (text === undefined) throw new StartProblem(`${path} is missing: --ca is who signed the certificate.`);
  return text;
}
