import { h, text, attribute, KeyedRows } from "./dom.js";
import { heading } from "./chart.js";
import { capital, count, counted, milliseconds, short } from "./format.js";

/** Shapes beside colours, for those who cannot tell the colours apart. */
const Signs = { healthy: "●", suspect: "▲", down: "✕" };

/** Who answers for which ads. */
export class Shards {
  constructor(card) {
    this.note = h("p.card-note");
    this.empty = h("p.empty", {}, "Waiting for figures");
    this.body = h("tbody");
    const names = ["Shard", "Ads", "Replica", "State", "Version", "In flight", "p95"];
    const head = h(
      "tr",
      {},
      ...names.map((name) => h(`th${["Ads", "In flight", "p95"].includes(name) ? ".figure" : ""}`, { scope: "col" }, name)),
    );
    this.table = h("table", {}, h("caption.visually-hidden", {}, "Shards and their replicas"), h("thead", {}, head), this.body);
    card.append(h("div.card-head", {}, h("h2", {}, "Shards"), this.note), this.empty, h("div.table-scroll", {}, this.table));
    this.rows = new KeyedRows(this.body, () => new ReplicaRow());
  }

  update(shards) {
    const replicas = shards.flatMap((shard) =>
      shard.replicas.length
        ? shard.replicas.map((replica, i) => ({ shard, replica, first: i === 0 }))
        : [{ shard, replica: { address: "nobody", state: "down", version: "–", inFlight: 0, p95: null }, first: true }],
    );
    this.rows.update(replicas.map((row) => [`${row.shard.number} ${row.replica.address}`, row]));
    this.empty.hidden = shards.length > 0;
    text(this.empty, "No shard yet. The server is loading its index.");
    this.table.hidden = shards.length === 0;
    const healthy = replicas.filter(({ replica }) => replica.state === "healthy").length;
    text(
      this.note,
      shards.length === 0 ? "" : `${counted(shards.length, "shard")}, ${healthy} of ${counted(replicas.length, "replica")} healthy`,
    );
  }
}

class ReplicaRow {
  constructor() {
    this.shard = h("th", { scope: "row" });
    [this.ads, this.inFlight, this.p95] = Array.from({ length: 3 }, () => h("td.figure"));
    this.address = h("td.address");
    this.version = h("td.version");
    this.state = h("span.state");
    this.element = h("tr", {}, this.shard, this.ads, this.address, h("td", {}, this.state), this.version, this.inFlight, this.p95);
  }

  update({ shard, replica, first }) {
    text(this.shard, String(shard.number));
    attribute(this.element, "data-first", first ? "" : null);
    text(this.ads, first ? short(shard.ads) : "");
    text(this.address, replica.address);
    text(this.state, `${Signs[replica.state] ?? "?"} ${capital(replica.state)}`);
    attribute(this.state, "data-state", replica.state);
    text(this.version, replica.version);
    attribute(this.version, "title", replica.version);
    text(this.inFlight, count(replica.inFlight));
    text(this.p95, milliseconds(replica.p95));
  }
}

/** What runs. */
export class Versions {
  constructor(card) {
    this.list = h("dl.versions");
    this.empty = h("p.empty", {}, "Waiting for figures");
    card.append(heading("Versions"), this.empty, this.list);
    this.shown = "";
  }

  update(versions) {
    const now = JSON.stringify(versions);
    if (now === this.shown) return;
    this.shown = now;
    this.empty.hidden = versions.length > 0;
    text(this.empty, "Nothing is published yet");
    this.list.replaceChildren(
      ...versions.map(([part, version]) => h("div", {}, h("dt", {}, capital(part)), h("dd", { title: version }, version))),
    );
  }
}

/** Work that no request waits for: the clock's, leases, reports. Only what ever failed is listed. */
export class Background {
  constructor(card) {
    this.empty = h("p.empty", {}, "Waiting for figures");
    this.list = h("ul.background");
    card.append(heading("Background work"), this.empty, this.list);
    this.rows = new KeyedRows(this.list, () => new BackgroundRow());
  }

  update(parts) {
    this.rows.update(parts.map((part) => [part.part, part]));
    this.empty.hidden = parts.length > 0;
    text(this.empty, "All is well: nothing has failed since the process began.");
  }
}

class BackgroundRow {
  constructor() {
    this.name = h("span.part");
    this.state = h("span.state");
    this.why = h("p.why");
    this.element = h("li", {}, this.name, this.state, this.why);
  }

  update({ part, failures, failing, why }) {
    text(this.name, capital(part.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)));
    text(this.state, failing ? `${Signs.down} Failing` : `${Signs.healthy} Recovered`);
    attribute(this.state, "data-state", failing ? "down" : "healthy");
    text(this.why, `${counted(failures, "failure")}. The last: ${why}`);
    attribute(this.why, "title", why);
  }
}
