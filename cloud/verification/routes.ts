import rateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { Rpc } from '@nongtin/contracts/encoding';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isGtin14 } from '../cooperatives/gtin.ts';
import type { GuessLimit } from '../stamps/index.ts';
import type { ChainDoor } from './answer.ts';
import { escapeHtml, pageTemplate, plainPage, renderPage } from './page.ts';
import { relay } from './rpc-relay.ts';
import type { Verifier } from './verifier.ts';
import { languageOf, words } from './words.ts';

export interface VerificationRoutesOptions {
  readonly verifier: Verifier;
  /** Folder of the built page: index.html and assets/. It need not be there. */
  readonly pageFolder: string;
  /** The chain as buyers reach it; undefined while nothing is deployed. */
  readonly chain: () => ChainDoor | undefined;
  /** Our contracts' addresses, all that the relay lets anybody call. */
  readonly contracts: () => readonly string[];
  /** One JSON-RPC call to the chain. */
  readonly rpc: Rpc;
  /** Keeps who guesses serials from guessing fast. */
  readonly guesses: GuessLimit;
  /** Requests of one address a minute, default 600: whole provinces share one address of their mobile operator. */
  readonly requestsPerMinute?: number;
}

const StampParams = Type.Object({ gtin: Type.String(), serial: Type.String() });
const LotParams = Type.Object({ lotNumber: Type.String({ minLength: 1, maxLength: 20 }) });
const PageQuery = Type.Object({ lang: Type.Optional(Type.String()) });
const MAX_RPC_BYTES = 64 * 1024;

/** What a buyer meets: the stamp's link, the page, our answer, and the way to the chain. */
export const verificationRoutes: FastifyPluginAsyncTypebox<VerificationRoutesOptions> = async (
  app,
  options,
) => {
  const { verifier, guesses } = options;
  const verify = async (request: FastifyRequest, gtin: string, serial: string) => {
    const tell = guesses.begin(request.ip);
    if (tell === undefined) throw tooManyGuesses();
    let isGuess = false;
    try {
      const answer = await verifier.verify(gtin, serial);
      isGuess = answer.problem === 'unknown';
      return answer;
    } finally {
      tell(isGuess);
    }
  };
  const template = pageTemplate(`${options.pageFolder}/index.html`);
  await app.register(rateLimit, { max: options.requestsPerMinute ?? 600, timeWindow: 60_000 });
  await app.register(fastifyStatic, {
    root: `${options.pageFolder}/assets`,
    prefix: '/v/assets/',
    decorateReply: false,
    index: false,
    // File names carry a hash of what is in them.
    maxAge: '1d',
  });

  app.get('/01/:gtin/21/:serial', { schema: { params: StampParams } }, async (request, reply) => {
    const { gtin, serial } = request.params;
    if (!isGtin14(gtin) || !isSerialSyntax(serial)) return badLink(request, reply);
    const page = `/v/${gtin}/${encodeURIComponent(serial.toUpperCase())}`;
    const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
    return reply
      .code(307)
      .headers({
        location: page + query,
        link: `<${page}>; rel="https://ref.gs1.org/voc/defaultLink"`,
        'access-control-allow-origin': '*',
        'cache-control': 'no-store',
      })
      .send();
  });

  app.get(
    '/v/:gtin/:serial',
    { schema: { params: StampParams, querystring: PageQuery } },
    async (request, reply) => {
      const { gtin, serial } = request.params;
      const language = languageOf(request.query.lang, request.headers['accept-language']);
      const answer = await verify(request, gtin, serial);
      return html(reply, renderPage(await template(), answer, language), answer.chain?.rpcUrls ?? []);
    },
  );

  app.get('/api/verify/:gtin/:serial', { schema: { params: StampParams } }, async (request, reply) => {
    reply.header('cache-control', 'no-store').header('access-control-allow-origin', '*');
    return verify(request, request.params.gtin, request.params.serial);
  });

  app.get('/api/proofs/stamps/:gtin/:serial', { schema: { params: StampParams } }, async (request, reply) => {
    const { gtin, serial } = request.params;
    reply.header('cache-control', 'no-store').header('access-control-allow-origin', '*');
    const { answer, bundle } = await verify(request, gtin, serial);
    if (bundle !== null) return download(reply, `${gtin}-${serial.toUpperCase()}`, bundle);
    return answer === 'not_ours'
      ? noProof(reply, 404, 'There is no such stamp.')
      : noProof(reply, 503, NOT_YET);
  });

  app.get('/api/proofs/lots/:lotNumber', { schema: { params: LotParams } }, async (request, reply) => {
    const { lotNumber } = request.params;
    const bundle = await verifier.proofOfLot(lotNumber);
    if (bundle) return download(reply, lotNumber, bundle);
    return bundle === undefined
      ? noProof(reply, 404, `There is no lot ${lotNumber}.`)
      : noProof(reply, 503, NOT_YET);
  });

  app.post('/rpc', { bodyLimit: MAX_RPC_BYTES }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    return relay(options, request.body);
  });
};

const NOT_YET = 'It waits for its anchor: try again in a minute.';

function download(reply: FastifyReply, name: string, bundle: object): FastifyReply {
  const safe = name.replace(/[^0-9A-Za-z-]/g, '_');
  return reply.header('content-disposition', `attachment; filename="proof-${safe}.json"`).send(bundle);
}

function noProof(reply: FastifyReply, status: 404 | 503, message: string): FastifyReply {
  const error =
    status === 404
      ? { kind: 'your_input', code: 'unknown', message }
      : { kind: 'try_later', code: 'not_anchored_yet', message };
  return reply.code(status).send({ error });
}

/** For the app's error handler: try again later. */
function tooManyGuesses(): Error {
  const message = 'Too many codes that are none came from here: try again in a minute.';
  return Object.assign(new Error(message), { statusCode: 429 });
}

function badLink(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const language = languageOf(undefined, request.headers['accept-language']);
  const body = `<main><p><strong>${escapeHtml(words[language].badLink)}</strong></p></main>`;
  return html(reply.code(400), plainPage(language, body), []);
}

/** AI 21: 1 to 20 characters of GS1's character set 82 (General Specifications, section 7.11). */
function isSerialSyntax(text: string): boolean {
  return /^[!"%&'()*+,\-./0-9:;<=>?A-Za-z_]{1,20}$/.test(text);
}

/** Only our own script runs on the page, and it talks to us and to the chain's endpoints. */
function html(reply: FastifyReply, text: string, rpcUrls: readonly string[]): FastifyReply {
  const origins = rpcUrls.filter((url) => URL.canParse(url)).map((url) => new URL(url).origin);
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src ${["'self'", ...origins].join(' ')}`,
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return reply
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    .send(text);
}
