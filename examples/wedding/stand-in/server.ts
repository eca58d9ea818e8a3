import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';

/**
 * A stand-in for the wedding platform, until the platform stands: it answers the paths of load/wedding.yaml
 * with plausible JSON, keeps nothing, and knows nobody. What a run against it says is true of it alone.
 *
 *   node examples/wedding/stand-in/server.ts --port 8090
 */
export async function startStandIn(port = 0): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const wedding = { id: 'w-1', couple: 'Ann and Ben', on: '2027-06-05', place: 'The Old Barn', guests: 120 };

/** By method and path; what it takes is what was sent, as JSON where it was JSON. */
const answers: Readonly<Record<string, (sent: unknown) => Answer>> = {
  'GET /api/dashboard': () => ({
    status: 200,
    body: { vendor: { id: 'v-1', name: 'Lens and Light' }, weddings_this_month: 6, unread: 3, next: wedding },
  }),
  'GET /api/clients': () => ({
    status: 200,
    body: { clients: Array.from({ length: 20 }, (_, n) => ({ ...wedding, id: `w-${n + 1}` })), pages: 5 },
  }),
  'GET /api/weddings/upcoming': () => ({
    status: 200,
    body: { weddings: Array.from({ length: 8 }, (_, n) => ({ ...wedding, id: `w-${n + 1}` })) },
  }),
  'POST /api/forms/submit': () => ({ status: 201, body: { id: 'f-1', received: true } }),
  'POST /api/photos/upload': (sent) => ({ status: 201, body: { id: 'p-1', bytes: (sent as Buffer).length } }),
  'PUT /api/timeline/update': () => ({ status: 200, body: { version: 17, told: ['band', 'caterer'] } }),
  'POST /api/communication/send': () => ({ status: 202, body: { id: 'm-1', queued: 3 } }),
  'PUT /api/tasks/complete': () => ({ status: 200, body: { id: 't-1', done: true, left: 11 } }),
  'POST /api/payments/process': () => ({ status: 201, body: { id: 'pay-1', state: 'captured' } }),
  'POST /api/invoices/generate': () => ({
    status: 201,
    body: { id: 'i-1', number: '2027-0612', gross: 230400 },
  }),
};

const sentBytesMax = 5_000_000;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const sent = await readSent(request);
    const path = (request.url ?? '').split('?')[0];
    const found = sent === undefined ? undefined : answers[`${request.method} ${path}`];
    const status = sent === undefined ? 400 : 404;
    write(
      response,
      found?.(sent) ?? { status, body: { title: status === 400 ? 'Not readable' : 'Not found' } },
    );
  } catch {
    // Whoever sent it has gone, or sends without end.
    request.destroy();
  }
}

/** Undefined where JSON was announced and something else came. */
async function readSent(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > sentBytesMax) throw new Error('too large');
    pieces.push(piece);
  }
  const whole = Buffer.concat(pieces);
  if (!request.headers['content-type']?.startsWith('application/json')) return whole;
  try {
    return JSON.parse(whole.toString('utf8'));
  } catch {
    return undefined;
  }
}

function write(response: ServerResponse, { status, body }: Answer): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '8090' } } });
  const { port } = await startStandIn(Number(values.port));
  process.stdout.write(`A stand-in for the wedding platform answers at http://127.0.0.1:${port}.\n`);
}
