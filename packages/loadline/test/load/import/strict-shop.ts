import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A shop that makes up everything anew, and forgives nothing: whoever sends what was recorded is found out. */
export interface StrictShop extends AsyncDisposable {
  readonly origin: string;
  /** What did not fit what the shop had handed out. */
  readonly mistakes: readonly string[];
  /** Orders that were made and then confirmed. */
  readonly confirmed: ReadonlySet<string>;
}

export const shopPassword = 'hunter2-and-more';

export async function openStrictShop(): Promise<StrictShop> {
  const mistakes: string[] = [];
  const confirmed = new Set<string>();
  const forms = new Map<string, string>();
  const sessions = new Set<string>();
  const tokens = new Set<string>();
  const orders = new Set<string>();

  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://shop');
    const cookies = new Map(
      (request.headers.cookie ?? '').split('; ').map((pair) => pair.split('=') as [string, string]),
    );
    const refuse = (why: string): void => {
      mistakes.push(`${request.method} ${request.url}: ${why}`);
      response.writeHead(403).end();
    };
    const page = (html: string, headers: Record<string, string> = {}): void => {
      response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(html);
    };
    const json = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    const isKnown = (): boolean => tokens.has((request.headers.authorization ?? '').replace('Bearer ', ''));
    const order = /^\/api\/orders\/([^/]+)/.exec(pathname)?.[1];
    switch (`${request.method} ${order === undefined ? pathname : pathname.replace(order, ':id')}`) {
      case 'GET /': {
        const [visitor, token] = [randomUUID(), randomUUID()];
        forms.set(visitor, token);
        page(loginPage(token), { 'set-cookie': `visitor=${visitor}; Path=/; HttpOnly` });
        return;
      }
      case 'POST /login': {
        const form = new URLSearchParams(body);
        if (form.get('form_token') !== forms.get(cookies.get('visitor') ?? ''))
          return refuse('a foreign form token');
        if (form.get('password') !== shopPassword) return refuse('a wrong password');
        const session = randomUUID();
        sessions.add(session);
        response.writeHead(303, { location: '/app', 'set-cookie': `session=${session}; Path=/` }).end();
        return;
      }
      case 'GET /app':
        if (!sessions.has(cookies.get('session') ?? '')) return refuse('no session');
        page(appPage);
        return;
      case 'GET /api/me': {
        if (!sessions.has(cookies.get('session') ?? '')) return refuse('no session');
        const token = `tok-${randomUUID()}`;
        tokens.add(token);
        json(200, { token, name: 'Ann # "quoted": {{braces}}' });
        return;
      }
      case 'POST /api/orders': {
        if (!isKnown()) return refuse('a foreign token');
        const id = randomUUID();
        orders.add(id);
        json(201, { order: { id, lines: (JSON.parse(body) as { lines: unknown[] }).lines } });
        return;
      }
      case 'GET /api/orders/:id':
        if (!isKnown() || !orders.has(order ?? '')) return refuse('a foreign order');
        json(200, { id: order });
        return;
      case 'PUT /api/orders/:id/confirm': {
        const sent = JSON.parse(body) as { orderId: string; note: string };
        const isRight =
          isKnown() && orders.has(order ?? '') && sent.orderId === order && searchParams.get('id') === order;
        if (!isRight || sent.note !== 'to: {{you}} & "me" #1') return refuse(`not what was meant: ${body}`);
        confirmed.add(order ?? '');
        response.writeHead(204).end();
        return;
      }
      case 'GET /logo.png':
        response.writeHead(200, { 'content-type': 'image/png' }).end();
        return;
      default:
        response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mistakes,
    confirmed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

const loginPage = (token: string): string => `<!doctype html><title>Log in</title><img src="/logo.png">
<form method="post" action="/login"><input type="hidden" name="form_token" value="${token}">
<input name="user"><input name="password" type="password"><button>Log in</button></form>`;

const appPage = `<!doctype html><title>Shop</title><img src="/logo.png"><button>Order</button><output></output><script>
document.querySelector('button').onclick = async () => {
  const { token } = await (await fetch('/api/me')).json();
  const send = (method, path, body) => fetch(path, { method, headers: { authorization: 'Bearer ' + token, 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  const { order } = await (await send('POST', '/api/orders', { lines: [{ item: 'rings', count: 2 }] })).json();
  await send('GET', '/api/orders/' + order.id);
  await send('PUT', '/api/orders/' + order.id + '/confirm?id=' + order.id, { orderId: order.id, note: 'to: {{you}} & "me" #1' });
  document.querySelector('output').textContent = 'done';
};</script>`;
