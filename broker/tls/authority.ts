import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { explainProblem, readStateFile, StartProblem, writeStateFile } from '@nongtin/service';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { IDENTITY } from '../wire/index.ts';
import { covers, type ServerCredentials, tasmotaFingerprint } from './certificate.ts';
import { issue } from './issue.ts';
import type { Issuer } from './issuing.ts';
import { checkedNames } from './names.ts';

export interface ClientCertificate {
  /** PEM. */
  readonly cert: string;
  /** Hex as Node writes it in a connection's certificate, by which it can be revoked. */
  readonly serial: string;
  readonly validToMs: number;
}

/** A farm's (or a cooperative's) own certificate authority: its servers', and in the cloud its gateways' certificates. */
export interface CertificateAuthority {
  /**
   * What a TLS server needs that is reached by these host names and addresses. Made anew when a name is missing from
   * the certificate or its end is near, always with the same key. Ask again from time to time.
   */
  serverCredentials(names: readonly string[]): Promise<ServerCredentials>;
  /**
   * A certificate by which a client proves to be `identity`, for a key that is EC P-256 or Ed25519. Throws a RangeError
   * when the request (PKCS#10, PEM) or the identity is not in order.
   */
  issueClient(requestPem: string, identity: string, validDays?: number): Promise<ClientCertificate>;
}

export interface AuthorityOptions {
  /** Its own; made when needed, for its owner alone. */
  readonly folder: string;
  readonly clock: { nowMs(): number };
  /** Its servers connect to each other too, and show the same certificate when they do. */
  readonly peers?: boolean;
}

/**
 * What devices trust, written once and never changed: the authority by its certificate, the server by its public key
 * (Tasmota's fingerprint). So it is apart from the server's certificate, which comes and goes.
 */
const AuthorityFile = Type.Object({
  version: Type.Literal(1),
  key: Type.String(),
  cert: Type.String(),
  serverKey: Type.String(),
});
const ServerFile = Type.Object({ version: Type.Literal(1), cert: Type.String() });

const authorityFile = Compile(AuthorityFile);
const serverFile = Compile(ServerFile);

/** Signs for decades, in devices that nobody will visit. More than 3072 bits the smaller ESP32 cannot do in hardware. */
const AUTHORITY_BITS = 3072;
/** What Tasmota is made for, and what an ESP8266 does in time. */
const SERVER_BITS = 2048;

const DAY_MS = 86_400_000;
/** Long, because a gateway may be off from one season to the next; a shorter term would only take more work. */
const TERM_DAYS = 730;
const RENEWED_AT_MS = (TERM_DAYS * DAY_MS) / 3;

/** A clock that says less has not been set: terms would end before they are used. */
const SOFTWARE_BEGAN_MS = Date.UTC(2026, 10, 1);

const generateKeys = promisify(generateKeyPair);

/** Nothing is read or made before it is asked for. Each promise is refused with a StartProblem when a file is damaged. */
export function openAuthority(options: AuthorityOptions): CertificateAuthority {
  return new FileAuthority(options);
}

interface Authority {
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
  readonly serverKey: KeyObject;
}

/** By path: several doors of a process ask for the same one at its first start, and two would be made otherwise. */
const making = new Map<string, Promise<Authority>>();

class FileAuthority implements CertificateAuthority {
  readonly #path: string;
  readonly #serverPath: string;
  readonly #folder: string;
  readonly #clock: { nowMs(): number };
  readonly #peers: boolean;
  /** One, however many ask at once: two would be made otherwise. */
  #authority: Promise<Authority> | undefined;

  constructor({ folder, clock, peers = false }: AuthorityOptions) {
    this.#folder = folder;
    this.#path = join(folder, 'authority.json');
    this.#serverPath = join(folder, 'server.json');
    this.#clock = clock;
    this.#peers = peers;
  }

  async serverCredentials(names: readonly string[]): Promise<ServerCredentials> {
    const wanted = checkedNames(names);
    if (wanted.length === 0) throw new RangeError('a server is reached by a name');
    const authority = await this.#open();
    const certificate = this.#readServer(authority, wanted) ?? (await this.#makeServer(authority, wanted));
    return {
      key: pemOf(authority.serverKey),
      cert: `${certificate}${authority.certificate}`,
      ca: String(authority.certificate),
      validToMs: certificate.validToDate.getTime(),
      tasmotaFingerprint: tasmotaFingerprint(createPublicKey(authority.serverKey)),
    };
  }

  async issueClient(requestPem: string, identity: string, validDays = TERM_DAYS): Promise<ClientCertificate> {
    if (!IDENTITY.test(identity)) throw new RangeError(`'${identity}' is no identity`);
    const authority = await this.#open();
    const validToMs = this.#nowMs() + validDays * DAY_MS;
    // Not in a thread: clients are certified where memory is not scarce, and maybe many in a row.
    const { certifyClient } = await import('./issuing.ts');
    const cert = await certifyClient(issuerOf(authority), requestPem, identity, validToMs);
    const { serialNumber, validToDate } = new X509Certificate(cert);
    return { cert, serial: serialNumber, validToMs: validToDate.getTime() };
  }

  async #open(): Promise<Authority> {
    this.#authority ??= this.#readOrMake();
    const opened = this.#authority;
    try {
      return this.#lasting(await opened);
    } catch (error) {
      // The next who asks finds what a person has repaired meanwhile.
      if (this.#authority === opened) this.#authority = undefined;
      throw error;
    }
  }

  async #readOrMake(): Promise<Authority> {
    const known = this.#read();
    if (known !== undefined) return known;
    const begun = making.get(this.#path) ?? this.#make().finally(() => making.delete(this.#path));
    making.set(this.#path, begun);
    return begun;
  }

  #read(): Authority | undefined {
    try {
      const state = readStateFile(this.#path, isWholeAuthority);
      return state && parsed(state);
    } catch (error) {
      if (!(error instanceof StartProblem)) throw error;
      throw new StartProblem(`${error.message} ${LOSS}`, { cause: error });
    }
  }

  async #make(): Promise<Authority> {
    const [own, server] = await Promise.all([
      generateKeys('rsa', { modulusLength: AUTHORITY_BITS }),
      generateKeys('rsa', { modulusLength: SERVER_BITS }),
    ]);
    const cert = await issue({ make: 'authority', key: own.privateKey });
    const state = {
      version: 1 as const,
      key: pemOf(own.privateKey),
      cert,
      serverKey: pemOf(server.privateKey),
    };
    this.#write(this.#path, state);
    return parsed(state);
  }

  #lasting(authority: Authority): Authority {
    const { validToDate } = authority.certificate;
    const nowMs = this.#clock.nowMs();
    if (nowMs < validToDate.getTime()) return authority;
    throw new StartProblem(
      `The certificate authority in ${this.#path} has ended on ${dayOf(validToDate.getTime())}, and it is ${dayOf(nowMs)} by this machine's clock: set the clock right, or move the file away to begin anew. ${LOSS}`,
    );
  }

  /** The certificate that was made before, while it is good for these names and for some time. */
  #readServer(
    { certificate: ca, serverKey }: Authority,
    names: readonly string[],
  ): X509Certificate | undefined {
    const certificate = savedCertificate(this.#serverPath);
    if (certificate === undefined || !covers(certificate, names)) return undefined;
    if (this.#peers && !isForClients(certificate)) return undefined;
    const isOurs = certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
    if (!isOurs || !certificate.checkPrivateKey(serverKey)) return undefined;
    const validToMs = certificate.validToDate.getTime();
    // One that ends with the authority is the last; making another would not make it last longer.
    const isLast = validToMs === ca.validToDate.getTime();
    return isLast || validToMs - this.#nowMs() > RENEWED_AT_MS ? certificate : undefined;
  }

  async #makeServer(authority: Authority, names: readonly string[]): Promise<X509Certificate> {
    const validToMs = this.#nowMs() + TERM_DAYS * DAY_MS;
    const publicKey = createPublicKey(authority.serverKey);
    const purpose = { issuer: issuerOf(authority), publicKey, names, peer: this.#peers };
    const cert = await issue({ make: 'server', ...purpose, validToMs });
    this.#write(this.#serverPath, { version: 1, cert });
    return new X509Certificate(cert);
  }

  #nowMs(): number {
    return Math.max(this.#clock.nowMs(), SOFTWARE_BEGAN_MS);
  }

  #write(path: string, state: Static<typeof AuthorityFile> | Static<typeof ServerFile>): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw explainProblem(error, { path: this.#folder });
    }
    writeStateFile(path, state);
  }
}

const LOSS =
  'Devices trust what that file holds: begun anew, each has to be given the new certificate or fingerprint.';

/** Whether the keys and the certificate in it can be read and belong together; throws when one is no PEM at all. */
function isWholeAuthority(value: unknown): value is Static<typeof AuthorityFile> {
  if (!authorityFile.Check(value)) return false;
  const { key, certificate, serverKey } = parsed(value);
  return (
    certificate.ca &&
    certificate.verify(certificate.publicKey) &&
    certificate.checkPrivateKey(key) &&
    serverKey.asymmetricKeyType === 'rsa'
  );
}

/** Throws when a key or the certificate is no PEM. */
function parsed({ key, cert, serverKey }: Static<typeof AuthorityFile>): Authority {
  return {
    key: createPrivateKey(key),
    certificate: new X509Certificate(cert),
    serverKey: createPrivateKey(serverKey),
  };
}

/** Undefined when there is none or it is damaged: another one is made, which costs nobody anything. */
function savedCertificate(path: string): X509Certificate | undefined {
  try {
    const state = readStateFile(path, (value) => serverFile.Check(value));
    return state && new X509Certificate(state.cert);
  } catch {
    return undefined;
  }
}

/** RFC 5280, 4.2.1.12. */
function isForClients({ keyUsage }: X509Certificate): boolean {
  return keyUsage.includes('1.3.6.1.5.5.7.3.2');
}

/** Without the server's key, which a thread that signs does not need. */
function issuerOf({ key, certificate }: Authority): Issuer {
  return { key, certificate };
}

function pemOf(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
