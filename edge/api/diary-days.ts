import { Type } from '@fastify/type-provider-typebox';
import type { Diary } from '../diary/diary.ts';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';

const Day = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}$',
  description: "YYYY-MM-DD, the farm's calendar",
});
export const period = Type.Object({ from: Day, to: Day });
/** What is asked for at once. */
const MOST_DAYS = 400;
const DAY_MS = 86_400_000;

/** Throws an ApiProblem for what are no days, or too many. */
export async function daysOf(diary: Pick<Diary, 'days'>, from: string, to: string) {
  if (Date.parse(to) - Date.parse(from) >= MOST_DAYS * DAY_MS)
    throw new ApiProblem(
      400,
      `From ${from} to ${to} are more than ${MOST_DAYS} days: ask for fewer at a time.`,
    );
  try {
    return await diary.days(from, to);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ApiProblem(
      400,
      `from=${from} and to=${to} are no days in order: give them as 2026-11-23, the earlier one first.`,
    );
  }
}

/** As the API tells them: with names in place of accounts. */
export function shownDays(
  { entries, measured, harvests, sprays }: Awaited<ReturnType<Diary['days']>>,
  diary: ApiParts['diary'],
) {
  const author = <S extends { readonly author: string }>(stated: S) => ({
    ...stated,
    author: diary.nameOf(stated.author),
  });
  return {
    entries: entries.map(
      ({ booked, missing: _, spray: __, fields, attachments, revisions, heads, ...entry }) => ({
        ...entry,
        warnings: [...entry.warnings],
        heads: [...heads],
        fields: Object.fromEntries(
          Object.entries(fields).map(([name, field]) => [
            name,
            { ...author(field), others: field.others.map(author) },
          ]),
        ),
        attachments: attachments.map((one) => ({ ...one, isHere: diary.attachments.has(one.sha256) })),
        revisions: revisions.map((revision) => ({
          ...(booked[revision.revisionId] ?? { number: 0, receivedAtMs: 0 }),
          author: diary.nameOf(revision.author),
          revision,
        })),
      }),
    ),
    measured: measured.map((one) => ({
      ...one,
      figures: { ...one.figures },
      journalEntries: [...one.journalEntries],
    })),
    harvests: harvests.map(({ record: { harvestId, atMs, plot, quantityKg, recordedBy } }) => ({
      ...{ harvestId, atMs, plot, quantityKg, recordedBy: diary.nameOf(recordedBy) },
    })),
    sprays: sprays.map(({ number, record: spray }) => ({ number, spray })),
  };
}
