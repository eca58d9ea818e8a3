/** A request with its answer, as little as a test has to say of it. */
export interface Told {
  readonly method?: string;
  /** A path, or an address at another host. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: { readonly type: string; readonly text: string };
  readonly status?: number;
  /** An answer in JSON. */
  readonly answer?: unknown;
  readonly html?: string;
  readonly answerHeaders?: Readonly<Record<string, string>>;
  /** Seconds after the recording began. */
  readonly at?: number;
  readonly tookMs?: number;
  readonly more?: Readonly<Record<string, unknown>>;
}

const origin = 'http://shop.test';

/** A recording as browsers write it. */
export function recordingOf(...told: readonly Told[]): unknown {
  return { log: { version: '1.2', creator: { name: 'Test', version: '1' }, entries: told.map(entryOf) } };
}

function entryOf(told: Told, index: number): unknown {
  const body =
    told.json === undefined ? told.body : { type: 'application/json', text: JSON.stringify(told.json) };
  const sent = { ...(body === undefined ? {} : { 'Content-Type': body.type }), ...told.headers };
  const text = told.html ?? (told.answer === undefined ? undefined : JSON.stringify(told.answer));
  const mimeType = told.html === undefined ? 'application/json' : 'text/html';
  return {
    startedDateTime: new Date(1_780_000_000_000 + (told.at ?? index * 0.1) * 1000).toISOString(),
    time: told.tookMs ?? 20,
    request: {
      method: told.method ?? (body === undefined ? 'GET' : 'POST'),
      url: told.url.startsWith('/') ? `${origin}${told.url}` : told.url,
      headers: named(sent),
      ...(body === undefined ? {} : { postData: { mimeType: body.type, text: body.text } }),
    },
    response: {
      status: told.status ?? 200,
      headers: named(told.answerHeaders ?? {}),
      content: text === undefined ? {} : { mimeType, text },
    },
    ...told.more,
  };
}

function named(headers: Readonly<Record<string, string>>): unknown[] {
  return Object.entries(headers).map(([name, value]) => ({ name, value }));
}
