import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Clock } from '../../base/index.ts';
import type { FromWorker, ToWorker, WorkerLink } from '../workers/link.ts';
import { createLinkEnd, type LinkEnd } from '../workers/link-end.ts';
import type { Channel } from './channel.ts';
import { type FromAgent, pieceBytes, type ToAgent } from './messages.ts';
import type { PreparedErrand } from './prepare-errand.ts';

/** An agent as the one who conducts sees it: it waits, is given an errand, and then has workers. */
export class RemoteAgent {
  readonly name: string;
  readonly #channel: Channel<ToAgent, FromAgent>;
  readonly #clock: Clock;
  #workers: readonly LinkEnd<ToWorker, FromWorker>[] = [];
  #open = 0;

  /** @param onEnd it has gone without having been given an errand. */
  constructor(
    name: string,
    channel: Channel<ToAgent, FromAgent>,
    { clock, onEnd }: { readonly clock: Clock; readonly onEnd: (because: string) => void },
  ) {
    this.name = name;
    this.#channel = channel;
    this.#clock = clock;
    channel.receive(() => undefined);
    channel.onEnd(onEnd);
  }

  /**
   * Gives it what it needs for a run.
   *
   * @returns a link to each of its workers; where it could not prepare them, one that is lost and says why.
   */
  prepare(prepared: PreparedErrand): Promise<readonly WorkerLink[]> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(
        () => this.#channel.end(`it was not ready within ${prepareLimitMs / 60_000} minutes`),
        prepareLimitMs,
      );
      const fail = (because: string): void => {
        timer.cancel();
        resolve([lostLink(this.name, because)]);
        this.close();
      };
      this.#channel.onEnd(fail);
      this.#channel.receive((message) => {
        timer.cancel();
        if (message.kind === 'prepared' && message.workers >= 1 && message.workers <= workersMax)
          resolve(this.#work(message.workers));
        else fail(message.kind === 'refused' ? message.because : `it answered with ${message.kind}`);
      });
      void this.#send(prepared);
    });
  }

  /** Lets it go; what it was to answer is answered so. */
  close(): void {
    this.#channel.send({ kind: 'over' });
    this.#channel.end('the run is over');
  }

  async #send({ errand, folder }: PreparedErrand): Promise<void> {
    this.#channel.send({ kind: 'errand', errand });
    for (const [index, file] of errand.files.entries()) {
      try {
        if (file.bytes > 0) await this.#sendFile(index, file.bytes, resolve(folder, file.path));
      } catch (error) {
        this.#channel.end(`${file.path} could not be sent: ${(error as Error).message}`);
      }
      if (this.#channel.hasEnded) return;
    }
  }

  async #sendFile(file: number, bytesMax: number, path: string): Promise<void> {
    let sent = 0;
    for await (const piece of createReadStream(path, { highWaterMark: pieceBytes, end: bytesMax - 1 })) {
      const bytes = piece as Buffer;
      this.#channel.send({ kind: 'piece', file, bytes });
      sent += bytes.length;
      await this.#channel.flushed();
      if (this.#channel.hasEnded) return;
    }
    if (sent < bytesMax) throw new Error('it has changed meanwhile');
  }

  #work(count: number): WorkerLink[] {
    this.#open = count;
    this.#workers = Array.from({ length: count }, (_, worker) =>
      createLinkEnd<ToWorker, FromWorker>(count === 1 ? this.name : `${this.name}, worker ${worker + 1}`, {
        send: (message) => this.#channel.send({ kind: 'to', worker, message }),
        close: () => this.#closeWorker(worker),
      }),
    );
    this.#channel.receive((message) => {
      if (message.kind === 'from') this.#workers[message.worker]?.deliver(message.message);
      if (message.kind === 'lost') this.#workers[message.worker]?.lose(message.because);
    });
    this.#channel.onEnd((because) => {
      for (const worker of this.#workers) worker.lose(because);
    });
    return this.#workers.map(({ link }) => link);
  }

  #closeWorker(worker: number): void {
    this.#channel.send({ kind: 'close', worker });
    this.#open--;
    if (this.#open === 0) this.close();
  }
}

function lostLink(name: string, because: string): WorkerLink {
  const end = createLinkEnd<ToWorker, FromWorker>(name, { send: () => undefined, close: () => undefined });
  end.lose(because);
  return end.link;
}

/** For taking the files, reading them, and starting its workers. */
const prepareLimitMs = 300_000;
const workersMax = 1024;
