import type { Lane } from '../measure/lane.ts';
import type { Recorder } from '../measure/recorder.ts';
import type { OutgoingRequest } from '../transports/transport.ts';
import type { RequestOptions } from './scenario.ts';

/** What a script's calls work with. */
export interface ScriptSurroundings {
  readonly scenario: string;
  readonly recorder: Recorder;
  readonly timeoutMs: number;
  /** What the script may take from the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** A text that may hold a value of the environment, without it. */
  readonly withoutSecrets: (text: string) => string;
}

/** What the calls of a scenario function lead to: lanes by name, and requests that are always the same. */
export class ScriptRoutes {
  readonly scenario: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly #recorder: Recorder;
  readonly #timeoutMs: number;
  readonly #withoutSecrets: (text: string) => string;
  readonly #lanes = new Map<string, Lane>();
  readonly #constant = new Map<string, Route>();

  constructor(surroundings: ScriptSurroundings) {
    this.scenario = surroundings.scenario;
    this.environment = surroundings.environment;
    this.#recorder = surroundings.recorder;
    this.#timeoutMs = surroundings.timeoutMs;
    this.#withoutSecrets = surroundings.withoutSecrets;
  }

  route(method: string, path: string, options: RequestOptions | undefined): Route {
    if (options === undefined && method === 'GET') {
      const known = this.#constant.get(path);
      if (known !== undefined) return known;
    }
    const isConstant = options === undefined && method === 'GET' && this.#constant.size < namesMax;
    const route = {
      lane: this.lane(options?.name ?? `${method} ${path.split('?', 1)[0]}`),
      request: requestOf(method, path, options, this.#timeoutMs, isConstant),
    };
    if (isConstant) this.#constant.set(path, route);
    return route;
  }

  /** Names that a script makes up without end share a lane, so that memory stays constant. */
  lane(name: string): Lane {
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    // Here, because a name is shown while the run lasts, too.
    const shown = this.#lanes.size < namesMax ? this.#withoutSecrets(name) : otherName;
    const lane = this.#recorder.lane(this.scenario, shown);
    if (this.#lanes.size < namesMax) this.#lanes.set(name, lane);
    return lane;
  }
}

export interface Route {
  readonly lane: Lane;
  readonly request: OutgoingRequest;
}

const namesMax = 500;
const otherName = '(further names: give requests a name)';

function requestOf(
  method: string,
  path: string,
  options: RequestOptions | undefined,
  timeoutMs: number,
  isConstant: boolean,
): OutgoingRequest {
  if (!path.startsWith('/')) throw new Error(`a path begins with a slash, got ${JSON.stringify(path)}`);
  if (path.includes('#'))
    throw new Error(`a path holds no #; write %23 for the sign itself, got ${JSON.stringify(path)}`);
  const bodies = [options?.json, options?.form, options?.body].filter((body) => body !== undefined);
  if (bodies.length > 1) throw new Error('a request has one body: json, form or body');
  const headers = new Map([
    ['accept', '*/*'],
    ['user-agent', 'loadline'],
  ]);
  if (options?.json !== undefined) headers.set('content-type', 'application/json');
  if (options?.form !== undefined) headers.set('content-type', 'application/x-www-form-urlencoded');
  for (const [name, value] of Object.entries(options?.headers ?? {})) headers.set(headerName(name), value);
  return {
    method,
    path: path.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent),
    headers: [...headers]
      .map(([name, value]) => `${name}: ${String(value).replace(/[\r\n\0]+/g, ' ')}\r\n`)
      .join(''),
    body: bodyOf(options),
    timeoutMs: options?.timeoutMs ?? timeoutMs,
    keepsBody: true,
    isConstant,
  };
}

function bodyOf(options: RequestOptions | undefined): string | Uint8Array | undefined {
  if (options?.json !== undefined) return JSON.stringify(options.json);
  if (options?.form !== undefined) return new URLSearchParams(options.form).toString();
  return options?.body;
}

function headerName(name: string): string {
  const lower = name.toLowerCase();
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(lower)) throw new Error(`${JSON.stringify(name)} is no header name`);
  return lower;
}
