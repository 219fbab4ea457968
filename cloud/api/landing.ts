import type { FastifyInstance } from 'fastify';

/** The doors for whoever opens the bare address. */
export function landingRoutes(app: FastifyInstance): void {
  app.get('/', { schema: { hide: true } }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(PAGE),
  );
}

const PAGE = `<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Nông Tín</title>
<style>body{font:1.05rem/1.6 system-ui,sans-serif;max-width:38rem;margin:3rem auto;padding:0 1rem}dt{font-weight:600}.door{display:inline-block;padding:.8rem 1.2rem;border-radius:12px;background:#1c6b3c;color:#fff;text-decoration:none}</style>
</head>
<body>
<h1>Nông Tín</h1>
<p>Truy xuất nguồn gốc và tem chống giả của hợp tác xã.<br>
<span lang="en">Proof of origin and anti-counterfeit stamps of the cooperative.</span></p>
<p><a class="door" href="/console">Trang quản lý <span lang="en">· Console</span></a></p>
<dl lang="en">
<dt><code>/01/{gtin}/21/{serial}</code></dt><dd>a stamp’s link: scan it, and the buyer’s page opens</dd>
<dt><a href="/api/openapi.json"><code>/api/openapi.json</code></a></dt><dd>the API; sign in at <code>/api/auth/sign-in/email</code></dd>
<dt><a href="/readyz"><code>/readyz</code></a></dt><dd>the state of this service and of what it depends on</dd>
</dl>
</body>
</html>
`;
