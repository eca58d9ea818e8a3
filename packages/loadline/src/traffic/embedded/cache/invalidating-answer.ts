import type { Answer, ProxyProblem } from '../message/answer.ts';
import type { ResponseHead } from '../message/response-head.ts';

/** Hears whether something was changed: then what is kept of it is not right any more (RFC 9111, section 4.4). */
export class InvalidatingAnswer implements Answer {
  readonly #answer: Answer;
  readonly #onChanged: () => void;

  constructor(answer: Answer, onChanged: () => void) {
    this.#answer = answer;
    this.#onChanged = onChanged;
  }

  get isFull(): boolean {
    return this.#answer.isFull;
  }

  interim(head: ResponseHead): void {
    this.#answer.interim(head);
  }

  head(head: ResponseHead): void {
    if (head.status < 400) this.#onChanged();
    this.#answer.head(head);
  }

  data(bytes: Buffer, from: number, to: number): void {
    this.#answer.data(bytes, from, to);
  }

  flush(): void {
    this.#answer.flush();
  }

  end(trailers: string): void {
    this.#answer.end(trailers);
  }

  whole(head: ResponseHead, body: Buffer): void {
    this.head(head);
    this.#answer.data(body, 0, body.length);
    this.#answer.end('');
  }

  refuse(problem: ProxyProblem): void {
    this.#answer.refuse(problem);
  }

  cut(): void {
    this.#answer.cut();
  }
}
