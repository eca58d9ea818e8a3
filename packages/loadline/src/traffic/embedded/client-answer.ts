import type { Socket } from 'node:net';
import type { Clock } from '../../base/index.ts';
import type { Answer, ProxyProblem } from './message/answer.ts';
import { framingFor, interimHeadFor, type ResponseFraming, responseHeadFor } from './message/handing-on.ts';
import { MessageWriter } from './message/message-writer.ts';
import { problemText } from './message/problem.ts';
import type { RequestHead } from './message/request-head.ts';
import type { ResponseHead } from './message/response-head.ts';
import type { ProxyMetrics } from './proxy-metrics.ts';

/** What answers on a client's connection depend on besides the answer. */
export interface AnswerOptions {
  readonly clock: Clock;
  readonly metrics: ProxyMetrics;
  /** Whether the connection can carry another request after this answer. */
  readonly mayStay: () => boolean;
}

/** Writes answers to a client, one request after the other. */
export class ClientAnswer implements Answer {
  /** Whether the connection ends with this answer. */
  closes = false;
  hasHead = false;
  /** Whether the client waits to be told that it may send its body. */
  isContinueOwed = false;
  readonly #socket: Socket;
  readonly #writer: MessageWriter;
  readonly #options: AnswerOptions;
  #isHttp11 = true;
  #isHead = false;
  #hasContinued = false;

  constructor(socket: Socket, options: AnswerOptions) {
    this.#socket = socket;
    this.#writer = new MessageWriter(socket, { areBytesLent: true });
    this.#options = options;
  }

  begin(request: RequestHead): void {
    this.forget();
    this.#isHttp11 = request.isHttp11;
    this.#isHead = request.method === 'HEAD';
    this.isContinueOwed = request.expectsContinue;
  }

  /** There is no answer under way: the next refusal is no answer that breaks. */
  forget(): void {
    this.closes = false;
    this.hasHead = false;
    this.isContinueOwed = false;
    this.#isHead = false;
    this.#hasContinued = false;
  }

  get isFull(): boolean {
    return this.#writer.isFull;
  }

  interim(head: ResponseHead): void {
    // HTTP/1.0 knows one answer to a request.
    if (!this.#isHttp11) return;
    if (head.status === 100) {
      this.isContinueOwed = false;
      if (this.#hasContinued) return;
    }
    this.#writer.begin(interimHeadFor(head), false);
    this.#writer.flush();
    if (head.status === 101) this.hasHead = true;
  }

  /** Lets the client send its body, in place of an upstream that says nothing; what that says of it later is left out. */
  giveContinue(): void {
    this.isContinueOwed = false;
    this.#hasContinued = true;
    this.#writer.begin('HTTP/1.1 100 Continue\r\n\r\n', false);
    this.#writer.flush();
  }

  head(head: ResponseHead): void {
    const framing = this.#frame(head);
    this.#writer.begin(this.#write(head, framing), framing.isChunked);
  }

  whole(head: ResponseHead, body: Buffer): void {
    this.#writer.whole(this.#write(head, this.#frame(head)), body);
  }

  #write(head: ResponseHead, framing: ResponseFraming): string {
    return responseHeadFor(head, { isHttp11: this.#isHttp11 }, framing, this.#options.clock);
  }

  data(bytes: Buffer, from: number, to: number): void {
    this.#writer.data(bytes, from, to);
  }

  flush(): void {
    this.#writer.flush();
  }

  end(trailers: string): void {
    this.#writer.end(trailers);
    this.#writer.flush();
  }

  refuse(problem: ProxyProblem): void {
    if (this.hasHead) {
      this.cut();
      return;
    }
    this.hasHead = true;
    this.closes = !this.#isHttp11 || !this.#options.mayStay();
    this.#options.metrics.refused.with({ status: String(problem.status) }).add();
    this.#writer.begin(problemText(problem, { closes: this.closes, isHead: this.#isHead }), false);
    this.#writer.flush();
  }

  #frame(head: ResponseHead): ResponseFraming {
    const framing = framingFor(head, { isHttp11: this.#isHttp11 }, this.#options.mayStay());
    this.hasHead = true;
    this.closes = framing.closes;
    return framing;
  }

  /** A reset, because an orderly end is how a body without a length says that it is whole. */
  cut(): void {
    this.closes = true;
    this.#socket.resetAndDestroy();
  }
}
