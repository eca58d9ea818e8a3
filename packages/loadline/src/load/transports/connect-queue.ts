/** Someone who wants a connection. */
export interface Connecting {
  /** Begins to connect. @returns false where it no longer wants to; then the turn goes to the next. */
  connectNow(): boolean;
}

/**
 * Lets a bounded number connect at a time. Of ten thousand who knock at once, a server's queue takes a few
 * hundred; the others would try again after a second, and the second would look like the server's.
 */
export class ConnectQueue {
  readonly #waiting: Connecting[] = [];
  #next = 0;
  #connecting = 0;

  enter(connecting: Connecting): void {
    this.#waiting.push(connecting);
    this.#admit();
  }

  /** One who was admitted has connected, or has given up. */
  leave(): void {
    this.#connecting--;
    this.#admit();
  }

  #admit(): void {
    while (this.#connecting < connectingMax && this.#next < this.#waiting.length) {
      const connecting = this.#waiting[this.#next++] as Connecting;
      this.#connecting++;
      if (!connecting.connectNow()) this.#connecting--;
    }
    if (this.#next === this.#waiting.length) {
      this.#waiting.length = 0;
      this.#next = 0;
    }
  }
}

/** Half of the queue that nginx and Node.js ask the kernel for. */
const connectingMax = 256;
