import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers the instant queries that it knows, as the HTTP API of Prometheus is described; it calculates nothing. */
export interface FakePrometheus extends AsyncDisposable {
  readonly url: string;
  /** Query → the values of its series. One that is not there is refused as not understood. */
  readonly answers: Map<string, readonly (number | string)[]>;
  /** What answers in its place. */
  instead: { readonly status: number; readonly type?: string; readonly body: string } | undefined;
  /** What the latest question was opened with. */
  authorization: string | undefined;
  /** It answers, and never comes to an end. */
  isEndless: boolean;
}

export async function startFakePrometheus(): Promise<FakePrometheus> {
  const answers: FakePrometheus['answers'] = new Map();
  const server = createServer(async (request, response) => {
    fake.authorization = request.headers.authorization;
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += piece;
    const query = new URLSearchParams(body).get('query') ?? '';
    const values = answers.get(query);
    const isRight = request.method === 'POST' && request.url === '/api/v1/query' && values !== undefined;
    const result = values?.map((value) => ({ metric: {}, value: [Date.now() / 1000, String(value)] }));
    if (fake.instead !== undefined) {
      const { status, type, body: text } = fake.instead;
      response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(text);
      return;
    }
    response.writeHead(isRight ? 200 : 400, { 'content-type': 'application/json' });
    if (fake.isEndless) {
      const piece = Buffer.alloc(2 ** 20, ' ');
      const more = (): boolean => !response.destroyed && response.write(piece) && more();
      response.on('drain', more);
      more();
    } else if (isRight)
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
    else response.end(JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'parse error' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakePrometheus = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    instead: undefined,
    authorization: undefined,
    isEndless: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}
