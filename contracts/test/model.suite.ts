import { id, ZeroAddress, ZeroHash } from 'ethers';

/** A refusal as the contracts word it. Only the name and what the model is sure of are compared. */
export class Refusal extends Error {
  readonly error: string;
  readonly values: readonly unknown[];

  constructor(error: string, ...values: readonly unknown[]) {
    super(error);
    this.error = error;
    this.values = values;
  }
}

interface ModelKey {
  validFrom: bigint;
  revokedFrom: bigint;
  kind: bigint;
  publicKeyHash: string;
  validUntil: bigint;
}

interface Proposal {
  readonly keyId: string;
  readonly kind: bigint;
  readonly publicKeyHash: string;
  readonly replaced: string;
  readonly overlap: bigint;
}

interface ModelCooperative {
  admin: string;
  standing: 1n | 2n;
  readonly admittedAt: bigint;
  readonly keys: Map<string, ModelKey>;
  proposal: Proposal | undefined;
  proposedAdmin: string;
}

interface Handover {
  readonly to: string;
  readonly schedule: bigint;
}

/** Who does what, when (seconds). Addresses in lower case. */
interface Act {
  readonly sender: string;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly time: bigint;
}

export const ADMIN = ZeroHash;
/** Seconds, of both contracts as they stand on the stage. */
const ADMIN_DELAY = 60n;
const ADMINISTRATION = [
  'grantRole',
  'revokeRole',
  'renounceRole',
  'beginDefaultAdminTransfer',
  'cancelDefaultAdminTransfer',
  'acceptDefaultAdminTransfer',
];
const ANCHORER = id('ANCHORER_ROLE');
const GUARDIAN = id('GUARDIAN_ROLE');
const ALLIANCE = id('ALLIANCE_ROLE');
export const ALLIANCE_ISSUER = id('nongtin.issuer/alliance');

/** What both contracts are meant to do, said once more and with nothing in common with the Solidity. */
export class Model {
  readonly cooperatives = new Map<string, ModelCooperative>();
  readonly anchors = new Map<string, { time: bigint; size: bigint }>();
  /** Keys: issuer and leaf. */
  readonly revoked = new Map<string, bigint>();
  /** Keys: issuer, leaf and index of the stamp. */
  readonly stamps = new Set<string>();
  /** Keys: contract, role and account. */
  readonly roles = new Set<string>();
  /** Per contract: who may become its administrator, and from when on (seconds); zero: nobody. */
  readonly handovers = new Map<string, Handover>();
  readonly #hashOf: (address: string) => string;

  constructor(alliance: string, hashOf: (address: string) => string) {
    this.#hashOf = hashOf;
    this.roles.add(`anchors ${ADMIN} ${alliance}`).add(`cooperatives ${ADMIN} ${alliance}`);
    this.roles.add(`cooperatives ${ALLIANCE} ${alliance}`);
  }

  /** Does it, or throws a Refusal and leaves all as it is. */
  act(contract: 'anchors' | 'cooperatives', act: Act): void {
    if (ADMINISTRATION.includes(act.name)) this.#administer(contract, act);
    else if (contract === 'anchors') this.#anchors(act);
    else this.#registry(act);
  }

  mayActFor(cooperativeId: string, caller: string): boolean {
    return this.cooperatives.has(cooperativeId) && this.#isInCharge(cooperativeId, caller);
  }

  #administer(contract: string, act: Act): void {
    if (act.name.endsWith('Role')) this.#changeRole(contract, act);
    else this.#handOver(contract, act);
  }

  #handOver(contract: string, { sender, name, args, time }: Act): void {
    if (name !== 'acceptDefaultAdminTransfer') {
      this.#requireRole(contract, ADMIN, sender);
      const begun = { to: String(args[0]), schedule: time + ADMIN_DELAY };
      if (name === 'beginDefaultAdminTransfer') this.handovers.set(contract, begun);
      else this.handovers.delete(contract);
      return;
    }
    const handover = this.handovers.get(contract);
    if (handover?.to !== sender) throw new Refusal('AccessControlInvalidDefaultAdmin');
    requirePassed(handover, time);
    const before = this.adminOf(contract);
    this.roles.delete(`${contract} ${ADMIN} ${before}`);
    this.roles.add(`${contract} ${ADMIN} ${sender}`);
    this.handovers.delete(contract);
  }

  /** ZeroAddress: the last one has given it up. */
  adminOf(contract: string): string {
    const prefix = `${contract} ${ADMIN} `;
    return [...this.roles].find((entry) => entry.startsWith(prefix))?.slice(prefix.length) ?? ZeroAddress;
  }

  #changeRole(contract: string, { sender, name, args: [role, account], time }: Act): void {
    if (name === 'renounceRole') {
      const handover = this.handovers.get(contract);
      const isLast = role === ADMIN && account === this.adminOf(contract);
      // Only what was announced to lead to nobody, and for long enough.
      if (isLast && handover?.to !== ZeroAddress)
        throw new Refusal('AccessControlEnforcedDefaultAdminDelay', handover?.schedule ?? 0n);
      if (isLast) requirePassed(handover, time);
      if (account !== sender) throw new Refusal('AccessControlBadConfirmation');
      if (isLast) this.handovers.delete(contract);
      this.roles.delete(`${contract} ${role} ${account}`);
      return;
    }
    if (role === ADMIN) throw new Refusal('AccessControlEnforcedDefaultAdminRules');
    this.#requireRole(contract, ADMIN, sender);
    const entry = `${contract} ${role} ${account}`;
    if (name === 'grantRole') this.roles.add(entry);
    else this.roles.delete(entry);
  }

  #anchors({ sender, name, args, time }: Act): void {
    const [first, second] = args as [string, string];
    switch (name) {
      case 'anchor': {
        this.#requireRole('anchors', ANCHORER, sender);
        if (first === ZeroHash) throw new Refusal('ZeroRoot', first);
        if (BigInt(second) === 0n) throw new Refusal('ZeroTreeSize', 0n);
        if (this.anchors.has(first)) throw new Refusal('AlreadyAnchored', first);
        this.anchors.set(first, { time, size: BigInt(second) });
        return;
      }
      case 'suspendAnchorer':
        this.#requireRole('anchors', GUARDIAN, sender);
        this.roles.delete(`anchors ${ANCHORER} ${first}`);
        return;
      case 'revoke':
        this.#requireIssuer(first, sender);
        if (second === ZeroHash) throw new Refusal('ZeroLeaf', second);
        if (!this.revoked.has(`${first} ${second}`)) this.revoked.set(`${first} ${second}`, time);
        return;
      case 'revokeRange': {
        this.#requireIssuer(first, sender);
        if (second === ZeroHash) throw new Refusal('ZeroLeaf', second);
        const [from, to] = args.slice(2).map(Number) as [number, number];
        if (from > to) throw new Refusal('EmptyRange', BigInt(from), BigInt(to));
        const words = Math.floor(to / 256) - Math.floor(from / 256) + 1;
        if (words > 256) throw new Refusal('RangeTooLong', BigInt(words));
        for (let index = from; index <= to; index++) this.stamps.add(`${first} ${second} ${index}`);
        return;
      }
      default:
        throw new Error(`the model has no ${name}`);
    }
  }

  #registry(act: Act): void {
    const { sender, name, args } = act;
    const cooperativeId = String(args[0]);
    if (name === 'admit') this.#admit(act, cooperativeId, String(args[2]));
    else if (name === 'suspend') this.#changeStanding(act, cooperativeId, 1n);
    else if (name === 'reinstate') this.#changeStanding(act, cooperativeId, 2n);
    else if (name === 'acceptAdmin') this.#acceptAdmin(sender, cooperativeId);
    else if (name === 'acceptKey') this.#acceptKey(act, cooperativeId, String(args[1]));
    else this.#charged(act, cooperativeId);
  }

  /** What only who is in charge of the cooperative may do. */
  #charged({ sender, name, args, time }: Act, cooperativeId: string): void {
    if (!this.#isInCharge(cooperativeId, sender)) throw new Refusal('NotInCharge', cooperativeId);
    const cooperative = this.cooperatives.get(cooperativeId);
    if (name === 'retireKey' || name === 'revokeKey') {
      const key = cooperative?.keys.get(String(args[1]));
      if (key === undefined) throw new Refusal('UnknownKey', args[1]);
      endKey(key, name, BigInt(String(args[2])), time);
      return;
    }
    if (cooperative === undefined) throw new Refusal('WrongStanding', cooperativeId, 0n);
    if (name === 'proposeAdmin') cooperative.proposedAdmin = String(args[1]);
    else if (name === 'setKey') addKey(cooperative, args.slice(1), time);
    else if (name === 'proposeKey') propose(cooperative, args.slice(1));
    else throw new Error(`the model has no ${name}`);
  }

  #admit({ sender, time }: Act, cooperativeId: string, admin: string): void {
    this.#requireRole('cooperatives', ALLIANCE, sender);
    if (cooperativeId === ZeroHash) throw new Refusal('ZeroCooperativeId', cooperativeId);
    if (cooperativeId === ALLIANCE_ISSUER) throw new Refusal('ReservedCooperativeId', cooperativeId);
    if (admin === ZeroAddress) throw new Refusal('NoAdmin', admin);
    const known = this.cooperatives.get(cooperativeId);
    if (known !== undefined) throw new Refusal('WrongStanding', cooperativeId, known.standing);
    this.cooperatives.set(cooperativeId, {
      ...{ admin, standing: 1n, admittedAt: time, keys: new Map() },
      ...{ proposal: undefined, proposedAdmin: ZeroAddress },
    });
  }

  #changeStanding({ sender }: Act, cooperativeId: string, from: 1n | 2n): void {
    this.#requireRole('cooperatives', ALLIANCE, sender);
    const cooperative = this.cooperatives.get(cooperativeId);
    if (cooperative?.standing !== from)
      throw new Refusal('WrongStanding', cooperativeId, cooperative?.standing ?? 0n);
    cooperative.standing = from === 1n ? 2n : 1n;
    if (from === 2n) return;
    cooperative.proposal = undefined;
    cooperative.proposedAdmin = ZeroAddress;
  }

  #acceptAdmin(sender: string, cooperativeId: string): void {
    const cooperative = this.cooperatives.get(cooperativeId);
    if (cooperative?.proposedAdmin !== sender) throw new Refusal('NotProposed', cooperativeId);
    cooperative.admin = sender;
    cooperative.proposedAdmin = ZeroAddress;
  }

  #acceptKey({ sender, time }: Act, cooperativeId: string, keyId: string): void {
    const cooperative = this.cooperatives.get(cooperativeId);
    const proposal = cooperative?.proposal;
    const isHis = proposal?.keyId === keyId && proposal.publicKeyHash === this.#hashOf(sender);
    if (cooperative === undefined || proposal === undefined || !isHis)
      throw new Refusal('NotProposed', cooperativeId);
    addKey(cooperative, [keyId, proposal.kind, proposal.publicKeyHash], time);
    cooperative.proposal = undefined;
    const replaced = cooperative.keys.get(proposal.replaced);
    if (replaced === undefined) return;
    const end = time + proposal.overlap;
    if (replaced.validUntil === 0n || replaced.validUntil > end) replaced.validUntil = end;
  }

  #isInCharge(cooperativeId: string, caller: string): boolean {
    const cooperative = this.cooperatives.get(cooperativeId);
    const isAdmin = cooperative?.standing === 1n && cooperative.admin === caller;
    return isAdmin || this.roles.has(`cooperatives ${ALLIANCE} ${caller}`);
  }

  #requireIssuer(issuer: string, sender: string): void {
    const isAlliance = this.roles.has(`cooperatives ${ALLIANCE} ${sender}`);
    const allowed = issuer === ALLIANCE_ISSUER ? isAlliance : this.mayActFor(issuer, sender);
    if (!allowed) throw new Refusal('NotIssuer', issuer);
  }

  #requireRole(contract: string, role: string, sender: string): void {
    if (!this.roles.has(`${contract} ${role} ${sender}`))
      throw new Refusal('AccessControlUnauthorizedAccount');
  }
}

function requirePassed(handover: Handover | undefined, time: bigint): void {
  const schedule = handover?.schedule ?? 0n;
  if (schedule === 0n || schedule >= time)
    throw new Refusal('AccessControlEnforcedDefaultAdminDelay', schedule);
}

function endKey(key: ModelKey, name: 'retireKey' | 'revokeKey', at: bigint, now: bigint): void {
  const [stands, refusal] =
    name === 'retireKey'
      ? ([key.validUntil, new Refusal('WrongEnd', at)] as const)
      : ([key.revokedFrom, new Refusal('WrongRevocationTime', at)] as const);
  const isPossible = name === 'retireKey' ? at >= now : at >= key.validFrom && at <= now;
  if (!isPossible || (stands !== 0n && at >= stands)) throw refusal;
  if (name === 'retireKey') key.validUntil = at;
  else key.revokedFrom = at;
}

function addKey(cooperative: ModelCooperative, args: readonly unknown[], validFrom: bigint): void {
  const [keyId, kind, publicKeyHash] = args as [string, unknown, string];
  if (cooperative.keys.has(keyId)) throw new Refusal('KeyAlreadySet', keyId);
  const key = { validFrom, revokedFrom: 0n, kind: BigInt(String(kind)), publicKeyHash, validUntil: 0n };
  cooperative.keys.set(keyId, key);
}

function propose(cooperative: ModelCooperative, args: readonly unknown[]): void {
  const [keyId, kind, publicKeyHash, replaced, overlap] = args as [string, unknown, string, string, unknown];
  if (cooperative.keys.has(keyId)) throw new Refusal('KeyAlreadySet', keyId);
  if (replaced !== ZeroHash && !cooperative.keys.has(replaced)) throw new Refusal('UnknownKey', replaced);
  const [kindNumber, seconds] = [BigInt(String(kind)), BigInt(String(overlap))];
  cooperative.proposal = { keyId, kind: kindNumber, publicKeyHash, replaced, overlap: seconds };
}
