import { DiaryRevision, Reason, SprayRecord } from '@nongtin/broker/wire';
import { Type } from 'typebox';
import { AtMs, Nullable } from './nullable.ts';

const Problem = Type.Object({
  path: Type.String({ description: 'where in the revision' }),
  key: Type.String(),
  figures: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
});

export const VerdictsAnswer = Type.Object({
  verdicts: Type.Array(
    Type.Object({
      revisionId: Type.String(),
      verdict: Type.Union([Type.Literal('accepted'), Type.Literal('known'), Type.Literal('refused')], {
        description: 'known: it had come before; refused: it stays with who made it, for the reasons told',
      }),
      problems: Type.Array(Problem),
    }),
  ),
});

export const RevisionsAnswer = Type.Object({
  revisions: Type.Array(
    Type.Object({
      number: Type.Integer({ description: 'of its journal entry: ask for what comes after it' }),
      receivedAtMs: AtMs,
      author: Type.String({ description: 'name of who made it' }),
      revision: DiaryRevision,
    }),
  ),
  more: Type.Boolean(),
});

const Value = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);
const stated = { value: Value, revisionId: Type.String(), author: Type.String(), phoneAtMs: AtMs };

export const DiaryAnswer = Type.Object({
  entries: Type.Array(
    Type.Object({
      entryId: Type.String(),
      entryKind: Type.String(),
      fields: Type.Record(
        Type.String(),
        Type.Object({
          ...stated,
          others: Type.Array(Type.Object(stated), {
            description: 'set side by side with it by people who had not seen it',
          }),
        }),
      ),
      attachments: Type.Array(
        Type.Object({
          sha256: Type.String(),
          mediaType: Type.String(),
          sizeBytes: Type.Integer(),
          isHere: Type.Boolean({ description: 'false: it is still on the phone' }),
        }),
      ),
      withdrawn: Type.Boolean(),
      isWithdrawalContested: Type.Boolean(),
      heads: Type.Array(Type.String()),
      revisions: Type.Array(
        Type.Object({
          number: Type.Integer(),
          receivedAtMs: AtMs,
          author: Type.String(),
          revision: DiaryRevision,
        }),
      ),
      warnings: Type.Array(Reason),
    }),
  ),
  measured: Type.Array(
    Type.Object({
      entryId: Type.String(),
      entryKind: Type.String({ description: 'watering, dosing, alarm or weather' }),
      date: Type.String(),
      startTime: Type.String(),
      endTime: Nullable(Type.String()),
      plot: Nullable(Type.String()),
      zone: Nullable(Type.String()),
      figures: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()])),
      reason: Nullable(Reason),
      journalEntries: Type.Array(Type.Integer(), { description: 'of which it is made' }),
    }),
  ),
  harvests: Type.Array(
    Type.Object({
      harvestId: Type.String(),
      atMs: AtMs,
      plot: Type.String(),
      quantityKg: Type.Number(),
      recordedBy: Type.String(),
    }),
  ),
  sprays: Type.Array(Type.Object({ number: Type.Integer(), spray: SprayRecord }), {
    description: 'told to the guard alone; those of the diary stand among its entries',
  }),
});

export const WordAnswer = Type.Object({ entryId: Type.String() });

export const AttachmentAnswer = Type.Object({
  outcome: Type.String({ description: 'more, complete, or misplaced: go on from receivedBytes' }),
  receivedBytes: Type.Integer(),
});
