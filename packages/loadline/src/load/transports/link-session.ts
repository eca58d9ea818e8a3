import type { Clock } from '../../base/index.ts';
import { Deadlines, type Waiting } from './deadlines.ts';
import { Inbox, type InboxLimits } from './inbox.ts';
import type {
  ConnectRequest,
  Handshake,
  Message,
  Session,
  SessionCounts,
  SessionHandler,
  SessionTransport,
  Wait,
} from './session.ts';
import type { Failure, FailureReason } from './transport.ts';

/** One connection of a driver. */
export interface Link {
  send(text: string): LinkProblem | undefined;
  /** Takes leave in order, within a time limit of its own. */
  end(whenOver: () => void): void;
  destroy(): void;
}

/** What a driver tells of its connection: nothing within the call that opens it, nothing once it is over or left. */
export interface LinkEvents {
  /** Comes first. Where it says that the session is not open, the link is over. */
  onHandshake(answer: Omit<Handshake, 'sentMs' | 'receivedMs'>): void;
  /** The body is lent for the call. */
  onMessage(body: Buffer, event?: string): void;
  /** The link is over. */
  onBroken(problem: LinkProblem): void;
}

export interface LinkProblem {
  readonly reason: FailureReason;
  readonly message: string;
}

/** @throws what the driver finds wrong with the request. */
export type OpenLink = (request: ConnectRequest, events: LinkEvents) => Link;

export interface SessionLimits {
  /** Messages that a session keeps until they are waited for. Default 100. */
  readonly inboxMessagesMax?: number;
  /** The same in bytes. Default 256 KiB. */
  readonly inboxBytesMax?: number;
}

/** Sessions over a driver's links: questions and answers, time limits and early messages are the same for all. */
export function createLinkSessions(
  clock: Clock,
  { inboxMessagesMax = 100, inboxBytesMax = 256 * 1024 }: SessionLimits,
  openLink: OpenLink,
): SessionTransport {
  const shared: SharedState = {
    clock,
    deadlines: new Deadlines(clock),
    inboxLimits: { messagesMax: inboxMessagesMax, bytesMax: inboxBytesMax },
    openLink,
    sessions: new Set(),
    ending: new Set(),
    counts: { messagesIn: 0, bytesIn: 0, messagesDropped: 0, brokenIdle: 0 },
  };
  return {
    counts: shared.counts,
    open(handler) {
      const session = new LinkSession(shared, handler);
      shared.sessions.add(session);
      return session;
    },
    close() {
      for (const session of [...shared.sessions]) session.close();
      for (const link of [...shared.ending]) link.destroy();
      shared.deadlines.stop();
    },
  };
}

interface SharedState {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly inboxLimits: InboxLimits;
  readonly openLink: OpenLink;
  readonly sessions: Set<LinkSession>;
  /** Links that are taking leave. */
  readonly ending: Set<Link>;
  readonly counts: { -readonly [Name in keyof SessionCounts]: number };
}

interface Question {
  readonly askedMs: number;
  readonly timeoutMs: number;
  /** What is waited for; a `connect` waits for the handshake. */
  readonly wait: Wait | undefined;
}

/**
 *   closed ──connect──▸ connecting ──▸ open ⇄ waiting
 *     ▴                     │            │
 *     └─────────────────────┴────────────┘  broken, or left: why is told to whoever asks next
 */
class LinkSession implements Session, LinkEvents, Waiting {
  isListed = false;
  readonly #shared: SharedState;
  readonly #handler: SessionHandler;
  readonly #inbox: Inbox;
  #link: Link | undefined;
  #question: Question | undefined;
  /** Why there is no link. */
  #absence: LinkProblem = notConnected;

  constructor(shared: SharedState, handler: SessionHandler) {
    this.#shared = shared;
    this.#handler = handler;
    this.#inbox = new Inbox(shared.inboxLimits);
  }

  connect(request: ConnectRequest): void {
    this.#drop(notConnected);
    this.#inbox.clear();
    const question = this.#ask(request.timeoutMs);
    try {
      this.#link = this.#shared.openLink(request, this);
    } catch (error) {
      const message = (error as Error).message;
      this.#answerLater(question, () => this.#fail({ reason: 'internal', message }));
    }
  }

  send(text: string): Failure | undefined {
    const problem = this.#link === undefined ? this.#absence : this.#link.send(text);
    if (problem === undefined) return undefined;
    const nowMs = this.#shared.clock.monotonicMs();
    return { ...problem, sentMs: nowMs, receivedMs: nowMs };
  }

  waitFor(wait: Wait): void {
    const question = this.#ask(wait.timeoutMs, wait);
    const early = wait.takesEarlier ? this.#inbox.take(wait.matches) : undefined;
    if (early !== undefined) this.#answerLater(question, () => this.#match(early));
    else if (this.#link === undefined) this.#answerLater(question, () => this.#fail(this.#absence));
  }

  disconnect(): void {
    const link = this.#link;
    this.#leave(notConnected);
    this.#inbox.clear();
    if (link === undefined) return;
    const { ending } = this.#shared;
    ending.add(link);
    link.end(() => ending.delete(link));
  }

  close(): void {
    this.#drop(runEnded);
    this.#shared.sessions.delete(this);
    this.#fail(runEnded);
  }

  checkDeadline(nowMs: number): boolean {
    const question = this.#question;
    if (question === undefined) return false;
    const { askedMs, timeoutMs, wait } = question;
    if (nowMs < askedMs + timeoutMs) return true;
    if (wait === undefined) this.#drop(notConnected);
    const awaited = wait === undefined ? 'no answer to the handshake' : 'no message that matches';
    this.#fail({ reason: 'timeout', message: `${awaited} within ${timeoutMs} ms` });
    return false;
  }

  onHandshake(answer: Omit<Handshake, 'sentMs' | 'receivedMs'>): void {
    const { askedMs } = this.#question as Question;
    if (!answer.isOpen) this.#leave({ reason: 'closed', message: `the target answered ${answer.status}` });
    this.#question = undefined;
    this.#handler.onHandshake({ ...answer, sentMs: askedMs, receivedMs: this.#shared.clock.monotonicMs() });
  }

  onMessage(body: Buffer, event?: string): void {
    const { counts, clock } = this.#shared;
    counts.messagesIn++;
    counts.bytesIn += body.length;
    const message = { event, body, receivedMs: clock.monotonicMs() };
    if (this.#question?.wait?.matches(message)) this.#match(message);
    else counts.messagesDropped += this.#inbox.put(message);
  }

  onBroken(problem: LinkProblem): void {
    this.#leave(problem);
    if (this.#question === undefined) this.#shared.counts.brokenIdle++;
    else this.#fail(problem);
  }

  #ask(timeoutMs: number, wait?: Wait): Question {
    const question = { askedMs: this.#shared.clock.monotonicMs(), timeoutMs, wait };
    this.#question = question;
    this.#shared.deadlines.add(this);
    return question;
  }

  #answerLater(question: Question, answer: () => void): void {
    queueMicrotask(() => {
      if (this.#question === question) answer();
    });
  }

  #match(message: Message): void {
    this.#question = undefined;
    this.#handler.onMatch(message);
  }

  #fail(problem: LinkProblem): void {
    const question = this.#question;
    if (question === undefined) return;
    this.#question = undefined;
    this.#handler.onFailure({
      ...problem,
      sentMs: question.wait === undefined ? undefined : question.askedMs,
      receivedMs: this.#shared.clock.monotonicMs(),
    });
  }

  #drop(absence: LinkProblem): void {
    const link = this.#link;
    this.#leave(absence);
    link?.destroy();
  }

  #leave(absence: LinkProblem): void {
    this.#link = undefined;
    this.#absence = absence;
  }
}

const notConnected: LinkProblem = { reason: 'closed', message: 'the session is not connected' };
const runEnded: LinkProblem = { reason: 'closed', message: 'the run has ended' };
