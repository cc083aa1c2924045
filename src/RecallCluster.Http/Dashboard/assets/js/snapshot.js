// From the wire to what the panels read: figures that do not exist as null, names of states in lower case, days as spans of time.
import { dayOf } from "./days.js";

const real = (value) => {
  if (value === null || value === undefined || value === "NaN") return null;
  const parsed = Number(value);
  return Number.isNaN(parsed) ? null : parsed;
};

const status = (value) => value.toLowerCase().replace(/[^a-z]/g, "");

export function readTick(tick) {
  return {
    at: Date.parse(tick.at) / 1000,
    spent: real(tick.spent) ?? 0,
    planned: real(tick.plannedShare),
    weights: (tick.weights ?? []).map(real),
    kpi: real(tick.kpi),
  };
}

/** A KPI; "1/ctr", which bidding bounds from above, is turned into the CTR that people speak of, bounded from below. */
function readKpi({ name, value, limit }) {
  const inverse = name.startsWith("1/");
  const [is, target] = [real(value), real(limit)].map((v) => (v === null ? null : inverse ? 1 / v : v));
  const missed = is !== null && target !== null && (inverse ? is < target : is > target);
  return { name: (inverse ? name.slice(2) : name).toUpperCase(), inverse, value: is, target, missed };
}

export function readCampaign(view) {
  const { settings, today } = view;
  const budget = real(today.budget) ?? 0;
  const spent = real(today.spent) ?? 0;
  const zone = settings.timeZone ?? "UTC";
  return {
    id: view.id,
    name: settings.name,
    advertiser: settings.advertiserDomain ?? "",
    zone,
    product: settings.product ?? "",
    controller: settings.controller ?? "",
    status: status(view.status),
    ...dayOf(today.date, zone),
    budget,
    spent,
    leased: real(today.leased) ?? 0,
    totalSpent: real(view.totalSpent) ?? 0,
    spentShare: budget > 0 ? spent / budget : 0,
    plannedShare: real(view.plannedShare) ?? 0,
    impressions: today.impressions ?? 0,
    clicks: today.clicks ?? 0,
    conversions: today.conversions ?? 0,
    weights: (view.weights ?? []).map(real),
    kpis: (view.kpis ?? []).map(readKpi),
    ticks: (view.ticks ?? []).map(readTick),
  };
}

const reliability = (rows) =>
  (rows ?? []).map((row) => ({
    count: row.count,
    prediction: real(row.meanPrediction),
    rate: real(row.rate),
    low: real(row.low),
    high: real(row.high),
  }));

export function readSnapshot(wire) {
  const { traffic, retrieval, market, calibration } = wire;
  return {
    at: new Date(wire.at),
    traffic: {
      answered: real(traffic.requestsPerSecond),
      errors: real(traffic.errorsPerSecond),
      shed: real(traffic.shedPerSecond),
      p50: real(traffic.p50Ms),
      p99: real(traffic.p99Ms),
      stages: Object.entries(traffic.stageMs ?? {}).map(([name, ms]) => ({ name, ms: real(ms) ?? 0 })),
    },
    retrieval: {
      ads: retrieval.ads,
      scored: real(retrieval.scoredShare),
      coverage: real(retrieval.coverage),
      valueRecall: real(retrieval.valueRecall),
    },
    market: {
      revenue: real(market.revenue) ?? 0,
      impressions: market.impressions,
      clicks: market.clicks,
      conversions: market.conversions,
      duplicates: market.duplicates,
      refused: market.refused,
      freeClicks: market.freeClicks,
    },
    campaigns: (wire.campaigns ?? []).map(readCampaign),
    course: (wire.course ?? []).map((point) => ({
      at: Date.parse(point.at) / 1000,
      spent: real(point.spent),
      planned: real(point.planned),
    })),
    calibration: {
      before: reliability(calibration?.before),
      after: reliability(calibration?.after),
      hours: (calibration?.pcocByHour ?? []).map((p) => ({
        period: p.period,
        count: p.count,
        positives: real(p.positives),
        pcoc: real(p.pcoc),
      })),
    },
    shards: (wire.shards ?? []).map((shard) => ({
      number: shard.number,
      ads: shard.ads,
      replicas: (shard.replicas ?? []).map((replica) => ({
        address: replica.address,
        state: status(replica.state),
        version: replica.version,
        inFlight: replica.inFlight,
        p95: real(replica.p95Ms),
      })),
    })),
    versions: Object.entries(wire.versions ?? {}),
    background: (wire.background ?? []).map(({ part, failures, isFailing, lastFailure }) => ({
      part,
      failures,
      failing: isFailing,
      why: lastFailure,
    })),
  };
}
