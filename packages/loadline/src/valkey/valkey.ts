import { Redis } from 'iovalkey';
import { isLoadlineError, type LoadlineError } from '../base/index.ts';
import { valkeyError } from './errors.ts';
import { evaluate, type ScriptInput, type ValkeyScript } from './script.ts';

/** How to reach one Valkey or Redis. Everything that waits has a limit, in milliseconds. */
export interface ValkeyOptions {
  /** `valkey://user:password@host:6379/0`, also with `redis:`; with TLS `valkeys:` or `rediss:`; or a socket's path. */
  readonly url: string;
  /** How the connection is called in CLIENT LIST. Default `loadline`. */
  readonly clientName?: string;
  /** For the answer to one command. Default 500: a cache that takes longer is worse than none. */
  readonly commandTimeoutMs?: number;
  /** To open a connection. Default 1,000. */
  readonly connectTimeoutMs?: number;
  /** Between two attempts to connect again: from 50 doubling up to this. Default 1,000. */
  readonly reconnectDelayMaxMs?: number;
  /** Commands that may be under way at once; further ones are refused. Default 10,000. */
  readonly commandsInFlightMax?: number;
  /**
   * Sends the commands of one turn of the event loop together. It doubles the throughput of many small reads and
   * raises their p99 from 1.4 to 4.3 ms, because the first waits for the last. Default off: answers come sooner,
   * and whoever has many keys asks with `getMany`.
   */
  readonly autoPipelining?: boolean;
}

/**
 * The few commands that the project needs, none of which ever waits for a server that isn't there: without a
 * connection a call fails at once with VALKEY_UNREACHABLE, while connecting goes on in the background.
 *
 * Each also throws VALKEY_TIMEOUT, VALKEY_BUSY, VALKEY_COMMAND_FAILED and VALKEY_CLOSED.
 */
export interface Valkey extends AsyncDisposable {
  /** Waits until there is a connection, for at most connectTimeoutMs. Throws VALKEY_UNREACHABLE, VALKEY_CLOSED. */
  connect(): Promise<void>;
  /** The value of a key; null where there is none. */
  get(key: string): Promise<string | null>;
  /** The values of several keys, in their order, in one round trip. */
  getMany(keys: readonly string[]): Promise<(string | null)[]>;
  /** Stores a value, for ever or for some milliseconds. */
  set(key: string, value: string, options?: { readonly expiresMs?: number }): Promise<void>;
  /** Adds 1 to a counter, which starts at 0, and gives what it is now. */
  increment(key: string): Promise<number>;
  /**
   * Runs a script on the server, as one step that nothing comes between. Its text travels only where the server does not know
   * it yet.
   */
  evaluate(script: ValkeyScript, input: ScriptInput): Promise<unknown>;
  /** Removes keys and says how many there were. */
  delete(...keys: readonly string[]): Promise<number>;
  /** Asks whether the server answers. */
  ping(): Promise<void>;
  /** What the server says of itself: lines of `name:value` under headings; INFO's default sections, or all of its own. */
  info(sections?: 'default' | 'all'): Promise<string>;
  readonly usage: ValkeyUsage;
  /** Ends the connection; commands under way fail. A second call does nothing. */
  close(): Promise<void>;
}

/** The connection at this moment; the last three count since the start. */
export interface ValkeyUsage {
  readonly isConnected: boolean;
  readonly commandsInFlight: number;
  /** Also those that failed. */
  readonly reconnectAttempts: number;
  readonly timeouts: number;
  readonly failures: number;
}

/**
 * Makes a client and begins to connect. An absent server is noticed by `connect` or by the first command.
 *
 * @throws VALKEY_ADDRESS_INVALID
 */
export function createValkey(options: ValkeyOptions): Valkey {
  const { connectTimeoutMs = 1000, commandsInFlightMax = 10_000 } = options;
  const redis = createClient(options);
  let commandsInFlight = 0;
  let reconnectAttempts = 0;
  let timeouts = 0;
  let failures = 0;
  let isClosed = false;
  /** Why there is no connection: a command only learns that there is none. */
  let lastFailure: string | undefined;
  // Every failed attempt to connect is an event; unheard, iovalkey would print it.
  redis.on('error', (error: Error) => {
    failures++;
    lastFailure = error.message;
  });
  redis.on('reconnecting', () => {
    reconnectAttempts++;
  });

  async function command<Answer>(name: string, send: () => Promise<Answer>): Promise<Answer> {
    if (isClosed) throw closedError(name);
    if (commandsInFlight >= commandsInFlightMax) {
      throw valkeyError(
        'VALKEY_BUSY',
        `Cannot send ${name}: ${commandsInFlight} commands are under way already.`,
        {
          facts: { commandsInFlight },
        },
      );
    }
    commandsInFlight++;
    try {
      const answer = await send();
      lastFailure = undefined;
      return answer;
    } catch (error) {
      const classified = isClosed ? closedError(name) : classify(error, name, lastFailure);
      if (isLoadlineError(classified, 'VALKEY_TIMEOUT')) timeouts++;
      throw classified;
    } finally {
      commandsInFlight--;
    }
  }

  const valkey: Valkey = {
    async connect() {
      if (isClosed) throw closedError('anything');
      await whenReady(redis, connectTimeoutMs, () => lastFailure);
    },
    get: (key) => command('GET', () => redis.get(key)),
    // The server refuses a list of no keys, which a caller's list may well be.
    getMany: (keys) => command('MGET', async () => (keys.length === 0 ? [] : await redis.mget(...keys))),
    async set(key, value, { expiresMs } = {}) {
      await command('SET', () =>
        expiresMs === undefined ? redis.set(key, value) : redis.set(key, value, 'PX', Math.ceil(expiresMs)),
      );
    },
    increment: (key) => command('INCR', () => redis.incr(key)),
    evaluate: (script, input) => command('EVALSHA', () => evaluate(redis, script, input)),
    delete: (...keys) => command('DEL', async () => (keys.length === 0 ? 0 : await redis.del(...keys))),
    async ping() {
      await command('PING', () => redis.ping());
    },
    info: (sections = 'default') => command('INFO', () => redis.info(sections)),
    get usage() {
      return {
        isConnected: redis.status === 'ready',
        commandsInFlight,
        reconnectAttempts,
        timeouts,
        failures,
      };
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      redis.disconnect();
    },
    [Symbol.asyncDispose]: () => valkey.close(),
  };
  return valkey;
}

function createClient(options: ValkeyOptions): Redis {
  const { commandTimeoutMs = 500, reconnectDelayMaxMs = 1000 } = options;
  return new Redis(addressOf(options.url), {
    connectionName: options.clientName ?? 'loadline',
    connectTimeout: options.connectTimeoutMs ?? 1000,
    commandTimeout: commandTimeoutMs,
    // A frozen server keeps its sockets open: without this they would hold every unanswered command for ever.
    socketTimeout: 4 * commandTimeoutMs,
    // With a queue, calls would hang for the whole length of an outage and then all arrive at once.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(reconnectDelayMaxMs, 50 * 2 ** Math.min(attempt - 1, 10)),
    enableAutoPipelining: options.autoPipelining ?? false,
    keepAlive: 30_000,
  });
}

/** Whether this can be the address of a server: a valkey(s):// or redis(s):// URL, or the path of a socket. */
export function isValkeyAddress(address: string): boolean {
  return address.startsWith('/') || (/^(?:valkey|redis)s?:\/\//.test(address) && URL.canParse(address));
}

/** iovalkey knows the schemes of Redis and paths. */
function addressOf(url: string): string {
  if (isValkeyAddress(url)) return url.replace(/^valkey/, 'redis');
  // The address itself stays out of the message: it may hold a password.
  throw valkeyError(
    'VALKEY_ADDRESS_INVALID',
    'Cannot use the address of Valkey: it is no valkey:// or redis:// URL and no path.',
  );
}

function whenReady(redis: Redis, timeoutMs: number, lastFailure: () => string | undefined): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  return new Promise((resolve, reject) => {
    const onReady = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      redis.off('ready', onReady);
      const reason = lastFailure();
      const found = `no connection within ${timeoutMs} ms${reason === undefined ? '' : ` (${reason})`}`;
      reject(valkeyError('VALKEY_UNREACHABLE', `Cannot connect to Valkey: ${found}.`));
    }, timeoutMs);
    redis.once('ready', onReady);
  });
}

function closedError(name: string): LoadlineError {
  return valkeyError('VALKEY_CLOSED', `Cannot send ${name}: the client was closed.`);
}

function classify(thrown: unknown, name: string, lastFailure: string | undefined): LoadlineError {
  const error = thrown as Error;
  // The server's own answers are of a class of this name; everything else is about the connection.
  if (error.name === 'ReplyError') {
    return valkeyError('VALKEY_COMMAND_FAILED', `Cannot ${name}: the server says ${error.message}.`, {
      cause: thrown,
    });
  }
  if (error.message === 'Command timed out') {
    return valkeyError('VALKEY_TIMEOUT', `Cannot ${name}: no answer in time.`, { cause: thrown });
  }
  const reason = lastFailure ?? error.message;
  return valkeyError('VALKEY_UNREACHABLE', `Cannot ${name}: there is no connection (${reason}).`, {
    cause: thrown,
  });
}
