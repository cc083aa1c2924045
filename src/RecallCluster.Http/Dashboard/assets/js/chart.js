import { h, s, text, attribute } from "./dom.js";
import { hourAndMinute, timeOfDay, trimmed } from "./format.js";

const TableRows = 30;
const Font = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A colour of the theme at the moment of drawing. */
export const themed = (name) => () => colour(name);

const faded = (name) => () => `color-mix(in srgb, ${colour(name)} 14%, transparent)`;

/** From zero to a little above the highest. */
export const fromZero = (_, _min, max) => [0, max > 0 ? max * 1.12 : 1];

/** Shares: zero to one. */
export const unit = () => [0, 1.02];

/**
 * A line chart in a figure: a legend that gives the figures under the cursor (else the latest), the drawing, and the same data as a table.
 *
 * series: [{ label, colour: "--series-1", dash, width, fill, points, format }], the first column of data is x.
 * format writes a figure, tick a mark of the y axis. zone: IANA name of the time axis; undefined for the reader's.
 * linear: x is no time, and x's figures are written by `formatX`.
 */
export class Chart {
  #plot = null;
  #data = null;
  #cursor = null;

  constructor(
    host,
    {
      label,
      series,
      format,
      tick = trimmed,
      range = fromZero,
      height = 168,
      zone,
      linear = false,
      formatX,
      xName = "Time",
      configure,
      empty,
    },
  ) {
    Object.assign(this, { label, series, format, tick, range, height, zone, linear, xName, configure });
    this.formatX = formatX ?? ((x) => timeOfDay(new Date(x * 1000), this.zone));
    this.values = series.map(() => h("span.legend-value"));
    this.legend = h("ul.legend", { "aria-hidden": "true" }, ...series.map((one, i) => h("li", {}, swatch(one), one.label, this.values[i])));
    this.canvas = h("div.plot", { role: "img", "aria-label": label });
    this.canvas.style.minHeight = `${height}px`;
    this.emptyNote = h("p.empty.over-plot", {}, empty ?? "Waiting for figures");
    this.table = h("div.data-table");
    this.details = h(
      "details.as-table",
      { ontoggle: () => this.#fillTable() },
      h("summary", {}, "Table", h("span.visually-hidden", {}, ` of ${label}`)),
      this.table,
    );
    this.canvas.append(this.emptyNote);
    host.append(h("figure.chart", {}, this.legend, this.canvas, this.details));
    this.observer = new ResizeObserver(() => this.#resize());
    this.observer.observe(this.canvas);
    this.redraw = () => this.#plot?.redraw(false, true);
    document.addEventListener("themechange", this.redraw);
  }

  /** @param data columns: x, then one for each series */
  set(data) {
    this.#data = data;
    const drawable = data[0].length > 0;
    this.emptyNote.hidden = drawable;
    if (drawable) {
      if (this.#plot) this.#plot.setData(data);
      else this.#draw();
    } else {
      this.#plot?.destroy();
      this.#plot = null;
    }
    this.#fillLegend();
    if (this.details.open) this.#fillTable();
  }

  destroy() {
    this.observer.disconnect();
    document.removeEventListener("themechange", this.redraw);
    this.#plot?.destroy();
  }

  #draw() {
    const width = this.canvas.clientWidth;
    if (width === 0) return; // Not laid out yet; the observer calls again.
    const axis = { stroke: themed("--ink-3"), font: Font, ticks: { show: false }, gap: 6 };
    const options = {
      width,
      height: this.canvas.clientHeight,
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      tzDate: (seconds) => (this.zone ? uPlot.tzDate(new Date(seconds * 1000), this.zone) : new Date(seconds * 1000)),
      scales: { x: { time: !this.linear }, y: { range: this.range } },
      axes: [
        { ...axis, grid: { show: false }, size: 26, space: 64, values: this.linear ? (_, at) => at.map(this.formatX) : this.#times },
        {
          ...axis,
          grid: { stroke: themed("--line"), width: 1 },
          size: (_, labels) => sizeOf(labels),
          space: 34,
          values: (_, at) => at.map(this.tick),
        },
      ],
      series: [{}, ...this.series.map(line)],
      hooks: { setCursor: [(plot) => this.#point(plot.cursor.idx)] },
    };
    this.configure?.(options);
    this.#plot = new uPlot(options, this.#data, this.canvas);
  }

  #times = (_, at, _axis, _space, step) => {
    const write = step < 60 ? timeOfDay : hourAndMinute;
    return at.map((seconds) => write(new Date(seconds * 1000), this.zone));
  };

  #resize() {
    if (this.#plot) {
      if (this.canvas.clientWidth > 0) this.#plot.setSize({ width: this.canvas.clientWidth, height: this.canvas.clientHeight });
    } else if (this.#data?.[0].length) this.#draw();
  }

  #point(index) {
    this.#cursor = index ?? null;
    this.#fillLegend();
  }

  #fillLegend() {
    const rows = this.#data?.[0].length ?? 0;
    const at = this.#cursor !== null && this.#cursor < rows ? this.#cursor : rows - 1;
    const said = this.series.map((one, i) => {
      const value = at >= 0 ? this.#data[i + 1][at] : null;
      const written = (one.format ?? this.format)(value ?? null);
      text(this.values[i], one.silent ? "" : written);
      return `${one.label} ${written}`;
    });
    if (this.#cursor === null)
      attribute(this.canvas, "aria-label", rows ? `${this.label}. Latest: ${said.join(", ")}.` : `${this.label}. No figures yet.`);
  }

  #fillTable() {
    if (!this.details.open || !this.#data) return;
    const [xs, ...columns] = this.#data;
    const from = Math.max(0, xs.length - TableRows);
    const rows = [];
    for (let i = from; i < xs.length; i++) {
      const cells = columns.map((column, c) => h("td", {}, (this.series[c].format ?? this.format)(column[i] ?? null)));
      rows.unshift(h("tr", {}, h("th", { scope: "row" }, this.formatX(xs[i])), ...cells));
    }
    const head = h("tr", {}, ...[this.xName, ...this.series.map((one) => one.label)].map((name) => h("th", { scope: "col" }, name)));
    this.table.replaceChildren(h("table", {}, h("caption.visually-hidden", {}, this.label), h("thead", {}, head), h("tbody", {}, ...rows)));
  }
}

const sizeOf = (labels) => 14 + 6.2 * Math.max(3, ...(labels ?? []).map((l) => l?.length ?? 0));

const line = ({ colour: name, dash, width = 1.75, fill, points }) => ({
  stroke: themed(name),
  width,
  dash,
  fill: fill ? faded(name) : undefined,
  points: points
    ? { show: true, size: 7, stroke: themed(name), fill: themed(points === "hollow" ? "--card" : name), width: 1.75 }
    : { show: false },
});

/** A stroke of the legend, dashed as its line is: the colours are not all there is to tell lines apart. */
export function swatch({ colour: name, dash, points }) {
  const stroke = s("line", { x1: 1, y1: 5, x2: 19, y2: 5, "stroke-width": 2.5, "stroke-dasharray": dash ? dash.join(" ") : "none" });
  const picture = s("svg", { viewBox: "0 0 20 10", class: `swatch ${name.slice(2)}` }, stroke);
  if (points) picture.append(s("circle", { cx: 10, cy: 5, r: 3.5, class: points === "hollow" ? "hollow" : "full", "stroke-width": 1.75 }));
  return picture;
}

/** A card's heading. */
export const heading = (title, note) => h("div.card-head", {}, h("h2", {}, title), note ? h("p.card-note", {}, note) : null);
