import { createRegistry } from 'loadline/metrics';
import type { EmbeddedProxy, WantedUpstream } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import { eventually, get, proxyBefore, RawClient, serve, type TestServer, upstream } from './proxied.ts';

const { signal } = new AbortController();

/** A fleet behind a proxy, whose instances take some time for each request, and clients that never pause. */
class Fleet implements AsyncDisposable {
  readonly registry = createRegistry();
  readonly #servers = new Map<string, TestServer>();
  readonly #draining = new Set<string>();
  #proxy: EmbeddedProxy | undefined;
  #isStopped = false;
  #started = 0;
  answered = 0;
  readonly failures: string[] = [];
  readonly #clients: Promise<void>[] = [];

  async open(size: number): Promise<this> {
    this.#proxy = await proxyBefore([], { policy: 'least connections', registry: this.registry });
    for (let at = 0; at < size; at++) await this.start();
    for (let at = 0; at < 12; at++) this.#clients.push(this.#ask());
    return this;
  }

  async start(): Promise<string> {
    const id = `i${++this.#started}`;
    this.#servers.set(id, await serve((_, response) => void setTimeout(() => response.end(id), 3)));
    await this.#apply();
    return id;
  }

  /** Drains one, looks that it is busy with nothing, takes it out, and only then stops it. */
  async stop(id: string): Promise<void> {
    const server = this.#servers.get(id) as TestServer;
    this.#draining.add(id);
    await this.#apply();
    await eventually(async () => {
      const seen = await this.#proxy?.observe(signal);
      return seen?.find((each) => each.id === id)?.inFlight === 0;
    });
    this.#servers.delete(id);
    await this.#apply();
    await server.kill();
  }

  /** The process is gone from one moment to the next; the proxy is told nothing. */
  async kill(id: string): Promise<void> {
    await this.#servers.get(id)?.kill();
  }

  get ids(): string[] {
    return [...this.#servers.keys()];
  }

  /** Waits until so many more were answered. */
  async carries(requests: number): Promise<void> {
    const until = this.answered + requests;
    await eventually(() => this.answered >= until);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
    await this.#proxy?.[Symbol.asyncDispose]();
    for (const server of this.#servers.values()) await server.kill();
  }

  async #apply(): Promise<void> {
    const wanted = [...this.#servers].map(
      ([id, server]): WantedUpstream =>
        upstream(id, server, { mode: this.#draining.has(id) ? 'draining' : 'serving' }),
    );
    await this.#proxy?.apply(wanted, signal);
  }

  async #ask(): Promise<void> {
    const client = new RawClient(this.#proxy?.port ?? 0);
    while (!this.#isStopped) {
      client.heard = '';
      try {
        const heard = await client.send(get()).hears(/\r\n\r\n.+$/);
        if (heard.startsWith('HTTP/1.1 200 OK\r\n')) this.answered++;
        else this.failures.push(heard);
      } catch (error) {
        this.failures.push((error as Error).message);
        return;
      }
    }
    client.socket.destroy();
  }
}

describe('behind the embedded proxy no request is lost', () => {
  it('while the fleet grows from two to eight and shrinks again', async () => {
    await using fleet = await new Fleet().open(2);
    await fleet.carries(100);
    while (fleet.ids.length < 8) await fleet.start();
    await fleet.carries(300);
    for (const id of fleet.ids.slice(2)) await fleet.stop(id);
    await fleet.carries(100);
    expect(fleet.failures).toEqual([]);
  });

  it('while every instance is replaced by another', async () => {
    await using fleet = await new Fleet().open(3);
    for (const id of fleet.ids) {
      await fleet.start();
      await fleet.carries(50);
      await fleet.stop(id);
      await fleet.carries(50);
    }
    expect(fleet.failures).toEqual([]);
    expect(fleet.ids).toEqual(['i4', 'i5', 'i6']);
  });

  it('that may be repeated, when an instance is killed', async () => {
    await using fleet = await new Fleet().open(3);
    await fleet.carries(100);
    await fleet.kill('i2');
    await fleet.carries(300);
    expect(fleet.failures).toEqual([]);
    const retries = fleet.registry.families().find(({ name }) => name === 'loadline_proxy_retries_total');
    expect(retries?.kind === 'counter' && [...retries.series()][0]?.value).toBeGreaterThan(0);
  });
});
