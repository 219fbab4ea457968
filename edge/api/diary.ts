import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { mostPieceBytes, mostRevisionBytes, mostRevisionsInBatch } from '@nongtin/broker/wire';
import type { Diary } from '../diary/diary.ts';
import { daysOf, period, shownDays } from './diary-days.ts';
import {
  AttachmentAnswer,
  DiaryAnswer,
  RevisionsAnswer,
  VerdictsAnswer,
  WordAnswer,
} from './diary-schemas.ts';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { person } from './revised.ts';
import { ApiError } from './schemas.ts';
import { whenWritable } from './writable.ts';

const params = Type.Object({ sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) });
/** In English, for who reads the API's answers; the pages say it by key. */
const refusals: Readonly<Record<string, string>> = {
  diary_piece_size:
    'This piece is empty, too large, or reaches beyond the size that the diary names: send at most the bytes that are missing.',
  diary_no_room:
    'There is no room for more photos on the gateway: tell the technician, and keep it on the phone.',
  diary_other_bytes:
    'These are not the bytes that the diary names (SHA-256 differs), so none of them is kept: send it again from the start.',
  diary_other_content:
    'The file is not what it is said to be: attach a JPEG, PNG or WebP picture, or a WebM, Ogg or MP4 voice note.',
  diary_tells_place: 'The picture says where it was taken (GPS): send it without; the entry names the plot.',
};

/** The farm's diary: what phones send and fetch, and the days as they stand. */
export const diaryRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  const { diary } = parts;

  app.post(
    '/api/diary/revisions',
    {
      bodyLimit: mostRevisionsInBatch * mostRevisionBytes,
      preHandler: whenWritable(parts),
      schema: {
        body: Type.Object(
          {
            // Each is judged by itself: one that is wrong keeps no other one out.
            revisions: Type.Array(Type.Unknown(), { minItems: 1, maxItems: mostRevisionsInBatch }),
          },
          { additionalProperties: false },
        ),
        response: { 200: VerdictsAnswer, 400: ApiError, 503: ApiError },
      },
    },
    async ({ body, account }) => {
      const verdicts = await diary.accept(body.revisions, person(account));
      return {
        verdicts: verdicts.map(({ problems, ...verdict }) => ({
          ...verdict,
          problems: problems.map((problem) => ({ ...problem, figures: { ...problem.figures } })),
        })),
      };
    },
  );

  app.get(
    '/api/diary/revisions',
    {
      schema: {
        querystring: Type.Object({
          after: Type.Integer({ minimum: 0, default: 0 }),
          limit: Type.Integer({ minimum: 1, maximum: 500, default: 200 }),
        }),
        response: { 200: RevisionsAnswer },
      },
    },
    async ({ query: { after, limit } }) => {
      const revisions = diary.revisionsAfter(after, limit);
      const named = revisions.map((one) => ({ ...one, author: diary.nameOf(one.revision.author) }));
      return { revisions: named, more: revisions.length === limit };
    },
  );

  app.get(
    '/api/diary',
    { schema: { querystring: period, response: { 200: DiaryAnswer, 400: ApiError } } },
    async ({ query: { from, to } }) => shownDays(await daysOf(diary, from, to), diary),
  );

  app.post(
    '/api/diary/entries/:entry/word',
    {
      preHandler: whenWritable(parts),
      schema: {
        params: Type.Object({ entry: Type.String({ minLength: 1, maxLength: 64 }) }),
        body: Type.Object({ why: Type.String({ minLength: 1, maxLength: 500, pattern: '\\S' }) }),
        response: { 200: WordAnswer, 404: ApiError, 409: ApiError, 503: ApiError },
      },
    },
    async ({ params: { entry }, body: { why }, account }) => {
      const given = await diary.giveWord(entry, person(account), why.trim());
      if (given === undefined)
        throw new ApiProblem(
          404,
          `The diary has no spraying and no harvest '${entry}' to give a word about.`,
        );
      const [bar] = given.barred;
      if (bar !== undefined)
        throw new ApiProblem(
          409,
          `Nothing was changed (${bar.key}): a harvest inside an interval is let be by a manager.`,
          bar,
        );
      return { entryId: entry };
    },
  );

  app.get(
    '/api/diary/attachments/:sha256/received',
    { schema: { params, response: { 200: AttachmentAnswer, 404: ApiError } } },
    async ({ params: { sha256 } }) => {
      const attachment = named(diary, sha256);
      const receivedBytes = diary.attachments.receivedBytes(attachment);
      return { outcome: receivedBytes === attachment.sizeBytes ? 'complete' : 'more', receivedBytes };
    },
  );

  app.get(
    '/api/diary/attachments/:sha256',
    { schema: { params, response: { 200: Type.Unknown({ description: 'its bytes' }), 404: ApiError } } },
    async ({ params: { sha256 } }, reply) => {
      const { mediaType, sizeBytes } = named(diary, sha256);
      if (!diary.attachments.has(sha256))
        throw new ApiProblem(
          404,
          'It is still on the phone that took it: sign in there while it is on the farm.',
        );
      return reply
        .header('cache-control', 'private, max-age=31536000, immutable')
        .header('content-length', sizeBytes)
        .type(mediaType)
        .send(diary.attachments.read(sha256));
    },
  );

  await app.register(async (bytes) => {
    bytes.addContentTypeParser(
      'application/octet-stream',
      { parseAs: 'buffer' },
      async (_: unknown, body: Buffer) => body,
    );
    bytes.put<{ Params: { sha256: string }; Querystring: { offset: number }; Body: Uint8Array }>(
      '/api/diary/attachments/:sha256',
      {
        bodyLimit: mostPieceBytes,
        schema: {
          params,
          querystring: Type.Object({ offset: Type.Integer({ minimum: 0 }) }),
          response: { 200: AttachmentAnswer, 400: ApiError, 404: ApiError },
        },
      },
      async ({ params: { sha256 }, query: { offset }, body }) => {
        const attachment = named(diary, sha256);
        if (!(body instanceof Uint8Array))
          throw new ApiProblem(400, 'Send the bytes themselves, as application/octet-stream.');
        const outcome = diary.attachments.append(attachment, offset, body);
        if (outcome.outcome !== 'refused') return outcome;
        const { key, figures } = outcome;
        throw new ApiProblem(400, refusals[key] ?? key, { key, figures: { ...figures } });
      },
    );
  });
};

/** What is stored is what an accepted revision names, nothing else. */
function named(diary: Pick<Diary, 'attachment'>, sha256: string) {
  const attachment = diary.attachment(sha256);
  if (attachment === undefined)
    throw new ApiProblem(
      404,
      'No entry of the diary names this file: send the entry first, then its photos.',
    );
  return attachment;
}
