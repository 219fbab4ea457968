import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { ReportMaker } from '../diary/report/make.ts';
import { diaryReport } from '../diary/report/report.ts';
import { daysOf, period, shownDays } from './diary-days.ts';
import type { ApiParts } from './parts.ts';
import { ApiError } from './schemas.ts';

const Format = Type.Union([Type.Literal('pdf'), Type.Literal('xlsx'), Type.Literal('json')]);

const types = {
  pdf: 'application/pdf',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  json: 'application/json; charset=utf-8',
} as const;

/** The diary as a file, for auditors: everything of some days, with who changed what. */
export const diaryExportRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  const { diary, layout, identity, clock } = parts;
  const maker = new ReportMaker();

  app.get(
    '/api/diary/export',
    {
      schema: {
        querystring: Type.Object({ ...period.properties, format: Format }),
        response: { 200: Type.Unknown({ description: 'the file' }), 400: ApiError },
      },
    },
    async ({ query: { from, to, format } }, reply) => {
      const days = await daysOf(diary, from, to);
      const { farm } = layout;
      const made = { madeAtMs: clock.nowMs(), gateway: identity.id, publicKey: identity.publicKey };
      reply
        .header('content-disposition', `attachment; filename="nhat-ky-${from}-${to}.${format}"`)
        .header('cache-control', 'no-store')
        .type(types[format]);
      if (format === 'json') {
        const plots = farm.plots.map(({ id, name, crop, areaHectares, plantingAreaCode }) => ({
          ...{ id, name, crop, areaHectares, plantingAreaCode: plantingAreaCode ?? null },
        }));
        const head = { format: 'nongtin-diary-1', farm: farm.site, from, to, ...made, plots };
        return reply.send({ ...head, ...shownDays(days, diary) });
      }
      const nameOf = (account: string) => diary.nameOf(account);
      const report = diaryReport(days, { farm, fromDate: from, toDate: to, ...made, nameOf });
      return reply.send(Buffer.from(await maker.make(report, format)));
    },
  );
};
