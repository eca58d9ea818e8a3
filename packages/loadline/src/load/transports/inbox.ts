import type { Message } from './session.ts';

export interface InboxLimits {
  readonly messagesMax: number;
  readonly bytesMax: number;
}

/**
 * Messages that nobody has waited for yet, the oldest first. Within its limits it forgets the oldest, so that a
 * server that floods a slow user takes no memory; the newest is always kept.
 */
export class Inbox {
  readonly #limits: InboxLimits;
  #messages: Message[] = [];
  #bytes = 0;

  constructor(limits: InboxLimits) {
    this.#limits = limits;
  }

  /** @returns how many were forgotten for it. */
  put(message: Message): number {
    const { messagesMax, bytesMax } = this.#limits;
    // Copied, because the bytes that came are lent, and would hold on to all that came with them.
    this.#messages.push({ ...message, body: Buffer.from(message.body) });
    this.#bytes += message.body.length;
    let forgotten = 0;
    while (this.#messages.length > 1 && (this.#messages.length > messagesMax || this.#bytes > bytesMax)) {
      this.#bytes -= (this.#messages.shift() as Message).body.length;
      forgotten++;
    }
    return forgotten;
  }

  /** The oldest that matches, taken out; the others stay for a later wait. */
  take(matches: (message: Message) => boolean): Message | undefined {
    const at = this.#messages.findIndex(matches);
    if (at < 0) return undefined;
    const [message] = this.#messages.splice(at, 1) as [Message];
    this.#bytes -= message.body.length;
    return message;
  }

  clear(): void {
    this.#messages = [];
    this.#bytes = 0;
  }
}
