import type { Timer } from '../../base/index.ts';
import type { ProxyProblem } from './message/answer.ts';
import { requestHeadFor } from './message/handing-on.ts';
import type { ProxiedRequest } from './message/handling.ts';
import type { ProxyParts } from './proxy-parts.ts';
import { overdue, timeOf } from './request-time.ts';
import type { Breakage, ConnectionUser, UpstreamConnection } from './upstream-connection.ts';
import type { UpstreamEntry } from './upstream-entry.ts';
import type { Picked } from './upstreams.ts';
import type { Waiting } from './waiting-line.ts';

/** Who waits for an answer to a request, on whichever connection it comes. */
export interface AttemptsUser extends ConnectionUser {
  /** It has waited for an upstream that has room, and was sent to one now. */
  onSent(): void;
  /** It has waited, and now there is nobody that it could be sent to. */
  onNobody(): void;
}

/** How a request went on after a connection broke; repeated also where it waits for that. */
export type AfterBreakage =
  | { readonly kind: 'under way' }
  | { readonly kind: 'repeated' }
  | { readonly kind: 'given up'; readonly problem: ProxyProblem };

/** What a client is told while there is nobody to send its request to. */
export const noUpstream: ProxyProblem = {
  status: 503,
  detail: 'No upstream can be sent requests now.',
  retryAfterSeconds: 1,
};

/** What a client is told for whom nobody had room in time. */
export const allBusy: ProxyProblem = {
  status: 503,
  detail: 'Every upstream is busy with as many requests as it may have, and none became free in time.',
  retryAfterSeconds: 1,
};

/**
 * Where one request was sent: mostly to one upstream; to another one when that could not be reached or broke before a
 * byte of an answer, if it is safe to repeat it; and to a second one as well, a hedge, when the first takes long.
 */
export class Attempts implements Waiting {
  readonly #parts: ProxyParts;
  readonly #request: ProxiedRequest;
  readonly #user: AttemptsUser;
  readonly #tried: UpstreamEntry[] = [];
  #first: UpstreamConnection | undefined;
  #hedge: UpstreamConnection | undefined;
  #hedgeTimer: Timer | undefined;
  /** Since when it waits for an upstream that has room; undefined where it does not. */
  #waitsSinceMs: number | undefined;
  /** Whether it may only go on a connection that nobody has used. */
  #needsFresh = false;
  /** Whether it takes one that it has tried, though there are others. */
  #mayGoBack = false;
  /** Until when somebody waits; Infinity for ever. */
  #endMs = Number.POSITIVE_INFINITY;
  /** Whether it is by its client's word that it has so little time. */
  readonly isHurried: boolean;

  constructor(parts: ProxyParts, request: ProxiedRequest, user: AttemptsUser) {
    this.#parts = parts;
    this.#request = request;
    this.#user = user;
    const timeMs = timeOf(request.head, parts);
    this.isHurried = timeMs < parts.deadlineMs;
    if (timeMs !== Number.POSITIVE_INFINITY) this.#endMs = parts.clock.monotonicMs() + timeMs;
  }

  /** The one that gets the body. */
  get first(): UpstreamConnection | undefined {
    return this.#first;
  }

  get hedge(): UpstreamConnection | undefined {
    return this.#hedge;
  }

  /** Whether nobody waits for an answer any more. */
  get isOverdue(): boolean {
    return this.#remainingMs <= 0;
  }

  /** Whether every upstream is too busy to be sent it. */
  get isWaiting(): boolean {
    return this.#waitsSinceMs !== undefined;
  }

  /** Sends the request for the first time, or has it wait for that. @returns whether there is an upstream. */
  begin(): boolean {
    const { budget, line } = this.#parts;
    budget.deposit();
    // Nobody is to be served before those that came before.
    if (line.length > 0) {
      this.#wait(false);
      return true;
    }
    return this.#sendOrWait(false);
  }

  goOn(): boolean {
    // Nobody is to work for whom nobody waits; that its time is over is noticed soon.
    const sent = this.isOverdue ? 'too late' : this.#send();
    if (sent === 'all busy') return false;
    this.#leaveLine();
    if (sent === 'nobody') this.#user.onNobody();
    if (sent === 'sent') this.#user.onSent();
    return true;
  }

  /**
   * It has waited for as long as it may. Where those that it has not tried had no room, it is rather the same one again than
   * nobody. @returns whether it waits no longer.
   */
  goOnAnywhere(): boolean {
    if (this.#tried.length === 0) return false;
    this.#mayGoBack = true;
    return this.goOn();
  }

  /** The first head counts; the other upstream is not told anything but that nobody listens any more. */
  choose(connection: UpstreamConnection): void {
    this.#hedgeTimer?.cancel();
    const other = connection === this.#first ? this.#hedge : this.#first;
    this.#first = connection;
    this.#hedge = undefined;
    if (other === undefined) return;
    const { upstreams, clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    upstreams.outlasted(other.entry, nowMs - other.sentMs, nowMs);
    this.#abandon(other);
  }

  /** The request at this upstream has ended; what becomes of the connection is the caller's business. */
  end(connection: UpstreamConnection, outcome: 'succeeded' | 'failed' | 'neither'): void {
    if (connection === this.#first) this.#first = undefined;
    else this.#hedge = undefined;
    this.#parts.upstreams.end(connection.entry, outcome, this.#parts.clock.monotonicMs());
  }

  /** A connection broke before the head of an answer. @param hasSentBody whether bytes of the request's body are gone. */
  afterBreakage(connection: UpstreamConnection, why: Breakage, hasSentBody: boolean): AfterBreakage {
    const { retry, budget, metrics, clock } = this.#parts;
    // A connection that had been idle says nothing of the upstream: it may have been closed long ago.
    const isStale = connection.isReused && !connection.hasBegun && why.kind === 'broken';
    this.end(connection, isStale ? 'neither' : 'failed');
    if (this.#first !== undefined || this.#hedge !== undefined) {
      this.#first ??= this.#hedge;
      if (this.#first === this.#hedge) this.#hedge = undefined;
      return { kind: 'under way' };
    }
    if (this.isOverdue) return { kind: 'given up', problem: overdue };
    const isSafe = !hasSentBody && isSafeToRepeat(this.#request.head.method, why, connection.hasBegun);
    if (isSafe && this.#tried.length < retry.attemptsMax) {
      // One that was closed while it was idle costs the others nothing: it is no load that comes twice.
      if (isStale || budget.tryWithdraw(clock.monotonicMs())) {
        metrics.retries.add();
        if (isStale) this.#tried.pop();
        this.#needsFresh = isStale;
        return this.#sendOrWait(true) ? { kind: 'repeated' } : { kind: 'given up', problem: noUpstream };
      }
      metrics.overBudget.add();
    }
    const status = why.kind === 'late' ? 504 : 502;
    const detail = `The upstream ${connection.entry.id} ${why.detail}.`;
    return { kind: 'given up', problem: { status, detail } };
  }

  /**
   * Its time is over without an answer. Who had the whole of it for most of our own limit, and said nothing, has failed it;
   * the haste of a client is nobody's failure.
   *
   * @param silentMs for how long nothing has gone on since all was sent; 0 where the client is still sending.
   */
  expire(silentMs: number): void {
    const { clock, deadlineMs } = this.#parts;
    const nowMs = clock.monotonicMs();
    for (const connection of [this.#first, this.#hedge]) {
      if (connection === undefined) continue;
      const hadMs = Math.min(silentMs, nowMs - connection.sentMs);
      const hasFailed = !this.isHurried && hadMs >= deadlineMs / 2;
      connection.entry.metrics.answers[0]?.add();
      connection.close();
      this.end(connection, hasFailed ? 'failed' : 'neither');
    }
  }

  /** Nobody waits for an answer any more. */
  abandon(): void {
    this.#hedgeTimer?.cancel();
    if (this.isWaiting) this.#leaveLine();
    for (const connection of [this.#first, this.#hedge])
      if (connection !== undefined) this.#abandon(connection);
  }

  /** @returns whether there is an upstream. */
  #sendOrWait(isAgain: boolean): boolean {
    const sent = this.#send();
    if (sent === 'all busy') this.#wait(isAgain);
    return sent !== 'nobody';
  }

  #wait(isAgain: boolean): void {
    const { line, clock } = this.#parts;
    this.#waitsSinceMs = clock.monotonicMs();
    line.join(this, isAgain);
  }

  /** However its wait has ended: a figure of those alone that were sent would look best where most are refused. */
  #leaveLine(): void {
    const { clock, line, metrics } = this.#parts;
    const sinceMs = this.#waitsSinceMs ?? clock.monotonicMs();
    metrics.waited.record(Math.round((clock.monotonicMs() - sinceMs) * 1000));
    this.#waitsSinceMs = undefined;
    line.leave(this);
  }

  #send(): 'sent' | 'all busy' | 'nobody' {
    const { clock, connections } = this.#parts;
    const nowMs = clock.monotonicMs();
    const entry = this.#pick(nowMs);
    if (typeof entry === 'string') return entry;
    this.#first = this.#needsFresh ? connections.open(entry) : connections.take(entry);
    this.#needsFresh = false;
    this.#sendOn(this.#first, nowMs);
    this.#awaitHedge();
    return 'sent';
  }

  #pick(nowMs: number): Picked {
    const { upstreams } = this.#parts;
    const another = upstreams.pick(this.#key, nowMs, this.#mayGoBack ? [] : this.#tried);
    // Rather the same one again than nobody: it may be the only one.
    if (another !== 'nobody' || this.#tried.length === 0) return another;
    return upstreams.pick(this.#key, nowMs, []);
  }

  /** The client's address, behind a proxy of ours too. */
  get #key(): string {
    const { head, clientAddress } = this.#request;
    const { forwardedFor } = head.fields;
    if (!this.#parts.trustsForwarded || forwardedFor === undefined) return clientAddress;
    return forwardedFor.split(',', 1)[0] ?? clientAddress;
  }

  #sendOn(connection: UpstreamConnection, nowMs: number): void {
    const { upstreams, trustsForwarded } = this.#parts;
    const { head, clientAddress: address } = this.#request;
    const { entry } = connection;
    this.#tried.push(entry);
    upstreams.begin(entry);
    connection.sentMs = nowMs;
    const client = { address, trustsForwarded, remainingMs: this.#remainingMs };
    const text = requestHeadFor(head, client, entry.authority);
    connection.send(this.#user, head.method, text, head.body === 'chunked');
  }

  get #remainingMs(): number {
    const isLimited = this.#endMs !== Number.POSITIVE_INFINITY;
    return isLimited ? this.#endMs - this.#parts.clock.monotonicMs() : Number.POSITIVE_INFINITY;
  }

  #awaitHedge(): void {
    const { clock, hedgeAfterMs } = this.#parts;
    if (hedgeAfterMs === undefined || this.#hedgeTimer !== undefined) return;
    const { method, body, isUpgrade } = this.#request.head;
    if (method === 'GET' && body === 0 && !isUpgrade)
      this.#hedgeTimer = clock.setTimer(() => this.#sendHedge(), hedgeAfterMs);
  }

  #sendHedge(): void {
    const { upstreams, connections, budget, metrics, clock } = this.#parts;
    if (this.#first === undefined) return;
    const nowMs = clock.monotonicMs();
    if (this.isOverdue) return;
    const entry = upstreams.pick(this.#key, nowMs, this.#tried);
    if (typeof entry === 'string') return;
    if (!budget.tryWithdraw(nowMs)) {
      metrics.overBudget.add();
      return;
    }
    metrics.hedges.add();
    this.#hedge = connections.take(entry);
    this.#sendOn(this.#hedge, nowMs);
  }

  #abandon(connection: UpstreamConnection): void {
    connection.close();
    this.end(connection, 'neither');
  }
}

/** Whether it has the effect of once: nothing has reached the upstream, or the method says so (RFC 9110, section 9.2.2). */
function isSafeToRepeat(method: string, why: Breakage, hasBegun: boolean): boolean {
  if (why.kind === 'unreachable') return true;
  return why.kind === 'broken' && !hasBegun && idempotentMethods.has(method);
}

const idempotentMethods = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);
