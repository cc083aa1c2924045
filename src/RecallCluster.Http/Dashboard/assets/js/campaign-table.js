import { h, text, attribute, KeyedRows } from "./dom.js";
import { paceBar } from "./bars.js";
import { capital, counted, money, number, percent, points, short, words } from "./format.js";

export const StatusNames = { active: "Active", paused: "Paused", notstarted: "Not started", ended: "Ended", budgetspent: "Budget spent" };

const ctr = (campaign) => (campaign.impressions > 0 ? campaign.clicks / campaign.impressions : null);

/** How near the limit the worst KPI is; above 1 it is missed. */
const strain = ({ kpis }) =>
  Math.max(-1, ...kpis.filter((k) => k.value !== null).map((k) => (k.inverse ? k.target / k.value : k.value / k.target)));

const Columns = [
  { name: "Campaign", of: (c) => c.name.toLowerCase() },
  { name: "Status", of: (c) => Object.keys(StatusNames).indexOf(c.status) },
  { name: "Spent of budget", of: (c) => c.spentShare, wide: true },
  { name: "Spent", of: (c) => c.spent, figure: true, descending: true },
  { name: "Pace", of: (c) => c.spentShare - c.plannedShare, figure: true, help: "Spent less planned, in points of the budget" },
  { name: "KPI", of: strain, figure: true, descending: true, help: "Today's value and the limit that it is to keep" },
  { name: "Weights", of: (c) => c.weights[0] ?? 0, figure: true, descending: true, help: "Bid weights: w0, then one for each KPI" },
  { name: "Clicks", of: (c) => c.clicks, figure: true, descending: true },
  { name: "CTR", of: (c) => ctr(c) ?? -1, figure: true, descending: true },
];

/** Today's value, and in brackets the limit that it is to keep. */
export const kpiText = (kpi) => `${kpiFigure(kpi, kpi.value)} (${kpi.inverse ? "≥" : "≤"}\u202f${kpiFigure(kpi, kpi.target)})`;

export const kpiFigure = (kpi, value) => (kpi.inverse ? percent(value) : money(value));

/** The campaigns of the snapshot: found, sorted, and opened by click or Enter. */
export class CampaignTable {
  #campaigns = [];
  #sort = { column: 3, descending: true };

  constructor(element, open) {
    this.open = open;
    this.filter = element("campaign-filter");
    this.status = element("campaign-status");
    this.count = element("campaigns-count");
    this.empty = h("p.empty", {}, "Waiting for figures");
    this.heads = Columns.map((column, i) => this.#head(column, i));
    this.body = h("tbody");
    this.table = h(
      "table.campaigns",
      {},
      h("caption.visually-hidden", {}, "Campaigns with the highest spend of today; columns can be sorted"),
      h("thead", {}, h("tr", {}, ...this.heads)),
      this.body,
    );
    element("campaign-scroll").append(this.table, this.empty);
    this.rows = new KeyedRows(this.body, (campaign) => new Row(campaign, (id) => this.open(id)));
    this.filter.addEventListener("input", () => this.#show());
    this.status.addEventListener("change", () => this.#show());
    this.#markSort();
  }

  update(campaigns) {
    this.#campaigns = campaigns;
    this.#show();
  }

  #head(column, i) {
    const button = h(
      "button",
      { type: "button", onclick: () => this.#sortBy(i) },
      column.name,
      h("span.sort-mark", { "aria-hidden": "true" }),
    );
    return h(`th${column.figure ? ".figure" : ""}${column.wide ? ".wide-column" : ""}`, { scope: "col", title: column.help }, button);
  }

  #sortBy(column) {
    this.#sort =
      this.#sort.column === column
        ? { column, descending: !this.#sort.descending }
        : { column, descending: Columns[column].descending ?? false };
    this.#markSort();
    this.#show();
  }

  #markSort() {
    this.heads.forEach((head, i) =>
      attribute(head, "aria-sort", i === this.#sort.column ? (this.#sort.descending ? "descending" : "ascending") : "none"),
    );
  }

  #matches(campaign, sought) {
    const state = this.status.value;
    if (state === "missed" ? !campaign.kpis.some((kpi) => kpi.missed) : state && campaign.status !== state) return false;
    return (
      !sought ||
      campaign.name.toLowerCase().includes(sought) ||
      campaign.advertiser.toLowerCase().includes(sought) ||
      String(campaign.id) === sought
    );
  }

  #show() {
    const sought = this.filter.value.trim().toLowerCase();
    const { of } = Columns[this.#sort.column];
    const sign = this.#sort.descending ? -1 : 1;
    const found = this.#campaigns.filter((campaign) => this.#matches(campaign, sought)).map((campaign) => ({ campaign, by: of(campaign) }));
    found.sort((a, b) => (a.by < b.by ? -sign : a.by > b.by ? sign : a.campaign.id - b.campaign.id));
    this.rows.update(found.map(({ campaign }) => [campaign.id, campaign]));
    this.empty.hidden = found.length > 0;
    text(this.empty, this.#campaigns.length === 0 ? "No campaign yet. Create one with PUT /v1/campaigns/{id}." : "No campaign matches.");
    text(
      this.count,
      found.length === this.#campaigns.length
        ? counted(found.length, "campaign")
        : `${found.length} of ${counted(this.#campaigns.length, "campaign")}`,
    );
  }
}

class Row {
  constructor(campaign, open) {
    this.name = h("button.link", { type: "button", onclick: () => open(campaign.id) });
    this.advertiser = h("span.faint.advertiser");
    this.badge = h("span.badge");
    this.bar = paceBar();
    this.share = h("span.figure");
    [this.spent, this.pace, this.kpi, this.weights, this.clicks, this.ctr] = Array.from({ length: 6 }, () => h("td.figure"));
    this.kpiName = h("span.kpi-name");
    this.kpiText = h("span");
    this.kpi.append(this.kpiName, this.kpiText);
    this.element = h(
      "tr",
      { onclick: (event) => event.target.closest("button") || open(campaign.id) },
      h("th", { scope: "row" }, this.name, this.advertiser),
      h("td", {}, this.badge),
      h("td.wide-column", {}, h("span.pace-cell", {}, this.bar.element, this.share)),
      this.spent,
      this.pace,
      this.kpi,
      this.weights,
      this.clicks,
      this.ctr,
    );
  }

  update(campaign) {
    const { spentShare, plannedShare } = campaign;
    text(this.name, campaign.name);
    text(this.advertiser, campaign.advertiser);
    text(this.badge, StatusNames[campaign.status] ?? capital(words(campaign.status)));
    attribute(this.badge, "data-status", campaign.status);
    this.bar.set(spentShare, plannedShare);
    text(this.share, percent(spentShare, 0));
    text(this.spent, money(campaign.spent));
    text(this.pace, points(spentShare - plannedShare));
    const kpi = campaign.kpis.find((k) => k.missed) ?? campaign.kpis[0];
    text(this.kpiName, kpi?.name ?? "");
    text(this.kpiText, kpi ? kpiText(kpi) : "–");
    attribute(this.kpi, "data-verdict", !kpi || kpi.value === null ? null : kpi.missed ? "missed" : "kept");
    attribute(this.kpi, "title", kpi ? `${kpi.name}: ${kpi.missed ? "missed" : "kept"}` : null);
    text(this.weights, campaign.weights.map(number).join(" · ") || "–");
    text(this.clicks, short(campaign.clicks));
    text(this.ctr, percent(ctr(campaign)));
  }
}
