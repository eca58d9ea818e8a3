import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Plane } from '../plane.ts';

/** One event as a browser's EventSource would see it. */
export interface SeenEvent {
  readonly id: string | undefined;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test asks for what it expects.
  readonly data: any;
}

/** Somebody who follows over a real connection. */
export interface Followed {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** All that came, as it came. */
  readonly text: string;
  readonly events: readonly SeenEvent[];
  /** Resolves when the other side has ended it: `aborted` where that was no proper end. */
  readonly ended: Promise<'ended' | 'aborted'>;
  /** Waits for so many events in all. */
  until(count: number): Promise<readonly SeenEvent[]>;
  /** Stops reading what comes. */
  pause(): void;
  close(): void;
}

/** Lets a plane listen on a free port of loopback. */
export async function listen({ composition }: Plane): Promise<string> {
  await composition.app.listen({ host: '127.0.0.1', port: 0 });
  return `http://127.0.0.1:${(composition.app.server.address() as AddressInfo).port}`;
}

export function follow(
  base: string,
  query: string,
  headers: Readonly<Record<string, string>>,
): Promise<Followed> {
  return new Promise((resolve, reject) => {
    const request = get(
      `${base}/performance/live${query}`,
      { agent: false, headers: { accept: 'text/event-stream', ...headers } },
      (response) => resolve(followedOf(response, () => request.destroy())),
    );
    request.once('error', reject);
  });
}

function followedOf(response: IncomingMessage, close: () => void): Followed {
  let text = '';
  let isPaused = false;
  const waiting = new Set<() => void>();
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    for (const look of waiting) look();
  });
  const ended = new Promise<'ended' | 'aborted'>((resolve) => {
    response.once('end', () => resolve('ended'));
    response.once('error', () => resolve('aborted'));
    response.once('close', () => resolve('aborted'));
  });
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    ended,
    get text() {
      return text;
    },
    get events() {
      return eventsOf(text);
    },
    until: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          const events = eventsOf(text);
          if (events.length < count) return;
          waiting.delete(look);
          resolve(events);
        };
        waiting.add(look);
        look();
      }),
    pause() {
      isPaused = true;
      response.pause();
    },
    close() {
      if (isPaused) response.resume();
      close();
    },
  };
}

/** As the standard has it, of what this server sends. */
function eventsOf(text: string): readonly SeenEvent[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((block) => {
      const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]));
      const data = fields.get('data');
      if (data === undefined) return [];
      return [{ id: fields.get('id'), event: fields.get('event') ?? 'message', data: JSON.parse(data) }];
    });
}
