import type { ProxyLimits } from './options.ts';
import { UpstreamConnection } from './upstream-connection.ts';
import type { UpstreamEntry } from './upstream-entry.ts';

/** Opens connections to upstreams, and keeps those that nobody uses for a while, because to open one takes a round trip. */
export class Connections {
  readonly #limits: ProxyLimits;
  /** The last used last: that one is the least likely to have been closed. */
  readonly #idle = new Map<UpstreamEntry, UpstreamConnection[]>();

  constructor(limits: ProxyLimits) {
    this.#limits = limits;
  }

  /** One that waits, or a new one. */
  take(entry: UpstreamEntry): UpstreamConnection {
    return this.#idle.get(entry)?.pop() ?? this.open(entry);
  }

  /** A new one, whoever waits. */
  open(entry: UpstreamEntry): UpstreamConnection {
    return new UpstreamConnection(entry, this.#limits, this.#forget);
  }

  /** @param keepAliveSeconds how long the upstream says that it leaves it open; below 0 where it does not say. */
  keep(connection: UpstreamConnection, keepAliveSeconds: number, nowMs: number): void {
    const { upstreamIdleMs, upstreamIdleMax } = this.#limits;
    const { entry } = connection;
    const idle = this.#idle.get(entry) ?? [];
    if (!entry.isServing || idle.length >= upstreamIdleMax) {
      connection.close();
      return;
    }
    // A second before the upstream would: it may close while a request is on the way.
    const toldMs = keepAliveSeconds < 0 ? Number.POSITIVE_INFINITY : (keepAliveSeconds - 1) * 1000;
    connection.idleUntilMs = nowMs + Math.min(upstreamIdleMs, toldMs);
    idle.push(connection);
    this.#idle.set(entry, idle);
  }

  closeIdle(entry: UpstreamEntry): void {
    const idle = this.#idle.get(entry) ?? [];
    this.#idle.delete(entry);
    for (const connection of idle) connection.close();
  }

  /** Lets go of those that nobody has used for long. */
  check(nowMs: number): void {
    for (const idle of this.#idle.values()) {
      for (const connection of idle.filter(({ idleUntilMs }) => idleUntilMs <= nowMs)) connection.close();
    }
  }

  readonly #forget = (connection: UpstreamConnection): void => {
    const idle = this.#idle.get(connection.entry);
    const at = idle?.indexOf(connection) ?? -1;
    if (at >= 0) idle?.splice(at, 1);
  };
}
