import { createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { dirname, join } from 'node:path';
import { readStateFile, writeStateFile } from '@nongtin/service';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Identity } from './acl.ts';
import { MosquittoHashes } from './mosquitto/hashes.ts';
import { mosquittoHash } from './mosquitto/password.ts';
import { IDENTITY, isReservedName, type Role } from './wire/index.ts';

/**
 * Passwords of devices and gateways. They are random and long (144 bits), so a keyed hash keeps them as safe as a
 * slow one would, and a thousand reconnecting devices cost milliseconds.
 */
export interface CredentialStore {
  verify(username: string, password: Uint8Array): Identity | undefined;
  /** Makes or replaces a credential and returns its password, which is not kept: this is the only time it is seen. */
  issue(id: string, role: Role, password?: string): string;
  /** False when there was none. Stays revoked until a credential is issued, unless it `mayReturn` by seeding. */
  revoke(id: string, mayReturn?: boolean): boolean;
  isRevoked(id: string): boolean;
  list(): Identity[];
  /** By identity, as they stand in Mosquitto's password file; one that was issued before they were kept has none. */
  mosquittoHashes(): ReadonlyMap<string, string>;
  /** Called after each change. Returns the way to stop it. */
  onChange(listener: () => void): () => void;
}

const Hex32 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const CredentialFile = Type.Object({
  version: Type.Literal(1),
  /** By identity. `mac`: HMAC-SHA-256 under the server key of `role NUL id NUL password`. */
  credentials: Type.Record(
    Type.String(),
    Type.Object({
      role: Type.Union([
        Type.Literal('device'),
        Type.Literal('bridge'),
        Type.Literal('gateway'),
        Type.Literal('cloud'),
        Type.Literal('technician'),
        Type.Literal('node-red'),
      ]),
      mac: Hex32,
    }),
  ),
  revoked: Type.Array(Type.String()),
});
type Credential = Static<typeof CredentialFile>['credentials'][string];
const KeyFile = Type.Object({ version: Type.Literal(1), key: Hex32 });

const credentialFile = Compile(CredentialFile);
const keyFile = Compile(KeyFile);

/**
 * Opens (or begins) the store at `path`; the server key lies beside it as credentials.key.json, so that a copy of
 * the one file alone says nothing about passwords. Those for Mosquitto lie in credentials.mosquitto, and say nothing of random
 * passwords. Throws a StartProblem when either of the two cannot be read.
 */
export function openCredentials({ path }: { readonly path: string }): CredentialStore {
  const keyPath = join(dirname(path), 'credentials.key.json');
  const saved = readStateFile(path, (value) => credentialFile.Check(value));
  let key = readStateFile(keyPath, (value) => keyFile.Check(value))?.key;
  if (key === undefined) {
    key = randomBytes(32).toString('hex');
    writeStateFile(keyPath, { version: 1, key });
  }
  return new FileCredentials(
    path,
    new MosquittoHashes(join(dirname(path), 'credentials.mosquitto')),
    createSecretKey(key, 'hex'),
    new Map(Object.entries(saved?.credentials ?? {})),
    new Set(saved?.revoked),
  );
}

class FileCredentials implements CredentialStore {
  readonly #path: string;
  readonly #forMosquitto: MosquittoHashes;
  /** Made once: to import its bytes for each client costs more than the hash. */
  readonly #key: KeyObject;
  readonly #credentials: Map<string, Credential>;
  readonly #revoked: Set<string>;
  readonly #listeners = new Set<() => void>();
  /** Compared with when there is no such user, so that both answers take the same time. */
  readonly #nobody: Credential = { role: 'device', mac: '0'.repeat(64) };

  constructor(
    path: string,
    forMosquitto: MosquittoHashes,
    key: KeyObject,
    credentials: Map<string, Credential>,
    revoked: Set<string>,
  ) {
    this.#path = path;
    this.#forMosquitto = forMosquitto;
    this.#key = key;
    this.#credentials = credentials;
    this.#revoked = revoked;
  }

  verify(username: string, password: Uint8Array): Identity | undefined {
    const known = this.#credentials.get(username);
    const { role, mac } = known ?? this.#nobody;
    const isRight = timingSafeEqual(this.#mac(username, role, password), Buffer.from(mac, 'hex'));
    return isRight && known ? { id: username, role } : undefined;
  }

  issue(id: string, role: Role, password = randomBytes(18).toString('base64url')): string {
    if (!IDENTITY.test(id))
      throw new RangeError(`'${id}' is no identity: 1 to 64 of A-Z a-z 0-9 _ - are allowed`);
    if (isReservedName(id))
      throw new RangeError(`'${id}' begins the topics of a whole family: choose another name`);
    if (role === 'controller')
      throw new RangeError('the controller speaks inside the gateway and has no password');
    if (password === '') throw new RangeError(`the password of ${id} is empty`);
    const mac = this.#mac(id, role, Buffer.from(password)).toString('hex');
    this.#forMosquitto.keep(mac, mosquittoHash(password));
    const revoked = new Set(this.#revoked);
    revoked.delete(id);
    this.#save(new Map(this.#credentials).set(id, { role, mac }), revoked);
    this.#credentials.set(id, { role, mac });
    this.#revoked.delete(id);
    this.#tell();
    return password;
  }

  revoke(id: string, mayReturn = false): boolean {
    const rest = new Map(this.#credentials);
    if (!rest.delete(id)) return false;
    const revoked = mayReturn ? this.#revoked : new Set(this.#revoked).add(id);
    this.#save(rest, revoked);
    if (!mayReturn) this.#revoked.add(id);
    this.#credentials.delete(id);
    this.#tell();
    return true;
  }

  isRevoked(id: string): boolean {
    return this.#revoked.has(id);
  }

  list(): Identity[] {
    return [...this.#credentials].map(([id, { role }]) => ({ id, role }));
  }

  mosquittoHashes(): ReadonlyMap<string, string> {
    const all = [...this.#credentials];
    const hashes = this.#forMosquitto.of(new Set(all.map(([, { mac }]) => mac)));
    return new Map(
      all.flatMap(([id, { mac }]) => {
        const hash = hashes.get(mac);
        return hash === undefined ? [] : [[id, hash]];
      }),
    );
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #mac(id: string, role: Role, password: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(`${role}\0${id}\0`).update(password).digest();
  }

  #save(credentials: Map<string, Credential>, revoked: Set<string>): void {
    const state = { version: 1, credentials: Object.fromEntries(credentials), revoked: [...revoked] };
    writeStateFile(this.#path, state);
  }
}

/** Gives these devices (the demo's) their first password. One that a person has revoked or given another stays so. */
export function seedCredentials(store: CredentialStore, devices: Readonly<Record<string, string>>): void {
  const known = new Set(store.list().map(({ id }) => id));
  for (const [id, password] of Object.entries(devices)) {
    if (!known.has(id) && !store.isRevoked(id)) store.issue(id, 'device', password);
  }
}

/** The opposite: these passwords are no longer valid. Whoever has been given another password since keeps it. */
export function withdrawCredentials(
  store: CredentialStore,
  passwords: Readonly<Record<string, string>>,
): void {
  for (const [id, password] of Object.entries(passwords)) {
    if (store.verify(id, Buffer.from(password)) !== undefined) store.revoke(id, true);
  }
}
