import { h, text, attribute } from "./dom.js";
import { Stages, paceBar } from "./bars.js";
import { Chart, heading, unit } from "./chart.js";
import { History } from "./history.js";
import { Tile } from "./tile.js";
import { milliseconds, money, number, percent, points, short, trimmed } from "./format.js";

const RateWindow = 15;

/** Figures of the money panel, with what they mean. */
const Facts = {
  Impressions: "Shown",
  Clicks: "Clicked",
  Conversions: "Converted",
  CTR: "Clicks an impression",
  CVR: "Conversions a click",
  RPM: "Revenue a thousand impressions",
  CPC: "Revenue a click",
  CPA: "Revenue a conversion",
  Duplicates: "Events that came again; they change nothing",
  Refused: "Events of unknown, late or forged origin",
  "Free clicks": "Clicks that no budget was left for",
};

/** Spend and plan of all campaigns together. */
export function totals(campaigns) {
  const sum = { budget: 0, spent: 0, planned: 0 };
  for (const { budget, spent, plannedShare } of campaigns) {
    sum.budget += budget;
    sum.spent += spent;
    sum.planned += plannedShare * budget;
  }
  return sum;
}

/** Figures at a glance, traffic, retrieval and money. */
export class Overview {
  #traffic = new History(5);
  #retrieval = new History(3);
  #spend = new History(2);
  #revenue = new History(1);
  #seen = [];
  #day = null;

  constructor(element) {
    const tiles = element("tiles");
    this.tiles = {
      rate: new Tile(tiles, "Requests", "Answered in a second, mean of the last ten seconds"),
      latency: new Tile(tiles, "Latency p99", "99th percentile of the last ten seconds"),
      recall: new Tile(tiles, "Value recall", "Auction value found over that of scoring every ad, on sampled requests"),
      scored: new Tile(tiles, "Ads scored", "Share of all ads that a request scored"),
      coverage: new Tile(tiles, "Coverage", "Share of the ads whose shard answered"),
      revenue: new Tile(tiles, "Revenue", "Charged since the process began"),
    };
    this.#rateCard(element("rate"));
    this.#latencyCard(element("latency"));
    this.stages = new Stages(element("stages"));
    this.#retrievalCard(element("retrieval"));
    this.#spendCard(element("spend"));
    this.#moneyCard(element("money"));
  }

  /** @param now seconds of the reader's clock */
  update(snapshot, now) {
    const { traffic, retrieval, market, campaigns } = snapshot;
    this.#traffic.push(now, [traffic.answered, traffic.shed, traffic.errors, traffic.p50, traffic.p99]);
    const [at, answered, shed, errors, p50, p99] = this.#traffic.columns;
    this.rate.set([at, answered, shed, errors]);
    this.latency.set([at, p50, p99]);
    this.stages.update(traffic.stages);

    this.#retrieval.push(now, [retrieval.valueRecall, retrieval.coverage, retrieval.scored]);
    this.retrieval.set(this.#retrieval.columns);

    const day = totals(campaigns);
    const [first] = campaigns;
    this.#day = first?.dayEnd > first?.dayStart ? { start: first.dayStart, end: first.dayEnd } : null;
    if (this.#spend.length === 0) this.#seedSpend(snapshot.course);
    if (day.budget > 0) this.#spend.push(snapshot.at.getTime() / 1000, [day.spent / day.budget, day.planned / day.budget]);
    this.spend.set(this.#spend.columns);
    this.spendBar.set(day.budget > 0 ? day.spent / day.budget : 0, day.budget > 0 ? day.planned / day.budget : 0);
    text(
      this.spendText,
      day.budget > 0
        ? `${money(day.spent)} of ${money(day.budget)}, ${points((day.spent - day.planned) / day.budget)} against the plan`
        : "No budget yet",
    );

    const perMinute = this.#revenuePerMinute(now, market.revenue);
    if (perMinute !== null) this.#revenue.push(now, [perMinute]);
    this.revenue.set(this.#revenue.columns);
    this.#updateMoney(market);
    this.#updateTiles(snapshot, perMinute);
  }

  /** The connection was away: lines end here and begin anew. */
  break() {
    for (const history of [this.#traffic, this.#retrieval, this.#spend, this.#revenue]) history.break();
    this.#seen = [];
  }

  /** What was spent before the page was opened. */
  #seedSpend(course) {
    for (const { at, spent, planned } of course) this.#spend.push(at, [spent, planned]);
  }

  #revenuePerMinute(now, revenue) {
    if (this.#seen.length && revenue < this.#seen.at(-1).revenue) this.#seen = []; // The server began anew.
    this.#seen.push({ now, revenue });
    while (this.#seen.length > 2 && now - this.#seen[0].now > RateWindow) this.#seen.shift();
    const first = this.#seen[0];
    return now - first.now >= 0.5 ? ((revenue - first.revenue) / (now - first.now)) * 60 : null;
  }

  #updateTiles({ traffic, retrieval, market, shards }, perMinute) {
    const replicas = shards.flatMap((shard) => shard.replicas);
    const healthy = replicas.filter((replica) => replica.state === "healthy").length;
    const bad = [
      traffic.shed > 0 ? `${number(traffic.shed)}/s shed` : null,
      traffic.errors > 0 ? `${number(traffic.errors)}/s failed` : null,
    ];
    this.tiles.rate.set(
      `${number(traffic.answered)}\u202f/s`,
      bad.filter(Boolean).join(", ") || "none shed, none failed",
      traffic.answered,
    );
    this.tiles.latency.set(milliseconds(traffic.p99), `median ${milliseconds(traffic.p50)}`, traffic.p99);
    this.tiles.recall.set(
      percent(retrieval.valueRecall),
      retrieval.valueRecall === null ? "nothing sampled yet" : "of scoring every ad",
      retrieval.valueRecall,
    );
    this.tiles.scored.set(percent(retrieval.scored), `of ${short(retrieval.ads)} ads`, retrieval.scored);
    this.tiles.coverage.set(
      percent(retrieval.coverage),
      replicas.length ? `${healthy} of ${replicas.length} replicas healthy` : "no shard yet",
      retrieval.coverage,
    );
    this.tiles.revenue.set(money(market.revenue), perMinute === null ? "\u00a0" : `${money(perMinute)} a minute`, perMinute);
    attribute(this.tiles.rate.element, "data-bad", bad.some(Boolean) ? "" : null);
    attribute(this.tiles.coverage.element, "data-bad", replicas.length > healthy ? "" : null);
  }

  #rateCard(card) {
    card.append(heading("Traffic", "requests a second"));
    this.rate = new Chart(card, {
      label: "Requests a second",
      format: number,
      series: [
        { label: "Answered", colour: "--series-1", fill: true },
        { label: "Shed", colour: "--series-2", dash: [6, 4] },
        { label: "Failed", colour: "--series-4", dash: [2, 3] },
      ],
    });
  }

  #latencyCard(card) {
    card.append(heading("Latency", "last ten seconds"));
    this.latency = new Chart(card, {
      label: "Latency",
      format: milliseconds,
      tick: (v) => `${trimmed(v)}\u202fms`,
      series: [
        { label: "p50", colour: "--series-3" },
        { label: "p99", colour: "--series-2", dash: [7, 3] },
      ],
    });
  }

  #retrievalCard(card) {
    card.append(heading("Retrieval", "a request, on average"));
    this.retrieval = new Chart(card, {
      label: "Retrieval: value recall, coverage and share of the ads scored",
      format: (v) => percent(v),
      range: unit,
      series: [
        { label: "Value recall", colour: "--series-3" },
        { label: "Coverage", colour: "--series-1", dash: [7, 3] },
        { label: "Scored", colour: "--series-2", fill: true },
      ],
      configure: shareAxis,
    });
  }

  #spendCard(card) {
    card.append(heading("Budgets today", "all campaigns shown, business clock"));
    this.spendBar = paceBar();
    this.spendText = h("span");
    card.append(h("p.pace-line", {}, this.spendText, this.spendBar.element));
    this.spend = new Chart(card, {
      label: "Spend against plan of all campaigns, share of their budgets",
      format: (v) => percent(v),
      range: unit,
      height: 138,
      zone: "UTC",
      series: [
        { label: "Spent", colour: "--series-1", fill: true },
        { label: "Planned", colour: "--ink-3", dash: [4, 4], width: 1.5 },
      ],
      configure: (options) => {
        shareAxis(options);
        options.scales.x.range = (_, min, max) => [this.#day?.start ?? min, this.#day?.end ?? max];
      },
    });
  }

  #moneyCard(card) {
    card.append(heading("Money", "since the process began"));
    this.facts = new Map(Object.keys(Facts).map((name) => [name, h("dd", {}, "–")]));
    this.revenue = new Chart(card, {
      label: "Revenue a minute",
      format: money,
      height: 92,
      series: [{ label: "Revenue a minute", colour: "--series-3", fill: true }],
      configure: (options) => (options.axes[1].space = 20),
    });
    card.append(
      h("dl.facts", {}, ...Object.entries(Facts).map(([name, help]) => h("div", { title: help }, h("dt", {}, name), this.facts.get(name)))),
    );
  }

  #updateMoney(market) {
    const { revenue, impressions, clicks, conversions } = market;
    const figures = {
      Impressions: short(impressions),
      Clicks: short(clicks),
      Conversions: short(conversions),
      CTR: percent(clicks / impressions),
      CVR: percent(conversions / clicks),
      RPM: money((1000 * revenue) / impressions),
      CPC: money(revenue / clicks),
      CPA: money(revenue / conversions),
      Duplicates: short(market.duplicates),
      Refused: short(market.refused),
      "Free clicks": short(market.freeClicks),
    };
    for (const [name, value] of Object.entries(figures)) text(this.facts.get(name), value);
  }
}

/** Quarters, so that the axis does not end at 102 %. */
export function shareAxis(options) {
  options.axes[1].splits = () => [0, 0.25, 0.5, 0.75, 1];
  options.axes[1].values = (_, at) => at.map((v) => percent(v, 0));
}
