// Reads server-sent events by fetch rather than EventSource, which can carry no API key and does not say why it failed.
const Silence = 15_000;
const PollEvery = 2_000;
const StreamAgainAfter = 30_000;
const LongestWait = 10_000;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

class Refused extends Error {}

/**
 * Keeps the page fed: the stream where it works, polling where something between us and the server swallows streams, and
 * trying again, ever less often, where there is no server. `onState` hears "live", "polling", "starting" (the server is not
 * ready), "lost" and "locked" (a key is needed).
 */
export class LiveFeed {
  #failures = 0;
  #key = null;
  #wake = null;

  constructor({ onSnapshot, onState }) {
    this.onSnapshot = onSnapshot;
    this.onState = onState;
  }

  /** Goes on with a key. */
  unlock(key) {
    this.#key = key;
    this.#wake?.();
  }

  async run() {
    for (;;) {
      try {
        if (!(await this.#stream())) await this.#poll();
      } catch (error) {
        await this.#afterFailure(error);
      }
    }
  }

  async #afterFailure(error) {
    if (error instanceof Refused) {
      this.onState("locked", { keyWasWrong: this.#key !== null });
      await new Promise((wake) => (this.#wake = wake));
      return;
    }
    this.#failures++;
    const wait = Math.min(LongestWait, 500 * 2 ** this.#failures) * (0.75 + 0.5 * Math.random());
    this.onState(error.starting ? "starting" : "lost", {});
    await pause(wait);
  }

  async #get(path, accept, signal) {
    const headers = { accept };
    if (this.#key) headers.authorization = `Bearer ${this.#key}`;
    const response = await fetch(new URL(path, document.baseURI), { headers, signal, cache: "no-store" });
    if (response.status === 401 || response.status === 403) throw new Refused();
    return response;
  }

  #deliver(data, state) {
    this.#failures = 0;
    this.onSnapshot(JSON.parse(data));
    this.onState(state, {});
  }

  /** Runs as long as the stream does, then throws; returns false where there is no stream to be had. */
  async #stream() {
    const stop = new AbortController();
    let watchdog = setTimeout(() => stop.abort(), Silence);
    let delivered = false;
    try {
      const response = await this.#get("v1/live/stream", "text/event-stream", stop.signal);
      if (!response.ok || !response.headers.get("content-type")?.startsWith("text/event-stream")) return false;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let pending = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done && delivered) throw new Error("The server ended the stream.");
        if (done) return false;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => stop.abort(), Silence);
        const events = (pending + value.replaceAll("\r", "")).split("\n\n");
        pending = events.pop();
        for (const event of events) {
          const data = event
            .split("\n")
            .filter((line) => line.startsWith("data:"))
            .map((line) => line.slice(5).trimStart())
            .join("\n");
          if (!data) continue;
          this.#deliver(data, "live");
          delivered = true;
        }
      }
    } catch (error) {
      // Silence without a single event: perhaps a proxy that holds streams back.
      if (stop.signal.aborted && !delivered) return false;
      throw error;
    } finally {
      clearTimeout(watchdog);
      stop.abort();
    }
  }

  async #poll() {
    const until = performance.now() + StreamAgainAfter;
    while (performance.now() < until) {
      const response = await this.#get("v1/live", "application/json", AbortSignal.timeout(Silence));
      if (response.status === 503) throw Object.assign(new Error("The server is not ready."), { starting: true });
      if (!response.ok) throw new Error(`The server answered ${response.status}.`);
      this.#deliver(await response.text(), "polling");
      await pause(PollEvery);
    }
  }

  /** One campaign in full, for where the snapshot leaves its history out; null where it cannot be had. */
  campaign(id) {
    return this.#ask(`v1/campaigns/${id}`);
  }

  /** All experiments with their results; null where they cannot be had. */
  async experiments() {
    return (await this.#ask("v1/experiments"))?.experiments ?? null;
  }

  async #ask(path) {
    try {
      const response = await this.#get(path, "application/json", AbortSignal.timeout(Silence));
      return response.ok ? await response.json() : null;
    } catch {
      return null; // Whoever asked says that there is nothing; the connection's own state is told elsewhere.
    }
  }
}
