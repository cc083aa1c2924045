import { h, text, attribute, KeyedRows } from "./dom.js";
import { count, counted, money, percent } from "./format.js";

const Asked = 10_000;
const Mismatch = 0.001;

/** A lift with its interval, or nothing where there is too little to tell. */
const liftText = ({ lift, liftLow, liftHigh }) =>
  lift === undefined ? "" : `${signed(lift)} (${signed(liftLow)} to ${signed(liftHigh)})`;

const signed = (share) => (share > 0 ? "+" : "") + percent(share, 1);

/** Which way an interval lies that does not reach over zero. */
const verdict = ({ lift, liftLow, liftHigh }) => (lift === undefined ? null : liftLow > 0 ? "more" : liftHigh < 0 ? "less" : null);

/** Experiments: what came of each arm, and how sure that is. Asked for now and then, because the snapshot has none. */
export class Experiments {
  #askedAt = -Asked;

  /** @param ask gives the experiments; null where they cannot be had */
  constructor(card, ask) {
    this.ask = ask;
    this.note = h("p.card-note");
    this.empty = h("p.empty", {}, "Waiting for figures");
    this.body = h("tbody");
    const names = ["Arm", "Requests", "Click rate", "Lift", "Revenue of 1000", "Lift"];
    const head = h("tr", {}, ...names.map((name, i) => h(`th${i ? ".figure" : ""}`, { scope: "col" }, name)));
    this.table = h(
      "table",
      { hidden: true },
      h("caption.visually-hidden", {}, "Arms of experiments, with lifts over the control and their 95 % intervals"),
      h("thead", {}, head),
      this.body,
    );
    card.append(h("div.card-head", {}, h("h2", {}, "Experiments"), this.note), this.empty, h("div.table-scroll", {}, this.table));
    this.rows = new KeyedRows(this.body, () => new ArmRow());
  }

  /** Asks again, if it is time. */
  async refresh() {
    if (performance.now() < this.#askedAt + Asked) return;
    this.#askedAt = performance.now();
    const experiments = await this.ask();
    if (experiments) this.update(experiments);
  }

  update(experiments) {
    // One whose counts cannot be read now has no results.
    const arms = experiments.flatMap(
      (experiment) => experiment.results?.arms.map((arm, i) => ({ experiment, arm, first: i === 0 })) ?? []);
    this.rows.update(arms.map((row) => [`${row.experiment.id} ${row.arm.name}`, row]));
    this.table.hidden = arms.length === 0;
    this.empty.hidden = arms.length > 0;
    text(this.empty, "No experiment yet. Their arms will appear here with their intervals.");
    const running = experiments.filter((experiment) => experiment.isRunning).length;
    text(this.note, experiments.length ? `${count(running)} of ${counted(experiments.length, "experiment")} running` : "");
  }
}

class ArmRow {
  constructor() {
    this.name = h("th", { scope: "row" });
    this.figures = Array.from({ length: 5 }, () => h("td.figure"));
    this.element = h("tr", {}, this.name, ...this.figures);
  }

  update({ experiment, arm, first }) {
    const { settings, results, isRunning } = experiment;
    const mismatch = results.sampleRatioP < Mismatch;
    text(this.name, `${settings.name} · ${arm.name}${first && !isRunning ? " (stopped)" : ""}${first && mismatch ? " ▲" : ""}`);
    attribute(this.name, "title", first && mismatch ? "Requests did not fall on the arms by their weights: trust no figure" : null);
    const { clickRate, revenuePerThousand } = arm;
    const figures = [
      count(arm.requests),
      percent(clickRate.value),
      liftText(clickRate),
      money(revenuePerThousand.value),
      liftText(revenuePerThousand),
    ];
    this.figures.forEach((cell, i) => text(cell, figures[i]));
    attribute(this.figures[2], "data-lift", verdict(clickRate));
    attribute(this.figures[4], "data-lift", verdict(revenuePerThousand));
  }
}
