const Points = 600;

/** What the page has seen, one row a snapshot: [time, …figures], oldest first, at most ten minutes of seconds. */
export class History {
  #last = null;

  constructor(width) {
    this.columns = Array.from({ length: width + 1 }, () => []);
  }

  get length() {
    return this.columns[0].length;
  }

  /** @param x must grow; a row that does not come later than the last one is left out */
  push(x, values) {
    if (this.#last !== null && x <= this.#last) return;
    this.#last = x;
    this.columns[0].push(x);
    values.forEach((value, i) => this.columns[i + 1].push(value));
    if (this.length > Points) this.columns.forEach((column) => column.shift());
  }

  /** Breaks the lines: there were moments of which nothing is known. */
  break() {
    if (this.length === 0 || this.columns[1].at(-1) === null) return;
    this.push(
      this.#last + 1e-3,
      this.columns.slice(1).map(() => null),
    );
  }
}
