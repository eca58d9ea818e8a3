import type { Timer } from '../../base/index.ts';
import type { Answer, ProxyProblem } from './message/answer.ts';
import { requestHeadFor } from './message/handing-on.ts';
import type { Handling, HandlingOwner, ProxiedRequest } from './message/handling.ts';
import type { ResponseHead } from './message/response-head.ts';
import type { ProxyParts } from './proxy-parts.ts';
import type { Swept } from './sweep.ts';
import type { Breakage, ConnectionUser, UpstreamConnection } from './upstream-connection.ts';
import type { UpstreamEntry } from './upstream-entry.ts';

/**
 * One request on its way: chooses an upstream, hands the request on, and the answer back as it comes.
 *
 *   choose ─▸ send ─▸ (body …) ─▸ head ─▸ body ─▸ end
 *     ▴        │ no byte of an answer, and it is safe to repeat it
 *     └────────┘
 *
 * It is safe when nothing has reached the upstream, or when the method says so and no byte of a body is gone. A
 * second upstream may be asked as well (a hedge); whose head comes first is heard, and the other one is left.
 */
export class Exchange implements ConnectionUser, Handling, Swept {
  readonly #parts: ProxyParts;
  readonly #request: ProxiedRequest;
  readonly #answer: Answer;
  readonly #owner: HandlingOwner;
  readonly #tried: UpstreamEntry[] = [];
  #first: UpstreamConnection | undefined;
  #hedge: UpstreamConnection | undefined;
  #hedgeTimer: Timer | undefined;
  /** Whose answer is handed on. */
  #chosen: UpstreamConnection | undefined;
  #head: ResponseHead | undefined;
  #startedMs = 0;
  /** When something last went on, by the sweep's clock. */
  #progressMs = 0;
  #hasSentBody = false;
  #isBodyWhole: boolean;
  #isStream = false;
  #hasClientEnded = false;
  #hasUpstreamEnded = false;
  #isFinished = false;

  constructor(parts: ProxyParts, request: ProxiedRequest, answer: Answer, owner: HandlingOwner) {
    this.#parts = parts;
    this.#request = request;
    this.#answer = answer;
    this.#owner = owner;
    this.#isBodyWhole = request.head.body === 0;
  }

  start(): void {
    const { budget, sweep, hedgeAfterMs, clock } = this.#parts;
    budget.deposit();
    sweep.add(this);
    this.#dispatch();
    if (hedgeAfterMs === undefined || this.#isFinished || !this.#mayHedge) return;
    this.#hedgeTimer = clock.setTimer(() => this.#sendHedge(), hedgeAfterMs);
  }

  get isBodyWhole(): boolean {
    return this.#isBodyWhole;
  }

  /** Not before there is a connection: what was given away cannot be given to the next. */
  get takesBody(): boolean {
    const connection = this.#first;
    return connection?.isConnected === true && !connection.writer.isFull;
  }

  data(bytes: Buffer, from: number, to: number): void {
    this.#hasSentBody = true;
    this.#progressMs = this.#parts.sweep.nowMs;
    this.#first?.writer.data(bytes, from, to);
  }

  flushBody(): void {
    this.#first?.writer.flush();
  }

  endBody(trailers: string): void {
    this.#isBodyWhole = true;
    this.#hasSentBody = true;
    this.#first?.writer.end(trailers);
    this.#first?.writer.flush();
  }

  endStream(): void {
    this.#hasClientEnded = true;
    this.#chosen?.endStream();
    this.#finishStream();
  }

  resumeAnswer(): void {
    this.#progressMs = this.#parts.sweep.nowMs;
    this.#chosen?.resume();
  }

  cancel(): void {
    if (this.#isFinished) return;
    if (!this.#isStream) this.#parts.metrics.cancelled.add();
    this.#finish();
  }

  /** Gives up on whom it waits for. A client's own time limits are the client connection's business. */
  check(nowMs: number): void {
    const { limits } = this.#parts;
    const forMs = nowMs - this.#progressMs;
    if (this.#chosen !== undefined) {
      if (
        forMs <
        (this.#isLong
          ? limits.streamIdleMs
          : this.#answer.isFull
            ? limits.clientStallMs
            : limits.upstreamStallMs)
      )
        return;
      this.#cut(this.#answer.isFull ? 'neither' : 'failed');
      return;
    }
    for (const connection of [this.#first, this.#hedge]) {
      if (connection === undefined || forMs < this.#limitMsOf(connection)) continue;
      const detail = connection.isConnected ? 'did not answer in time' : 'could not be reached in time';
      connection.broke({ kind: connection.isConnected ? 'late' : 'unreachable', detail });
    }
  }

  onConnected(connection: UpstreamConnection): void {
    this.#progressMs = this.#parts.sweep.nowMs;
    if (connection === this.#first && !this.#isBodyWhole) this.#owner.resumeBody();
  }

  onDrain(): void {
    this.#progressMs = this.#parts.sweep.nowMs;
    this.#owner.resumeBody();
  }

  onInterim(connection: UpstreamConnection, head: ResponseHead): void {
    this.#progressMs = this.#parts.sweep.nowMs;
    if (this.#hedge !== undefined && connection === this.#hedge) return;
    this.#answer.interim(head);
  }

  onHead(connection: UpstreamConnection, head: ResponseHead): void {
    const { clock, upstreams, sweep } = this.#parts;
    const nowMs = clock.monotonicMs();
    this.#progressMs = sweep.nowMs;
    this.#choose(connection);
    this.#head = head;
    const { entry } = connection;
    upstreams.answered(entry, nowMs - this.#startedMs, nowMs);
    entry.metrics.answers[Math.floor(head.status / 100)]?.add();
    if (head.status === 101) this.#upgrade(connection, head);
    else this.#answer.head(head);
  }

  onData(_: UpstreamConnection, bytes: Buffer, from: number, to: number): void {
    this.#progressMs = this.#parts.sweep.nowMs;
    this.#answer.data(bytes, from, to);
  }

  onPieceEnd(connection: UpstreamConnection): void {
    this.#answer.flush();
    if (this.#answer.isFull) connection.pause();
  }

  onEnd(connection: UpstreamConnection, trailers: string): void {
    this.#answer.end(trailers);
    this.#release(connection);
    this.#finish();
  }

  onStreamEnd(): void {
    this.#hasUpstreamEnded = true;
    this.#owner.onStreamEnd();
    this.#finishStream();
  }

  onBroken(connection: UpstreamConnection, why: Breakage): void {
    const { upstreams, clock } = this.#parts;
    connection.entry.metrics.answers[0]?.add();
    const isChosen = connection === this.#chosen;
    if (connection === this.#first) this.#first = undefined;
    else this.#hedge = undefined;
    // A connection that had been idle says nothing of the upstream: it may have been closed long ago.
    const isStale = connection.isReused && !connection.hasBegun && why.kind === 'broken';
    upstreams.end(
      connection.entry,
      isStale || (isChosen && this.#isStream) ? 'neither' : 'failed',
      clock.monotonicMs(),
    );
    if (isChosen) this.#cut('neither');
    else if (this.#first === undefined && this.#hedge === undefined)
      this.#repeatOrRefuse(connection, why, isStale);
  }

  #repeatOrRefuse(connection: UpstreamConnection, why: Breakage, isStale: boolean): void {
    const { retry, budget, metrics, clock } = this.#parts;
    const isSafe =
      !this.#hasSentBody &&
      (why.kind === 'unreachable' ||
        (why.kind === 'broken' && !connection.hasBegun && isIdempotent(this.#request.head.method)));
    if (isSafe && this.#tried.length < retry.attemptsMax) {
      // One that was closed while it was idle costs the others nothing: it is no load that comes twice.
      if (isStale || budget.withdraw(clock.monotonicMs())) {
        metrics.retries.add();
        if (isStale) this.#tried.pop();
        this.#dispatch({ isFresh: isStale });
        // One that had been idle is connected already, and tells nobody.
        if (this.takesBody && !this.#isBodyWhole) this.#owner.resumeBody();
        return;
      }
      metrics.overBudget.add();
    }
    this.#refuse({
      status: why.kind === 'late' ? 504 : 502,
      detail: `The upstream ${connection.entry.id} ${why.detail}.`,
    });
  }

  #dispatch({ isFresh = false }: { readonly isFresh?: boolean } = {}): void {
    const { clock } = this.#parts;
    this.#startedMs = clock.monotonicMs();
    this.#progressMs = this.#startedMs;
    const entry = this.#pick();
    if (entry === undefined) {
      this.#refuse({ status: 503, detail: 'No upstream can be sent requests now.', retryAfterSeconds: 1 });
      return;
    }
    const { connections } = this.#parts;
    this.#first = isFresh ? connections.open(entry) : connections.take(entry);
    this.#send(this.#first);
  }

  #pick(): UpstreamEntry | undefined {
    const { upstreams } = this.#parts;
    const key = this.#request.clientAddress;
    return (
      upstreams.pick(key, this.#startedMs, this.#tried) ??
      // Rather the same one again than nobody: it may be the only one.
      (this.#tried.length === 0 ? undefined : upstreams.pick(key, this.#startedMs, []))
    );
  }

  #send(connection: UpstreamConnection): void {
    const { upstreams, trustsForwarded } = this.#parts;
    const { head, clientAddress } = this.#request;
    const { entry } = connection;
    this.#tried.push(entry);
    upstreams.begin(entry);
    const text = requestHeadFor(head, { address: clientAddress, trustsForwarded }, entry.authority);
    connection.send(this, head.method, text, head.body === 'chunked');
  }

  get #mayHedge(): boolean {
    const { head } = this.#request;
    return head.method === 'GET' && head.body === 0 && !head.isUpgrade;
  }

  #sendHedge(): void {
    const { upstreams, connections, budget, metrics, clock } = this.#parts;
    if (this.#isFinished || this.#chosen !== undefined || this.#first === undefined) return;
    const nowMs = clock.monotonicMs();
    const entry = upstreams.pick(this.#request.clientAddress, nowMs, this.#tried);
    if (entry === undefined) return;
    if (!budget.withdraw(nowMs)) {
      metrics.overBudget.add();
      return;
    }
    metrics.hedges.add();
    this.#hedge = connections.take(entry);
    this.#send(this.#hedge);
  }

  /** The first head counts; the other upstream is not told anything but that nobody listens any more. */
  #choose(connection: UpstreamConnection): void {
    this.#chosen = connection;
    const other = connection === this.#first ? this.#hedge : this.#first;
    this.#first = connection;
    this.#hedge = undefined;
    if (other !== undefined) this.#abandon(other);
  }

  #upgrade(connection: UpstreamConnection, head: ResponseHead): void {
    if (!this.#request.head.isUpgrade) {
      connection.broke({ kind: 'malformed', detail: 'switched protocols, which nobody had asked for' });
      return;
    }
    this.#isStream = true;
    this.#answer.interim(head);
    this.#owner.onUpgraded();
  }

  /** When both have ended, what is still on its way is delivered, and then the sockets close by themselves. */
  #finishStream(): void {
    const connection = this.#first;
    if (!this.#hasClientEnded || !this.#hasUpstreamEnded || connection === undefined) return;
    const { upstreams, clock } = this.#parts;
    this.#first = undefined;
    connection.letGo();
    upstreams.end(connection.entry, 'succeeded', clock.monotonicMs());
    this.#finish();
  }

  /** A connection that carried a whole answer to a whole request can carry the next one. */
  #release(connection: UpstreamConnection): void {
    const { upstreams, connections, sweep, clock } = this.#parts;
    const head = this.#head as ResponseHead;
    this.#first = undefined;
    upstreams.end(connection.entry, head.status >= 500 ? 'failed' : 'succeeded', clock.monotonicMs());
    if (!head.keepsAlive || !connection.isClean || !this.#isBodyWhole) {
      connection.close();
      return;
    }
    connections.keep(connection, head.fields.keepAliveSeconds, sweep.nowMs);
  }

  #abandon(connection: UpstreamConnection): void {
    connection.close();
    this.#parts.upstreams.end(connection.entry, 'neither', 0);
  }

  #refuse(problem: ProxyProblem): void {
    this.#answer.refuse(problem);
    this.#finish();
  }

  #cut(outcome: 'failed' | 'neither'): void {
    const connection = this.#first;
    this.#first = undefined;
    if (connection !== undefined) {
      connection.close();
      this.#parts.upstreams.end(connection.entry, outcome, this.#parts.clock.monotonicMs());
    }
    if (!this.#isStream) this.#parts.metrics.cut.add();
    this.#answer.cut();
    this.#finish();
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#hedgeTimer?.cancel();
    this.#parts.sweep.remove(this);
    for (const connection of [this.#first, this.#hedge])
      if (connection !== undefined) this.#abandon(connection);
    this.#owner.onFinished();
  }

  /** Whether silence is part of it. */
  get #isLong(): boolean {
    return (
      this.#isStream ||
      (this.#head?.fields.lines.toLowerCase().includes('content-type: text/event-stream') ?? false)
    );
  }

  #limitMsOf(connection: UpstreamConnection): number {
    const { connectTimeoutMs, responseTimeoutMs, upstreamStallMs } = this.#parts.limits;
    if (!connection.isConnected) return connectTimeoutMs;
    if (this.#isBodyWhole) return responseTimeoutMs;
    // While the client is still sending, the upstream has nothing to answer.
    return connection.writer.isFull ? upstreamStallMs : Number.POSITIVE_INFINITY;
  }
}

/** What may be sent twice with the effect of once (RFC 9110, section 9.2.2). */
function isIdempotent(method: string): boolean {
  return ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'].includes(method);
}
