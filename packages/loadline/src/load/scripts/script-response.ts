import type { Failure, Response } from '../transports/transport.ts';
import type { ScenarioResponse } from './scenario.ts';

/** An answer as a scenario function reads it, as long as it stands where it was received. */
export class ScriptResponse implements ScenarioResponse {
  readonly status: number;
  readonly failure: Failure | undefined;
  #response: Response | undefined;

  constructor(status: number, response: Response | undefined, failure: Failure | undefined) {
    this.status = status;
    this.#response = response;
    this.failure = failure;
  }

  header(name: string): string | undefined {
    return this.failure === undefined ? this.#read().header(name.toLowerCase()) : undefined;
  }

  text(): string {
    const body = this.#read().body();
    return body.toString('utf8');
  }

  json<Value = unknown>(): Value {
    return JSON.parse(this.text()) as Value;
  }

  body(): Uint8Array {
    return Uint8Array.from(this.#read().body());
  }

  /** The user has gone on: the memory holds something else now. */
  forget(): void {
    this.#response = undefined;
  }

  #read(): Response {
    if (this.failure !== undefined) throw new Error(`no answer came: ${this.failure.message}`);
    if (this.#response === undefined || this.#response.isGone === true)
      throw new Error('an answer is read before the next await; keep what you need of it in a variable');
    return this.#response;
  }
}
