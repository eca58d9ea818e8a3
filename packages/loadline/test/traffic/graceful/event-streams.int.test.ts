import { createGracefulStop } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import { type OpenService, services } from '../gate/services.ts';

describe.each(Object.keys(services))('an event stream of %s', (framework) => {
  it('is ended cleanly when the service stops, while the service still writes to it', async () => {
    await using service = await (services[framework] as OpenService)([], () => undefined);
    const graceful = createGracefulStop({ graceMs: 10_000, quietMs: 20 });
    graceful.watch(service.server);
    const response = await fetch(`${service.url}/events`, { headers: { accept: 'text/event-stream' } });
    const chunks: string[] = [];
    const reading = (async () => {
      for await (const chunk of response.body as ReadableStream<Uint8Array>)
        chunks.push(Buffer.from(chunk).toString());
    })();
    await expect.poll(() => chunks.length).toBeGreaterThan(2);
    const stopping = graceful.stop();
    // Not broken off: that would reject.
    await reading;
    expect(chunks.join('')).toMatch(/^(?:data: a dish\n\n)+$/);
    expect(await stopping).toMatchObject({ unfinishedCount: 0, failures: [] });
  });
});
