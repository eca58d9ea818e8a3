import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runCli, type Terminal } from 'loadline/cli';

/** What a control plane answers to one request. */
export interface Answer {
  readonly status?: number;
  readonly body: unknown;
}

/** Answers as it is told, whatever it is asked: a faithful one would not come to these states at a word. */
export interface FakeControlPlane {
  /** `METHOD path body` of each request. */
  asked: string[];
  /** One after the other; the last again and again. */
  answers: Answer[];
  /** `loadline` with these words, and what it says. */
  run(
    args: readonly string[],
    further?: Partial<Terminal>,
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
  close(): Promise<void>;
}

export async function startFakeControlPlane(): Promise<FakeControlPlane> {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    plane.asked.push(`${request.method} ${request.url} ${text}`.trim());
    const { answers } = plane;
    const { status = 200, body } = (answers.length > 1 ? answers.shift() : answers[0]) as Answer;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const env = { LOADLINE_CONTROL_PLANE: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  const plane: FakeControlPlane = {
    asked: [],
    answers: [],
    async run(args, further = {}) {
      let [out, err] = ['', ''];
      const terminal: Terminal = {
        out: (text) => {
          out += text;
        },
        err: (text) => {
          err += text;
        },
        ...{ isInteractive: false, width: 120, style: (_, text) => text },
        ...further,
      };
      const { signal } = new AbortController();
      return { code: await runCli([...args], { terminal, env, signal }), out, err };
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return plane;
}
