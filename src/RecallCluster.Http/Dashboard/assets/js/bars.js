import { h, text } from "./dom.js";
import { swatch } from "./chart.js";
import { capital, milliseconds, percent } from "./format.js";

/** The bar of money spent, with a mark where the plan is. */
export function paceBar() {
  const fill = h("span.pace-fill");
  const mark = h("span.pace-plan");
  const element = h("span.pace", { "aria-hidden": "true" }, fill, mark);
  return {
    element,
    set(spent, planned) {
      fill.style.inlineSize = `${Math.min(100, 100 * spent).toFixed(2)}%`;
      mark.style.insetInlineStart = `${Math.min(100, 100 * planned).toFixed(2)}%`;
    },
  };
}

/** Mean time of a request by stage: one bar, and a list that says the same. */
export class Stages {
  constructor(card) {
    this.total = h("p.card-note");
    this.bar = h("div.stage-bar", { "aria-hidden": "true" });
    this.list = h("ul.stage-list");
    this.empty = h("p.empty", {}, "Waiting for requests");
    card.append(h("div.card-head", {}, h("h2", {}, "Where the time goes"), this.total), this.empty, this.bar, this.list);
    this.rows = new Map();
  }

  update(stages) {
    const sum = stages.reduce((total, stage) => total + stage.ms, 0);
    this.empty.hidden = sum > 0;
    this.bar.hidden = this.list.hidden = sum === 0;
    text(this.total, sum > 0 ? `${milliseconds(sum)} a request, on average` : "");
    stages.forEach(({ name, ms }, i) => {
      let row = this.rows.get(name);
      if (!row) this.rows.set(name, (row = this.#row(name, i)));
      row.part.style.flexGrow = String(sum > 0 ? ms / sum : 0);
      text(row.ms, milliseconds(ms));
      text(row.share, percent(sum > 0 ? ms / sum : 0, 0));
    });
  }

  #row(name, i) {
    const colour = `--series-${(i % 6) + 1}`;
    const part = h(`span.stage.${colour.slice(2)}`);
    const ms = h("span.figure");
    const share = h("span.figure.faint");
    this.bar.append(part);
    this.list.append(h("li", {}, swatch({ colour }), h("span.stage-name", {}, capital(name)), ms, share));
    return { part, ms, share };
  }
}
