import {
  type Attachment,
  attachmentTypes,
  canonicalJson,
  type DiaryEntry,
  DiaryRevision,
  fieldProblems,
  mostAttachmentBytes,
  mostRevisionBytes,
  type RevisionProblem,
} from '@nongtin/broker/wire';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Farm } from '../farm/layout.ts';
import { shapeProblems } from '../shape.ts';

/** What a revision is checked against. */
export interface Standing {
  readonly farm: Pick<Farm, 'plots'>;
  /** The account that is signed in. */
  readonly account: string;
  /** The farm's today; null: the gateway is not sure what day it is. */
  readonly latestDate: string | null;
  revision(revisionId: string): DiaryRevision | undefined;
  /** Undefined: the entry begins with it. */
  entry(entryId: string): DiaryEntry | undefined;
}

const MOST_REVISIONS_OF_ENTRY = 500;
/** Orchards were planted long ago; phones that lost their clock begin in 1970 or 1980. */
const EARLIEST_DATE = '1990-01-01';
const MEBIBYTE = 1024 * 1024;
const closed = { additionalProperties: false } as const;
/** Old records may say more or less; what a phone sends now says exactly this. */
const validator = Compile(
  Type.Object(
    {
      ...DiaryRevision.properties,
      attach: Type.Array(Type.Object(DiaryRevision.properties.attach.items.properties, closed), {
        maxItems: 10,
      }),
    },
    closed,
  ),
);

/** The revision, or what is wrong with its shape. */
export function readRevision(value: unknown): DiaryRevision | readonly RevisionProblem[] {
  if (!validator.Check(value))
    return shapeProblems(validator.Errors(value)).map((problem) => ({
      path: problem.split(/[\s:]/)[0] ?? '',
      key: 'diary_wrong_shape',
      figures: { problem },
    }));
  const bytes = Buffer.byteLength(canonicalJson(value));
  if (bytes <= mostRevisionBytes) return value;
  return [{ path: '', key: 'diary_revision_too_large', figures: { bytes, most: mostRevisionBytes } }];
}

/** Everything that is wrong with a revision that nobody has seen before; empty: it may go into the journal. */
export function revisionProblems(revision: DiaryRevision, standing: Standing): RevisionProblem[] {
  return [
    ...authorProblems(revision, standing),
    ...fieldProblems(revision),
    ...dateProblems(revision, standing),
    ...placeProblems(revision, standing.farm),
    ...attachmentProblems(revision.attach),
    ...historyProblems(revision, standing),
    ...substanceProblems(revision),
  ];
}

function authorProblems({ author }: DiaryRevision, { account }: Standing): RevisionProblem[] {
  return author === account ? [] : [{ path: 'author', key: 'diary_other_author', figures: {} }];
}

/** What was done, was done: not tomorrow, and not on the day on which a phone without a clock begins. */
function dateProblems({ set: { date } }: DiaryRevision, { latestDate }: Standing): RevisionProblem[] {
  if (typeof date !== 'string') return [];
  if (date < EARLIEST_DATE)
    return [{ path: 'set.date', key: 'diary_date_too_early', figures: { date, earliest: EARLIEST_DATE } }];
  if (latestDate === null || date <= latestDate) return [];
  return [{ path: 'set.date', key: 'diary_date_in_future', figures: { date, today: latestDate } }];
}

function placeProblems({ set }: DiaryRevision, farm: Standing['farm']): RevisionProblem[] {
  const plots = farm.plots.map(({ id }) => id);
  const zones = farm.plots.flatMap((plot) => plot.zones.map(({ id }) => id));
  const unknown = (name: 'plot' | 'zone', known: readonly string[]) => {
    const value = set[name];
    if (typeof value !== 'string' || known.includes(value)) return [];
    const figures = { place: value.slice(0, 80), known: known.join(', ') };
    return [{ path: `set.${name}`, key: `diary_${name}_unknown`, figures }];
  };
  return [...unknown('plot', plots), ...unknown('zone', zones)];
}

function attachmentProblems(attach: readonly Attachment[]): RevisionProblem[] {
  return attach.flatMap(({ sizeBytes, mediaType }, n): RevisionProblem[] => {
    const path = `attach[${n}]`;
    const known: readonly string[] = attachmentTypes;
    if (sizeBytes > mostAttachmentBytes) {
      const megabytes = Math.ceil(sizeBytes / MEBIBYTE);
      const figures = { megabytes, most: mostAttachmentBytes / MEBIBYTE };
      return [{ path: `${path}.sizeBytes`, key: 'diary_attachment_too_large', figures }];
    }
    if (known.includes(mediaType)) return [];
    const figures = { type: mediaType, known: known.join(', ') };
    return [{ path: `${path}.mediaType`, key: 'diary_attachment_type', figures }];
  });
}

function historyProblems(
  { entryId, entryKind, madeOn }: DiaryRevision,
  standing: Standing,
): RevisionProblem[] {
  const missing = madeOn.filter((id) => standing.revision(id) === undefined);
  if (missing.length > 0)
    return [{ path: 'madeOn', key: 'diary_base_unknown', figures: { missing: missing.length } }];
  if (madeOn.some((id) => standing.revision(id)?.entryId !== entryId))
    return [{ path: 'madeOn', key: 'diary_base_elsewhere', figures: {} }];
  const entry = standing.entry(entryId);
  if (entry === undefined) return [];
  if (entry.entryKind !== entryKind)
    return [{ path: 'entryKind', key: 'diary_kind_differs', figures: { kind: entry.entryKind } }];
  if (entry.revisions.length >= MOST_REVISIONS_OF_ENTRY)
    return [{ path: 'entryId', key: 'diary_entry_too_long', figures: { most: MOST_REVISIONS_OF_ENTRY } }];
  return [];
}

function substanceProblems(revision: DiaryRevision): RevisionProblem[] {
  const { set, attach, detach, withdrawn, why, madeOn } = revision;
  const isEmpty = Object.keys(set).length + attach.length + detach.length === 0 && withdrawn === undefined;
  if (isEmpty && madeOn.length > 0) return [{ path: 'set', key: 'diary_changes_nothing', figures: {} }];
  return withdrawn === true && why === undefined
    ? [{ path: 'why', key: 'diary_why_missing', figures: {} }]
    : [];
}
