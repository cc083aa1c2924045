import { h, text, attribute } from "./dom.js";
import { Chart, fromZero } from "./chart.js";
import { readTick } from "./snapshot.js";
import { StatusNames, kpiFigure, kpiText } from "./campaign-table.js";
import { paceBar } from "./bars.js";
import { money, number, percent, points, short, trimmed, words } from "./format.js";

const RefetchAfter = 10_000;
const Colours = ["--series-1", "--series-2", "--series-3", "--series-4"];
const Dashes = [undefined, [7, 3], [2, 3], [9, 3, 2, 3]];

/** One campaign's day, beside the page: spend against plan, the weights, the KPI against its target. Escape closes it. */
export class CampaignDetail {
  #id = null;
  #charts = [];
  #ticks = [];
  #fetchedAt = 0;

  /** @param fetchView gives a campaign's view as the wire has it, or null */
  constructor(dialog, fetchView) {
    this.dialog = dialog;
    this.fetchView = fetchView;
    dialog.addEventListener("close", () => this.#closed());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  get id() {
    return this.#id;
  }

  open(campaign) {
    if (this.dialog.open) this.dialog.close();
    this.#id = campaign.id;
    this.#ticks = [];
    this.#fetchedAt = 0;
    this.#build(campaign);
    this.dialog.showModal();
    this.update(campaign);
    history.replaceState(null, "", `#campaign=${campaign.id}`);
  }

  update(campaign) {
    this.#badges(campaign);
    if (campaign.ticks.length) this.#ticks = campaign.ticks;
    else this.#fetch();
    const past = this.#ticks.filter((tick) => tick.at >= (campaign.dayStart || 0));
    const at = past.map((tick) => tick.at);
    this.spend.set([
      at,
      past.map((tick) => tick.spent),
      past.map((tick) => (tick.planned === null ? null : tick.planned * campaign.budget)),
    ]);
    this.weights.set([at, ...campaign.weights.map((_, i) => past.map((tick) => tick.weights[i] ?? null))]);
    const [kpi] = campaign.kpis;
    this.kpi?.set([at, past.map((tick) => (kpi.inverse && tick.kpi !== null ? 1 / tick.kpi : tick.kpi)), at.map(() => kpi.target)]);
  }

  #build(campaign) {
    this.#charts.forEach((chart) => chart.destroy());
    this.badge = h("span.badge");
    this.bar = paceBar();
    this.spent = h("span");
    this.facts = h("dl.facts");
    const body = h("div.detail-body", {}, h("p.pace-line", {}, this.spent, this.bar.element), this.facts);
    this.dialog.replaceChildren(
      h(
        "div.detail-head",
        {},
        h(
          "div",
          {},
          h("h2", { id: "campaign-title", tabindex: "-1", autofocus: true }, campaign.name),
          h(
            "p.faint",
            {},
            `${campaign.advertiser} · campaign ${campaign.id} · ${words(campaign.product)} · controller ${campaign.controller}`,
          ),
        ),
        this.badge,
        h("button.quiet", { type: "button", onclick: () => this.dialog.close(), "aria-label": "Close" }, "✕"),
      ),
      body,
    );
    const day = (options) => this.#dayAxis(options, campaign);
    const common = { zone: campaign.zone, empty: "No tick of today yet", configure: day };
    this.spend = this.#chart(body, "Spend against plan", {
      ...common,
      label: "Spend against plan over the day",
      format: money,
      height: 190,
      range: (_, _min, max) => [0, Math.max(max, campaign.budget) * 1.05],
      series: [
        { label: "Spent", colour: "--series-1", fill: true },
        { label: "Planned", colour: "--ink-3", dash: [4, 4], width: 1.5 },
      ],
    });
    const [kpi] = campaign.kpis;
    this.kpi = !kpi
      ? null
      : this.#chart(body, `${kpi.name} against target`, {
          ...common,
          label: `${kpi.name} against its target`,
          format: (v) => kpiFigure(kpi, v),
          tick: kpi.inverse ? (v) => `${trimmed(v * 100)}\u202f%` : undefined,
          range: fromZero,
          height: 150,
          series: [
            { label: kpi.name, colour: "--series-3" },
            { label: kpi.inverse ? "At least" : "At most", colour: "--series-4", dash: [6, 4], width: 1.5 },
          ],
        });
    this.weights = this.#chart(body, "Bid weights", {
      ...common,
      label: "Bid weights over the day",
      format: number,
      height: 150,
      range: fromZero,
      series: campaign.weights.map((_, i) => ({ label: `w${i}`, colour: Colours[i % 4], dash: Dashes[i % 4] })),
    });
    this.#charts = [this.spend, this.kpi, this.weights].filter(Boolean);
  }

  #chart(body, title, options) {
    const section = h("section", {}, h("h3", {}, title));
    body.append(section);
    return new Chart(section, options);
  }

  /** The whole day is shown, so that what is left of it is seen. */
  #dayAxis(options, { dayStart, dayEnd }) {
    if (dayEnd > dayStart) options.scales.x.range = () => [dayStart, dayEnd];
  }

  #badges(campaign) {
    const { spentShare, plannedShare } = campaign;
    text(this.badge, StatusNames[campaign.status] ?? campaign.status);
    attribute(this.badge, "data-status", campaign.status);
    this.bar.set(spentShare, plannedShare);
    text(
      this.spent,
      `${money(campaign.spent)} of ${money(campaign.budget)} spent (${percent(spentShare)}), ` +
        `${points(spentShare - plannedShare)} against the plan`,
    );
    const facts = [
      ["Impressions", short(campaign.impressions)],
      ["Clicks", short(campaign.clicks)],
      ["Conversions", short(campaign.conversions)],
      ["CTR", percent(campaign.clicks / campaign.impressions)],
      ["Cost per click", money(campaign.spent / campaign.clicks)],
      ["Leased", money(campaign.leased)],
      ["Spent ever", money(campaign.totalSpent)],
      ...campaign.kpis.map((kpi) => [`${kpi.name} ${kpi.value === null ? "" : kpi.missed ? "(missed)" : "(kept)"}`, kpiText(kpi)]),
    ];
    this.facts.replaceChildren(...facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  }

  async #fetch() {
    const now = performance.now();
    if (this.#fetchedAt && now - this.#fetchedAt < RefetchAfter) return;
    this.#fetchedAt = now;
    const id = this.#id;
    const view = await this.fetchView(id);
    if (id === this.#id && view?.ticks) this.#ticks = view.ticks.map(readTick);
  }

  #closed() {
    this.#id = null;
    this.#charts.forEach((chart) => chart.destroy());
    this.#charts = [];
    if (location.hash.startsWith("#campaign=")) history.replaceState(null, "", location.pathname + location.search);
  }
}
