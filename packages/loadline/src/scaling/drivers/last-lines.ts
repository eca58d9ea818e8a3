/** The last lines of what a process writes: never more than `linesMax` of at most `charactersMax` each. */
export class LastLines {
  readonly #linesMax: number;
  readonly #charactersMax: number;
  #lines: string[] = [];
  #rest = '';

  constructor(linesMax = 200, charactersMax = 1000) {
    this.#linesMax = linesMax;
    this.#charactersMax = charactersMax;
  }

  /** Takes what was written, cut wherever the pipe has cut it. */
  write(text: string): void {
    const parts = (this.#rest + text).split('\n');
    this.#rest = this.#cut(parts.pop() as string);
    this.#lines = [...this.#lines, ...parts.slice(-this.#linesMax).map((line) => this.#cut(line))].slice(
      -this.#linesMax,
    );
  }

  /** Oldest first, with what has no end yet as the last. */
  get lines(): readonly string[] {
    return this.#rest === '' ? this.#lines : [...this.#lines, this.#rest].slice(-this.#linesMax);
  }

  #cut(line: string): string {
    return line.length > this.#charactersMax ? `${line.slice(0, this.#charactersMax - 1)}…` : line;
  }
}
