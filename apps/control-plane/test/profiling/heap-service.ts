import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { observe } from 'loadline/observe';

/** A service in a process of its own; `/grow` gives it a heap of which there is no snapshot any more. */
const observer = observe({ service: 'shop', controlKey: process.argv[2] ?? '' });
const kept: unknown[] = [{ secretOfTheService: 'sesame' }];
const server = createServer(
  observer.node(({ url }, response) => {
    if (url === '/grow')
      for (let count = 0; count < 2_000_000; count++) kept.push({ count, text: `${count}` });
    response.end(String(kept.length));
  }),
);
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.once('disconnect', () => process.exit());
