import { createHash } from 'node:crypto';
import { request as ask } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  bodyOf,
  echo,
  eventually,
  exchange,
  get,
  getOnce,
  proxyBefore,
  RawClient,
  serve,
  serveRaw,
} from './proxied.ts';

describe('the embedded proxy hands on', () => {
  it('requests over one connection of a client, and answers over it, in their order', async () => {
    await using server = await serve(echo);
    await using proxy = await proxyBefore([server]);
    const heard = await new RawClient(proxy.port).send(get('/1') + get('/2') + getOnce('/3')).ends();
    expect([...heard.matchAll(/"url":"(\/\d)"/g)].map(([, url]) => url)).toEqual(['/1', '/2', '/3']);
    expect(heard.match(/HTTP\/1.1 200 OK/g)).toHaveLength(3);
    expect(server.sockets.size).toBe(1);
  });

  it.each([
    ['by length', 'Content-Length: 11\r\n\r\nhello world'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\n\r\n'],
  ])('a body %s', async (_, rest) => {
    await using server = await serve(echo);
    await using proxy = await proxyBefore([server]);
    const heard = await exchange(
      proxy.port,
      `POST /a HTTP/1.1\r\nHost: test\r\nConnection: close\r\n${rest}`,
    );
    expect(heard).toContain('"method":"POST","url":"/a"');
    expect(heard).toContain('"body":"hello world"');
  });

  it('trailers both ways', async () => {
    await using server = await serve(async (request, response) => {
      await bodyOf(request);
      response.setHeader('trailer', 'x-sum');
      response.write('a');
      response.addTrailers({ 'x-sum': `of ${request.trailers['x-sum']}` });
      response.end();
    });
    await using proxy = await proxyBefore([server]);
    const heard = await exchange(
      proxy.port,
      'POST / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 7\r\n\r\n',
    );
    expect(heard).toMatch(/\r\n\r\n1\r\na\r\n0\r\nx-sum: of 7\r\n\r\n$/);
  });

  it('answers without a body to HEAD, and of 204 and 304, and the connection goes on', async () => {
    await using server = await serve((request, response) => {
      response.statusCode = Number(request.url?.slice(1));
      if (response.statusCode === 200) response.setHeader('content-length', 5);
      response.end();
    });
    await using proxy = await proxyBefore([server]);
    const heard = await exchange(
      proxy.port,
      `${get('/204')}${get('/304')}HEAD /200 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`,
    );
    expect(heard.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 204', 'HTTP/1.1 304', 'HTTP/1.1 200']);
    expect(heard).toMatch(/content-length: 5\r\n[\s\S]*\r\n\r\n$/);
  });

  it('100 Continue to who waits for it, and the body after it', async () => {
    await using server = await serve(echo);
    await using proxy = await proxyBefore([server]);
    const client = new RawClient(proxy.port);
    client.send(
      'POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n',
    );
    await client.hears('HTTP/1.1 100 Continue\r\n\r\n');
    expect(await client.send('hi').ends()).toContain('"body":"hi"');
  });

  it('other answers before the answer', async () => {
    await using server = await serve((_, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.end('now');
    });
    await using proxy = await proxyBefore([server]);
    const heard = await exchange(proxy.port, getOnce());
    expect(heard).toMatch(
      /^HTTP\/1.1 103 Early Hints\r\nlink: <\/a.css>; rel=preload\r\n\r\nHTTP\/1.1 200 OK\r\n/i,
    );
  });

  it('an answer that ends with its connection in chunks, and the client keeps its own', async () => {
    await using server = await serveRaw((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil here'));
    await using proxy = await proxyBefore([server]);
    const heard = await new RawClient(proxy.port).send(get() + getOnce()).ends();
    expect(heard.match(/a\r\nuntil here\r\n0\r\n\r\n/g)).toHaveLength(2);
  });

  it('the same to an old client until the end of its connection', async () => {
    await using server = await serveRaw((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil here'));
    await using proxy = await proxyBefore([server]);
    const heard = await exchange(proxy.port, 'GET / HTTP/1.0\r\n\r\n');
    expect(heard).toMatch(/\r\nconnection: close\r\n[\s\S]*\r\n\r\nuntil here$/);
  });

  it('an answer that comes while the body is still on its way, and ends the connection after it', async () => {
    await using server = await serve((_, response) => {
      response.statusCode = 413;
      response.end('too much');
    });
    await using proxy = await proxyBefore([server]);
    const client = new RawClient(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nonly this');
    const heard = await client.ends();
    expect(heard).toMatch(/^HTTP\/1.1 413 [\s\S]*\r\nconnection: close\r\n[\s\S]*too much$/);
  });

  it('bodies both ways at once, where the answer begins before the request has ended', async () => {
    await using server = await serve((request, response) => {
      request.pipe(response);
    });
    await using proxy = await proxyBefore([server]);
    const client = new RawClient(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n');
    await client.hears('one');
    client.send('3\r\ntwo\r\n');
    await client.hears('two');
    expect(await client.send('0\r\n\r\n').ends()).toMatch(/0\r\n\r\n$/);
  });

  it('a stream of events as they come', async () => {
    let push = (_: string): void => {};
    await using server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      push = (event) => response.write(`data: ${event}\n\n`);
    });
    await using proxy = await proxyBefore([server]);
    const client = new RawClient(proxy.port).send(get());
    await client.hears('text/event-stream');
    for (const event of ['first', 'second', 'third']) {
      push(event);
      await client.hears(`data: ${event}\n\n`);
    }
    client.socket.destroy();
  });

  it('large bodies unchanged, both ways', async () => {
    const bytes = Buffer.alloc(5_000_000, 'what was meant and what was sent; ');
    await using server = await serve((request, response) => {
      response.setHeader(
        'x-got',
        request.headers['content-length'] ?? request.headers['transfer-encoding'] ?? '',
      );
      request.pipe(response);
    });
    await using proxy = await proxyBefore([server]);
    for (const headers of [{ 'content-length': bytes.length }, {}]) {
      const digest = await new Promise<string>((resolve, reject) => {
        const asking = ask({ port: proxy.port, method: 'POST', headers }, (response) => {
          const hash = createHash('sha256');
          response.on('data', (piece) => hash.update(piece));
          response.on('end', () => resolve(hash.digest('hex')));
          response.on('error', reject);
        });
        asking.on('error', reject);
        for (let at = 0; at < bytes.length; at += 99_999) asking.write(bytes.subarray(at, at + 99_999));
        asking.end();
      });
      expect(digest).toBe(createHash('sha256').update(bytes).digest('hex'));
    }
  });

  it('no more of an answer than its reader takes', async () => {
    let written = 0;
    const piece = Buffer.alloc(64 * 1024, 'x');
    await using server = await serve((_, response) => {
      function pour(): void {
        do written += piece.length;
        while (written < 100_000_000 && response.write(piece));
        if (written >= 100_000_000) response.end();
        else response.once('drain', pour);
      }
      pour();
    });
    await using proxy = await proxyBefore([server]);
    const client = new RawClient(proxy.port).send(get());
    client.socket.pause();
    let before = -1;
    await eventually(async () => {
      const isStill = written === before;
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return isStill && written > 0;
    });
    // What the system's buffers of four sockets hold, and nothing of the hundred megabytes else.
    expect(written).toBeLessThan(30_000_000);
    client.socket.destroy();
  });

  it('no more of a body than the upstream takes', async () => {
    await using server = await serve((request) => request.pause());
    await using proxy = await proxyBefore([server]);
    const client = new RawClient(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n\r\n');
    const piece = Buffer.alloc(64 * 1024, 'x');
    let written = 0;
    let isStill = false;
    while (!isStill && written < 100_000_000) {
      written += piece.length;
      if (client.socket.write(piece)) continue;
      isStill = await Promise.race([
        new Promise<boolean>((resolve) => client.socket.once('drain', () => resolve(false))),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 200)),
      ]);
    }
    expect(written).toBeLessThan(30_000_000);
    client.socket.destroy();
  });
});
