import { h, text } from "./dom.js";
import { Chart, heading, themed } from "./chart.js";
import { percent } from "./format.js";

/** Expected calibration error of a reliability table: how far rates lie from predictions, weighted by rows. */
function calibrationError(rows) {
  const n = rows.reduce((sum, row) => sum + row.count, 0);
  return n > 0 ? rows.reduce((sum, row) => sum + row.count * Math.abs(row.prediction - row.rate), 0) / n : null;
}

/** Whether probabilities mean what they say: the reliability diagram before and after, and PCOC hour by hour. */
export class Calibration {
  #rows = [[], []];

  constructor(element) {
    const card = element("reliability");
    this.note = h("p.card-note");
    card.append(h("div.card-head", {}, h("h2", {}, "Reliability of pCTR"), this.note));
    this.diagram = new Chart(card, {
      label: "Reliability of pCTR: observed click rate by prediction, before and after calibration",
      xName: "Predicted",
      format: (v) => percent(v),
      formatX: (x) => percent(x),
      linear: true,
      height: 250,
      empty: "Waiting for clicks to compare predictions with",
      series: [
        { label: "Right on the line", colour: "--ink-3", dash: [4, 4], width: 1.25, silent: true },
        { label: "Raw", colour: "--series-2", points: "hollow", width: 1.25, dash: [3, 3], silent: true },
        { label: "Calibrated", colour: "--series-1", points: "full", silent: true },
      ],
      configure: (options) => this.#logarithmic(options),
    });

    const hours = element("pcoc");
    hours.append(heading("PCOC by hour", "predicted over observed clicks; 1 is right"));
    this.hours = new Chart(hours, {
      label: "PCOC by hour of the business day",
      xName: "Hour",
      format: (v) => (v === null ? "–" : v.toFixed(2)),
      formatX: (x) => (Number.isInteger(x) ? `${String(((x % 24) + 24) % 24).padStart(2, "0")}:00` : ""),
      linear: true,
      height: 250,
      empty: "Waiting for clicks",
      range: (_, min, max) => [Math.max(0, Math.min(0.75, min - 0.05)), Math.max(1.25, max + 0.05)],
      series: [{ label: "Calibrated pCTR", colour: "--series-1", points: "full" }],
      configure: byHour,
    });
  }

  update({ before, after, hours }) {
    this.#rows = [before, after].map((rows) => rows.filter((row) => row.prediction > 0 && row.rate > 0));
    const [raw, calibrated] = this.#rows.map((rows) => new Map(rows.map((row) => [row.prediction, row.rate])));
    const xs = [...new Set([...raw.keys(), ...calibrated.keys()])].sort((a, b) => a - b);
    this.diagram.set([xs, xs, xs.map((x) => raw.get(x)), xs.map((x) => calibrated.get(x))]);
    text(this.note, xs.length ? `mean error ${percent(calibrationError(before))} raw, ${percent(calibrationError(after))} calibrated` : "");
    const known = hours.filter((hour) => hour.pcoc !== null && Number.isFinite(hour.pcoc));
    this.hours.set([known.map((hour) => hour.period), known.map((hour) => hour.pcoc)]);
  }

  /** Click rates span decades: both axes are logarithmic, and of equal reach, so that the line of truth is the diagonal. */
  #logarithmic(options) {
    const reach = () => {
      const all = this.#rows.flat().flatMap((row) => [row.prediction, row.rate]);
      return [Math.min(...all) / 1.4, Math.min(1, Math.max(...all) * 1.4)];
    };
    options.scales = { x: { time: false, distr: 3, range: reach }, y: { distr: 3, range: reach } };
    for (const axis of options.axes) {
      axis.splits = () => decades(...reach());
      axis.values = (_, at) => at.map((v) => (v === null ? "" : percent(v, v < 0.001 ? 2 : v < 0.01 ? 1 : 0)));
      axis.filter = (_, at) => at;
      axis.grid = { stroke: themed("--line"), width: 1 };
    }
    options.hooks.drawSeries = [(plot, series) => series >= 2 && this.#intervals(plot, series)];
    options.series.slice(1).forEach((one) => (one.spanGaps = true));
  }

  /** The 95 % intervals of the observed rates. */
  #intervals(plot, series) {
    const { ctx } = plot;
    ctx.save();
    ctx.strokeStyle = plot.series[series].stroke();
    ctx.globalAlpha = 0.55;
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    for (const { prediction, low, high } of this.#rows[series - 2]) {
      const x = plot.valToPos(prediction, "x", true);
      ctx.moveTo(x, plot.valToPos(Math.max(low, plot.scales.y.min), "y", true));
      ctx.lineTo(x, plot.valToPos(Math.min(high, plot.scales.y.max), "y", true));
    }
    ctx.stroke();
    ctx.restore();
  }
}

function byHour(options) {
  options.scales.x.range = (_, min, max) => [Math.floor(min / 24) * 24 - 0.5, Math.max(max, Math.floor(min / 24) * 24 + 23) + 0.5];
  options.axes[0].incrs = [1, 2, 3, 4, 6, 12, 24];
  options.hooks.drawAxes = [
    (plot) => {
      // Within a tenth of right, and right itself.
      const { ctx, bbox } = plot;
      const at = (value) => plot.valToPos(value, "y", true);
      ctx.save();
      ctx.fillStyle = `color-mix(in srgb, ${themed("--series-3")()} 12%, transparent)`;
      ctx.fillRect(bbox.left, at(1.1), bbox.width, at(0.9) - at(1.1));
      ctx.strokeStyle = themed("--ink-3")();
      ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.lineWidth = devicePixelRatio;
      ctx.beginPath();
      ctx.moveTo(bbox.left, at(1));
      ctx.lineTo(bbox.left + bbox.width, at(1));
      ctx.stroke();
      ctx.restore();
    },
  ];
}

/** 1, 2, 5 of each decade; only the decades where they are many. */
function decades(low, high) {
  const steps = Math.log10(high / low) > 2.2 ? [1] : Math.log10(high / low) > 1.2 ? [1, 3] : [1, 2, 5];
  const at = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
    for (const step of steps) {
      const value = Number((step * 10 ** e).toPrecision(3));
      if (value >= low && value <= high) at.push(value);
    }
  }
  return at;
}
