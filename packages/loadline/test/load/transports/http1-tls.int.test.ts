import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { systemClock } from 'loadline/base';
import { createHttp1Transport, runLoad } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { describeTransport } from '../../contracts/transport-contract.ts';
import { planWith, scripted } from '../../simulation/simulate.ts';
import { openSender } from './sending.ts';
import { inChunks, pass, plain, serveHeads, serveSockets } from './socket-server.ts';

describeTransport('HTTP/1.1 over TLS', async () => {
  const server = await serveHeads((socket, path) => {
    if (path === '/ok') socket.write(plain('fine', 'X-Answer: yes'));
    else if (path === '/missing') socket.write('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
  }, true);
  return { transport: server.transport(), pass, stop: server.stop };
});

describe('HTTP/1.1 over TLS', () => {
  const fine = (socket: Socket): unknown => socket.write(plain('fine'));
  const serveFine = () => serveHeads(fine, true);

  it('keeps its connection, one for all requests of a user', async () => {
    const server = await serveFine();
    const sender = openSender(server.transport());
    for (let turn = 0; turn < 30; turn++)
      expect(await sender.send()).toMatchObject({ status: 200, body: 'fine' });
    expect(server.connections).toBe(1);
    await server.stop();
  });

  it.each([
    ['what nobody has signed whom it knows', { ca: undefined }, 'tls'],
    ['a certificate for another name', { target: 'https://elsewhere.example' }, 'tls'],
    ['the name that is in the certificate', { target: 'https://localhost' }, 200],
    ['what nobody has signed whom it knows, where it may', { ca: undefined, allowsUntrusted: true }, 200],
    ['another name, where it may', { target: 'https://elsewhere.example', allowsUntrusted: true }, 200],
  ])('meets %s', async (_, given, outcome) => {
    const server = await serveFine();
    const { port } = server.target;
    const transport = server.transport({
      ...given,
      target: new URL(`${'target' in given ? given.target : 'https://127.0.0.1'}:${port}`),
    } as Parameters<typeof server.transport>[0]);
    const reply = await openSender(transport).send();
    expect('reason' in reply ? reply.reason : reply.status).toBe(outcome);
    await server.stop();
  });

  it('says so of a server that speaks no TLS, and of one that leaves in the handshake', async () => {
    const plainServer = createServer((socket) =>
      socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\n\r\n'),
    );
    const leaving = await serveSockets((socket) => socket.destroy());
    await new Promise<void>((resolve) => plainServer.listen(0, '127.0.0.1', resolve));
    const address = plainServer.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const reasons: unknown[] = [];
    for (const each of [port, leaving.target.port]) {
      const target = new URL(`https://127.0.0.1:${each}`);
      const transport = createHttp1Transport({ target, address: '127.0.0.1', clock: systemClock });
      const reply = await openSender(transport).send();
      reasons.push('reason' in reply ? reply.reason : reply.status);
      transport.close();
    }
    expect(reasons[0]).toBe('tls');
    expect(['reset', 'closed', 'tls']).toContain(reasons[1]);
    plainServer.close();
    await leaving.stop();
  });

  it('ends a handshake that never ends by the time limit', async () => {
    const server = await serveSockets(() => undefined);
    const target = new URL(`https://${server.target.host}`);
    const reply = await openSender(server.transport({ target })).send({ timeoutMs: 200 });
    expect(reply).toMatchObject({
      reason: 'timeout',
      message: 'no connection within 200 ms',
      sentMs: undefined,
    });
    await server.stop();
  });

  it('counts the handshake in no service time', async () => {
    const server = await serveFine();
    const transport = server.transport();
    const startMs = systemClock.monotonicMs();
    const channelReply = await new Promise<{ readonly sentMs: number }>((resolve) => {
      const channel = transport.open({
        onResponse: ({ sentMs }) => resolve({ sentMs }),
        onFailure: () => undefined,
      });
      channel.send({
        method: 'GET',
        path: '/',
        headers: '',
        body: undefined,
        timeoutMs: 5000,
        keepsBody: false,
        isConstant: false,
      });
    });
    expect(channelReply.sentMs).toBeGreaterThan(startMs + 0.2);
    await server.stop();
  });

  it.each(['by length', 'in chunks', 'until close'])(
    'reads large bodies %s, and leaves nothing of one in the next',
    async (framing) => {
      const bodies = [5_000_000, 3, 700_001, 0, 64 * 1024].map((size, index) =>
        Buffer.alloc(size, `body ${index} `),
      );
      const server = await serveHeads((socket, path) => {
        const body = bodies[Number(path.slice(1))] as Buffer;
        if (framing === 'by length') socket.write(plain(body));
        else if (framing === 'in chunks') socket.write(inChunks(body, [1, 70_000, 16_384, 5]));
        else socket.end(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), body]));
      }, true);
      const sender = openSender(server.transport());
      for (const [index, body] of bodies.entries()) {
        const reply = await sender.send({ path: `/${index}` });
        expect(reply).toMatchObject({ status: 200 });
        expect('body' in reply && digest(reply.body)).toBe(digest(body));
      }
      expect(server.connections).toBe(framing === 'until close' ? 5 : 1);
      await server.stop();
    },
  );

  it('fails as closed where the server ends in the middle of an answer, and connects anew for the next', async () => {
    const server = await serveHeads((socket, path) => {
      if (path === '/half') socket.end(plain('half of it').subarray(0, -5));
      else fine(socket);
    }, true);
    const sender = openSender(server.transport());
    expect(await sender.send()).toMatchObject({ status: 200 });
    expect(await sender.send({ path: '/half' })).toMatchObject({ reason: 'closed' });
    expect(await sender.send()).toMatchObject({ status: 200, body: 'fine' });
    expect(server.connections).toBe(2);
    await server.stop();
  });

  it('sends large bodies whole', async () => {
    const lengths: number[] = [];
    const server = await serveSockets((socket) => {
      let received = 0;
      socket.on('data', (bytes: Buffer) => {
        received += bytes.length;
        if (received < 2_000_000) return;
        lengths.push(received);
        received = 0;
        fine(socket);
      });
    }, true);
    const sender = openSender(server.transport());
    for (const body of [Buffer.alloc(2_000_000, 'x'), 'é'.repeat(1_000_000)]) {
      const reply = await sender.send({ method: 'POST', body });
      expect(reply).toMatchObject({ status: 200, bytesOut: lengths.at(-1) });
    }
    await server.stop();
  });

  it('lets a scenario function read its answers', async () => {
    const server = await serveHeads((socket, path) => socket.write(plain(`you asked for ${path}`)), true);
    const texts: string[] = [];
    const plan = planWith({
      target: server.target.origin,
      scenarios: [
        scripted('visit', async (user) => {
          const path = `/${user.number}/${user.iteration}`;
          const text = (await user.get(path)).text();
          if (text !== `you asked for ${path}`) throw new Error(text);
          texts.push(text);
        }),
      ],
      stages: [{ kind: 'iterations', users: 10, perUser: 10, durationMs: 20_000 }],
    });
    const report = await runLoad(plan, { transport: server.transport() });
    expect([report.iterations.cutShortBecause, texts.length]).toEqual([{}, 100]);
    await server.stop();
  });
});

function digest(body: string | Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}
