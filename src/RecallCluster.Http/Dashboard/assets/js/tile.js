import { h, s, text } from "./dom.js";

const SparkPoints = 60;

/** One figure, large, with a remark and the way it went. */
export class Tile {
  constructor(host, name, help) {
    this.value = h("p.tile-value", {}, "–");
    this.note = h("p.tile-note", {}, "\u00a0");
    this.line = s("polyline", { points: "", fill: "none" });
    this.area = s("polygon", { points: "" });
    this.spark = s(
      "svg",
      { viewBox: "0 0 100 28", preserveAspectRatio: "none", class: "spark", "aria-hidden": "true" },
      this.area,
      this.line,
    );
    this.element = h("article.tile", { title: help }, h("h2", {}, name), this.value, this.note, this.spark);
    this.seen = [];
    host.append(this.element);
  }

  set(value, note, trend) {
    text(this.value, value);
    text(this.note, note);
    if (trend === undefined || trend === null) return;
    this.seen.push(trend);
    if (this.seen.length > SparkPoints) this.seen.shift();
    if (this.seen.length < 2) return;
    const low = Math.min(...this.seen);
    const span = Math.max(...this.seen) - low || 1;
    const path = this.seen
      .map((v, i) => `${((i * 100) / (this.seen.length - 1)).toFixed(1)},${(25 - (22 * (v - low)) / span).toFixed(1)}`)
      .join(" ");
    this.line.setAttribute("points", path);
    this.area.setAttribute("points", `0,28 ${path} 100,28`);
  }
}
