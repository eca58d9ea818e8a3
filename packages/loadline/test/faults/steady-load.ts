import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

export interface SteadyLoadOptions {
  readonly url: string;
  /** Default 400, by 8 users on a connection each, that is kept. One request in eight is a POST. */
  readonly perSecond?: number;
  /** How often a GET is sent again on a new connection when the old one ends. Default 0. */
  readonly repeats?: number;
}

export interface Carried {
  readonly sent: number;
  /** Of those, the ones that were sent again. */
  readonly repeated: number;
  /** How many each instance has answered. */
  readonly byInstance: ReadonlyMap<string, number>;
  readonly failed: readonly FailedRequest[];
}

export interface FailedRequest {
  readonly method: 'GET' | 'POST';
  readonly why: string;
}

/** Sends requests at a steady rate until it is stopped, whatever happens meanwhile. */
export function startSteadyLoad({ url, perSecond = 400, repeats = 0 }: SteadyLoadOptions): {
  /** After a further hundred requests, which show how it was left. */
  stop(): Promise<Carried>;
} {
  const users = 8;
  const everyMs = (users * 1000) / perSecond;
  const byInstance = new Map<string, number>();
  const failed: FailedRequest[] = [];
  let sent = 0;
  let repeated = 0;
  let last = Number.POSITIVE_INFINITY;

  async function act(user: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const startMs = performance.now() + (user * everyMs) / users;
    for (let turn = 0; sent < last; turn++) {
      await pause(Math.max(0, startMs + turn * everyMs - performance.now()));
      sent++;
      const method = turn % 8 === 7 ? 'POST' : 'GET';
      const outcome = await send(method, agent);
      if (typeof outcome === 'string') byInstance.set(outcome, (byInstance.get(outcome) ?? 0) + 1);
      else failed.push({ method, why: outcome.why });
    }
    agent.destroy();
  }

  async function send(method: 'GET' | 'POST', agent: Agent): Promise<string | { why: string }> {
    for (let attempt = 0; ; attempt++) {
      const outcome = await ask(url, method, agent);
      if (typeof outcome === 'string' || method === 'POST' || !outcome.isCut || attempt >= repeats)
        return outcome;
      repeated++;
    }
  }

  const acting = Promise.all(Array.from({ length: users }, (_, user) => act(user)));
  return {
    async stop() {
      last = sent + 100;
      await acting;
      return { sent, repeated, byInstance, failed };
    },
  };
}

/** Which instance has answered; or why none has, and whether its connection ended before there was an answer. */
function ask(
  url: string,
  method: 'GET' | 'POST',
  agent: Agent,
): Promise<string | { readonly why: string; readonly isCut: boolean }> {
  return new Promise((resolve) => {
    const sending = request(url, { method, agent, timeout: 5000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        body += piece;
      });
      response.on('error', (error) => resolve({ why: error.message, isCut: false }));
      response.on('end', () =>
        resolve(response.statusCode === 200 ? body : { why: String(response.statusCode), isCut: false }),
      );
    });
    sending.on('timeout', () => sending.destroy(new Error('no answer in 5 s')));
    sending.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ why: error.code ?? error.message, isCut: error.code === 'ECONNRESET' }),
    );
    sending.end(method === 'POST' ? 'something' : undefined);
  });
}
