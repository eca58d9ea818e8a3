import { Attempts, type AttemptsUser, allBusy, noUpstream } from './attempts.ts';
import type { Answer, ProxyProblem } from './message/answer.ts';
import type { Handling, HandlingOwner, ProxiedRequest } from './message/handling.ts';
import { valuesOf } from './message/lines.ts';
import type { ResponseHead } from './message/response-head.ts';
import type { ProxyParts } from './proxy-parts.ts';
import { overdue } from './request-time.ts';
import type { Swept } from './sweep.ts';
import type { Breakage, UpstreamConnection } from './upstream-connection.ts';

/**
 * One request on its way: hands the request on to an upstream, and the answer back as it comes.
 *
 *   (wait) ─▸ send ─▸ (body …) ─▸ head ─▸ body ─▸ end
 *     ▴         │                   └ 101 ─▸ stream, until both have ended
 *     └─────────┘ no byte of an answer, and it is safe to repeat it
 */
export class Exchange implements AttemptsUser, Handling, Swept {
  readonly #parts: ProxyParts;
  readonly #request: ProxiedRequest;
  readonly #answer: Answer;
  readonly #owner: HandlingOwner;
  readonly #attempts: Attempts;
  /** Whose answer is handed on. */
  #chosen: UpstreamConnection | undefined;
  #head: ResponseHead | undefined;
  /** When something last went on, by the sweep's clock. */
  #progressMs: number;
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
    this.#attempts = new Attempts(parts, request, this);
    this.#isBodyWhole = request.head.body === 0;
    this.#progressMs = parts.sweep.nowMs;
  }

  start(): void {
    this.#parts.sweep.add(this);
    if (this.#attempts.isOverdue) this.#refuse(overdue);
    else if (!this.#attempts.begin()) this.#refuse(noUpstream);
  }

  get isBodyWhole(): boolean {
    return this.#isBodyWhole;
  }

  /** Not before there is a connection: what was given away cannot be given to the next. */
  get takesBody(): boolean {
    const { first } = this.#attempts;
    return first?.isConnected === true && !first.writer.isFull;
  }

  data(bytes: Buffer, from: number, to: number): void {
    this.#hasSentBody = true;
    this.#goesOn();
    this.#attempts.first?.writer.data(bytes, from, to);
  }

  flushBody(): void {
    this.#attempts.first?.writer.flush();
  }

  endBody(trailers: string): void {
    this.#hasSentBody = true;
    this.#isBodyWhole = true;
    this.#goesOn();
    this.#attempts.first?.writer.end(trailers);
    this.flushBody();
  }

  endStream(): void {
    this.#hasClientEnded = true;
    this.#chosen?.endStream();
    this.#endIfBothHave();
  }

  resumeAnswer(): void {
    this.#goesOn();
    this.#chosen?.resume();
  }

  cancel(): void {
    if (this.#isFinished) return;
    if (!this.#isStream) this.#parts.metrics.cancelled.add();
    this.#finish();
  }

  /** Gives up on an upstream. A client that sends or takes nothing is its connection's business. */
  check(nowMs: number): void {
    const forMs = nowMs - this.#progressMs;
    if (this.#chosen !== undefined) {
      if (forMs >= this.#answerLimitMs) this.#cut('failed');
      return;
    }
    if (this.#attempts.isOverdue) {
      this.#attempts.expire(this.#isBodyWhole ? forMs : 0);
      this.#refuse(overdue);
      return;
    }
    if (this.#attempts.isWaiting && forMs >= this.#parts.limits.queueTimeoutMs) {
      if (!this.#attempts.goOnAnywhere()) this.#refuse(allBusy);
      return;
    }
    for (const connection of [this.#attempts.first, this.#attempts.hedge]) {
      if (connection === undefined || forMs < this.#requestLimitMsOf(connection)) continue;
      if (connection.isConnected) connection.broke({ kind: 'late', detail: 'did not answer in time' });
      else connection.broke({ kind: 'unreachable', detail: 'could not be reached in time' });
    }
  }

  onSent(): void {
    this.#goesOn();
    // A connection that had been idle is open already, and tells nobody.
    if (this.takesBody && !this.#isBodyWhole) this.#owner.resumeBody();
  }

  onNobody(): void {
    this.#refuse(noUpstream);
  }

  onConnected(connection: UpstreamConnection): void {
    this.#goesOn();
    if (connection === this.#attempts.first && !this.#isBodyWhole) this.#owner.resumeBody();
  }

  onDrain(): void {
    this.#goesOn();
    this.#owner.resumeBody();
  }

  onInterim(connection: UpstreamConnection, head: ResponseHead): void {
    this.#goesOn();
    if (connection === this.#attempts.first) this.#answer.interim(head);
  }

  onHead(connection: UpstreamConnection, head: ResponseHead): void {
    const { clock, upstreams } = this.#parts;
    const { entry } = connection;
    const nowMs = clock.monotonicMs();
    this.#goesOn();
    this.#attempts.choose(connection);
    this.#chosen = connection;
    this.#head = head;
    upstreams.answered(entry, nowMs - connection.sentMs, nowMs);
    entry.metrics.answers[Math.floor(head.status / 100)]?.add();
    if (head.status === 101) this.#upgrade(connection, head);
    else this.#answer.head(head);
  }

  onData(_: UpstreamConnection, bytes: Buffer, from: number, to: number): void {
    this.#goesOn();
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
    this.#endIfBothHave();
  }

  onBroken(connection: UpstreamConnection, why: Breakage): void {
    if (connection === this.#chosen) {
      this.#cut(this.#isStream ? 'neither' : 'failed');
      return;
    }
    connection.entry.metrics.answers[0]?.add();
    const after = this.#attempts.afterBreakage(connection, why, this.#hasSentBody);
    if (after.kind === 'given up') this.#refuse(after.problem);
    else if (after.kind === 'repeated') this.onSent();
  }

  #goesOn(): void {
    this.#progressMs = this.#parts.sweep.nowMs;
  }

  #upgrade(connection: UpstreamConnection, head: ResponseHead): void {
    if (!this.#request.head.isUpgrade) {
      this.#chosen = undefined;
      connection.broke({ kind: 'malformed', detail: 'switched protocols, which nobody had asked for' });
      return;
    }
    this.#isStream = true;
    this.#answer.interim(head);
    this.#owner.onUpgraded();
  }

  /** A connection that carried a whole answer to a whole request can carry the next one. */
  #release(connection: UpstreamConnection): void {
    const { connections, sweep } = this.#parts;
    const head = this.#head as ResponseHead;
    // A 504 for whoever is in a hurry says that they are.
    const isHasty = head.status === 504 && this.#attempts.isHurried;
    this.#attempts.end(connection, isHasty ? 'neither' : head.status >= 500 ? 'failed' : 'succeeded');
    if (head.keepsAlive && connection.isClean && this.#isBodyWhole)
      connections.keep(connection, head.fields.keepAliveSeconds, sweep.nowMs);
    else connection.close();
  }

  /** When both have ended, what is still on its way is delivered, and then the sockets close by themselves. */
  #endIfBothHave(): void {
    const { first } = this.#attempts;
    if (!this.#hasClientEnded || !this.#hasUpstreamEnded || first === undefined) return;
    first.letGo();
    this.#attempts.end(first, 'succeeded');
    this.#finish();
  }

  #refuse(problem: ProxyProblem): void {
    this.#answer.refuse(problem);
    this.#finish();
  }

  #cut(outcome: 'failed' | 'neither'): void {
    const { first } = this.#attempts;
    if (first !== undefined) {
      first.close();
      this.#attempts.end(first, outcome);
    }
    if (!this.#isStream) this.#parts.metrics.cut.add();
    this.#answer.cut();
    this.#finish();
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#parts.sweep.remove(this);
    this.#attempts.abandon();
    this.#owner.onFinished();
  }

  /** How long an upstream may send nothing of an answer. */
  get #answerLimitMs(): number {
    const { streamIdleMs, upstreamStallMs } = this.#parts.limits;
    if (this.#answer.isFull) return Number.POSITIVE_INFINITY;
    return this.#isStream || this.#isEventStream ? streamIdleMs : upstreamStallMs;
  }

  /** Silence is a part of it. */
  get #isEventStream(): boolean {
    const [type = ''] = valuesOf(this.#head?.fields.lines ?? '', 'content-type');
    return type.startsWith('text/event-stream');
  }

  #requestLimitMsOf(connection: UpstreamConnection): number {
    const { connectTimeoutMs, responseTimeoutMs, upstreamStallMs } = this.#parts.limits;
    if (!connection.isConnected) return connectTimeoutMs;
    if (this.#isBodyWhole) return responseTimeoutMs;
    // While the client is still sending, the upstream has nothing to answer.
    return connection.writer.isFull ? upstreamStallMs : Number.POSITIVE_INFINITY;
  }
}
