import type { Attachment, DiaryRevision, FieldValue } from './revision.ts';

/**
 * What an entry is, from the revisions that are known of it: a pure function of the set, so that phones and gateway come to
 * the same whatever came when. Each field is a register of its own: a revision's value ends those that it was made on (by
 * `madeOn`, however far back). Of values set side by side the greatest (phone's time, revision id) is shown and the others are
 * kept beside it, until a revision is made on all of them. Attachments are a set in which adding wins over removing.
 */

/** One value of a field, and the revision that set it. */
export interface Stated<Value> {
  readonly value: Value;
  readonly revisionId: string;
  readonly author: string;
  readonly phoneAtMs: number;
}

export interface DiaryField extends Stated<FieldValue> {
  /** Other values, set side by side with it by people who had not seen it; the likeliest first. */
  readonly others: readonly Stated<FieldValue>[];
}

export interface DiaryEntry {
  readonly entryId: string;
  readonly entryKind: string;
  readonly fields: Readonly<Record<string, DiaryField>>;
  /** By hash. */
  readonly attachments: readonly Attachment[];
  readonly withdrawn: boolean;
  /** Somebody changed it who had not seen the withdrawal, or withdrew it without having seen that it counts again. */
  readonly isWithdrawalContested: boolean;
  /** On which no other revision was made: the next one names them all. */
  readonly heads: readonly string[];
  /** All of them: each after those that it was made on. */
  readonly revisions: readonly DiaryRevision[];
  /** Named by its revisions and not here (yet). */
  readonly missing: readonly string[];
}

/** Entries by id, from any revisions in any order; the same one twice counts once. */
export function mergeDiary(revisions: Iterable<DiaryRevision>): ReadonlyMap<string, DiaryEntry> {
  const ofEntry = new Map<string, DiaryRevision[]>();
  for (const revision of revisions) {
    const known = ofEntry.get(revision.entryId);
    if (known === undefined) ofEntry.set(revision.entryId, [revision]);
    else known.push(revision);
  }
  return new Map([...ofEntry].map(([entryId, its]) => [entryId, mergeEntry(its)]));
}

/** One entry; throws a RangeError without a revision. */
export function mergeEntry(revisions: readonly DiaryRevision[]): DiaryEntry {
  const byId = new Map(revisions.map((revision) => [revision.revisionId, revision]));
  const all = inOrder(byId);
  const [first] = all;
  if (first === undefined) throw new RangeError('an entry has at least one revision');
  const seen = ancestors(all);
  const superseded = new Set(all.flatMap(({ madeOn }) => madeOn));
  const names = new Set(all.flatMap(({ set }) => Object.keys(set)));
  const fields = [...names].sort().map((name) => [name, fieldOf(all, seen, name)] as const);
  const heads = all.filter(({ revisionId }) => !superseded.has(revisionId));
  const withdrawal = currentOf(all, seen, ({ withdrawn }) => withdrawn);
  const withdrawn = withdrawal[0]?.value ?? false;
  const isAgreed = (head: DiaryRevision) =>
    withdrawal.some(
      ({ revisionId }) => head.revisionId === revisionId || seen.get(head.revisionId)?.has(revisionId),
    );
  return {
    entryId: first.entryId,
    entryKind: first.entryKind,
    fields: Object.fromEntries(fields),
    attachments: attachmentsOf(all, seen),
    withdrawn,
    isWithdrawalContested:
      withdrawal.some(({ value }) => value !== withdrawn) || (withdrawn && !heads.every(isAgreed)),
    heads: heads.map(({ revisionId }) => revisionId).sort(),
    revisions: all,
    missing: [...superseded].filter((id) => !byId.has(id)).sort(),
  };
}

type Ancestors = ReadonlyMap<string, ReadonlySet<string>>;

/** Later by the phones' clocks; the id decides between equals. Only of revisions of which neither was made on the other. */
function later(a: Pick<Stated<unknown>, 'phoneAtMs' | 'revisionId'>, b: typeof a): number {
  return (
    b.phoneAtMs - a.phoneAtMs || (a.revisionId < b.revisionId ? 1 : a.revisionId > b.revisionId ? -1 : 0)
  );
}

/** Each after those that it was made on, and the earliest first among equals. */
function inOrder(byId: ReadonlyMap<string, DiaryRevision>): DiaryRevision[] {
  const waiting = new Map<string, number>();
  const followers = new Map<string, DiaryRevision[]>();
  for (const revision of byId.values()) {
    const bases = new Set(revision.madeOn.filter((id) => byId.has(id)));
    waiting.set(revision.revisionId, bases.size);
    for (const base of bases) followers.set(base, [...(followers.get(base) ?? []), revision]);
  }
  const earliest = (a: DiaryRevision, b: DiaryRevision) => later(b, a);
  let ready = [...byId.values()].filter(({ revisionId }) => waiting.get(revisionId) === 0).sort(earliest);
  const ordered: DiaryRevision[] = [];
  while (ready.length > 0) {
    const [next, ...rest] = ready as [DiaryRevision, ...DiaryRevision[]];
    ordered.push(next);
    const freed = (followers.get(next.revisionId) ?? []).filter(({ revisionId }) => {
      const left = (waiting.get(revisionId) ?? 0) - 1;
      waiting.set(revisionId, left);
      return left === 0;
    });
    ready = freed.length === 0 ? rest : [...rest, ...freed].sort(earliest);
  }
  // What names itself in a circle was made by no phone of ours; it is kept all the same, behind the others.
  const rest = [...byId.values()].filter((revision) => !ordered.includes(revision));
  return [...ordered, ...rest.sort(earliest)];
}

/** What each revision has seen, near and far. */
function ancestors(ordered: readonly DiaryRevision[]): Ancestors {
  const seen = new Map<string, Set<string>>();
  for (const { revisionId, madeOn } of ordered) {
    const its = new Set<string>();
    for (const base of madeOn) {
      its.add(base);
      for (const further of seen.get(base) ?? []) its.add(further);
    }
    its.delete(revisionId);
    seen.set(revisionId, its);
  }
  return seen;
}

/** Values that no later-seeing revision has set anew, the winner first. */
function currentOf<Value>(
  ordered: readonly DiaryRevision[],
  seen: Ancestors,
  stateOf: (revision: DiaryRevision) => Value | undefined,
): Stated<Value>[] {
  const stated: Stated<Value>[] = [];
  for (const revision of ordered) {
    const value = stateOf(revision);
    const { revisionId, author, phoneAtMs } = revision;
    if (value !== undefined) stated.push({ value, revisionId, author, phoneAtMs });
  }
  const standing = stated.filter(
    ({ revisionId }) => !stated.some((other) => seen.get(other.revisionId)?.has(revisionId)),
  );
  return standing.sort(later);
}

function fieldOf(ordered: readonly DiaryRevision[], seen: Ancestors, name: string): DiaryField {
  const current = currentOf(ordered, seen, ({ set }) => (Object.hasOwn(set, name) ? set[name] : undefined));
  const [winner, ...others] = current as [Stated<FieldValue>, ...Stated<FieldValue>[]];
  return { ...winner, others: others.filter(({ value }) => value !== winner.value) };
}

function attachmentsOf(ordered: readonly DiaryRevision[], seen: Ancestors): Attachment[] {
  const attachments = new Map(ordered.flatMap(({ attach }) => attach).map((one) => [one.sha256, one]));
  return [...attachments.values()]
    .filter(({ sha256 }) => {
      const said = currentOf(ordered, seen, ({ attach, detach }) =>
        attach.some((one) => one.sha256 === sha256) ? true : detach.includes(sha256) ? false : undefined,
      );
      return said.some(({ value }) => value);
    })
    .sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
}
