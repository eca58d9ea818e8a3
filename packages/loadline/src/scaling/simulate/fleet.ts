/** Instances that are ready, and those on their way up. Those that are not wanted any more go at once, the youngest first. */
export class SimulatedFleet {
  readonly #startMs: number;
  /** When each batch is ready, and how many it has; oldest first. */
  readonly #starting: { readyMs: number; count: number }[] = [];
  ready: number;
  starting = 0;

  constructor(ready: number, startMs: number) {
    this.ready = ready;
    this.#startMs = startMs;
  }

  get wanted(): number {
    return this.ready + this.starting;
  }

  /** Lets those be ready whose time has come. */
  advance(nowMs: number): void {
    for (
      let first = this.#starting[0];
      first !== undefined && first.readyMs <= nowMs;
      first = this.#starting[0]
    ) {
      this.ready += first.count;
      this.starting -= first.count;
      this.#starting.shift();
    }
  }

  resize(wanted: number, nowMs: number): void {
    const change = wanted - this.wanted;
    if (change > 0) {
      this.#starting.push({ readyMs: nowMs + this.#startMs, count: change });
      this.starting += change;
      return;
    }
    let toGo = -change;
    for (let last = this.#starting.at(-1); last !== undefined && toGo > 0; last = this.#starting.at(-1)) {
      const gone = Math.min(last.count, toGo);
      last.count -= gone;
      this.starting -= gone;
      toGo -= gone;
      if (last.count === 0) this.#starting.pop();
    }
    this.ready -= toGo;
  }
}
