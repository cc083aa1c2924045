// snapshots (v1/live/stream, else v1/live) ─► snapshot.js reads them ─► panels update in place; experiments are asked for beside them
import { attribute, text } from "./dom.js";
import { Calibration } from "./calibration.js";
import { CampaignDetail } from "./campaign-detail.js";
import { CampaignTable } from "./campaign-table.js";
import { Experiments } from "./experiments.js";
import { capital, dateAndTime, timeOfDay } from "./format.js";
import { Overview } from "./overview.js";
import { Background, Shards, Versions } from "./shards.js";
import { readCampaign, readSnapshot } from "./snapshot.js";
import { LiveFeed } from "./stream.js";

const element = (id) => document.getElementById(id);
const StateNames = {
  connecting: "Connecting",
  live: "Live",
  polling: "Live (polling)",
  starting: "Server is starting",
  lost: "Disconnected",
  locked: "Locked",
};

const overview = new Overview(element);
const calibration = new Calibration(element);
const shards = new Shards(element("shards"));
const versions = new Versions(element("versions"));
const background = new Background(element("background"));
let latest = null;
let latestAt = null;

const feed = new LiveFeed({ onSnapshot: show, onState: showState });
const experiments = new Experiments(element("experiments"), () => feed.experiments());
const detail = new CampaignDetail(element("campaign"), (id) => feed.campaign(id));
const table = new CampaignTable(element, (id) => detail.open(latest.campaigns.find((campaign) => campaign.id === id)));

function show(wire) {
  const first = latest === null;
  latest = readSnapshot(wire);
  latestAt = new Date();
  const clock = element("clock");
  text(clock, dateAndTime(latest.at, "UTC"));
  attribute(clock, "datetime", latest.at.toISOString());
  overview.update(latest, latestAt.getTime() / 1000);
  table.update(latest.campaigns);
  calibration.update(latest.calibration);
  shards.update(latest.shards);
  versions.update(latest.versions);
  background.update(latest.background);
  experiments.refresh();
  const opened = latest.campaigns.find((campaign) => campaign.id === detail.id);
  if (opened) detail.update(opened);
  if (first) openLinked();
}

/** A link to a campaign (#campaign=12) opens it, also one that is not among those with the highest spend. */
async function openLinked() {
  const id = Number(/^#campaign=(\d+)$/.exec(location.hash)?.[1]);
  if (!id) return;
  const here = latest.campaigns.find((campaign) => campaign.id === id);
  const view = here ? null : await feed.campaign(id);
  if (here) detail.open(here);
  else if (view?.settings) detail.open(readCampaign(view));
}

function showState(state, { keyWasWrong = false }) {
  const before = document.body.dataset.connection;
  document.body.dataset.connection = state;
  text(element("connection-text"), StateNames[state]);
  const fed = state === "live" || state === "polling";
  if (!fed && (before === "live" || before === "polling")) overview.break();
  element("notice").hidden = fed;
  element("key-form").hidden = state !== "locked";
  if (fed) return;
  const old = latestAt ? ` The figures are those of ${timeOfDay(latestAt)}.` : "";
  text(
    element("notice-text"),
    {
      locked: keyWasWrong ? "That key does not open this page." : "This server wants an API key with the role admin.",
      starting: "The server is up but not ready: it is loading its index. This page goes on by itself.",
      lost: `No connection to the server; trying again.${old}`,
    }[state] ?? "",
  );
}

element("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  feed.unlock(element("key").value);
  element("key").value = "";
});

function showTheme() {
  const name = capital(recallTheme.current);
  text(element("theme-text"), name);
  attribute(element("theme"), "aria-label", `Theme: ${name}`);
}

element("theme").addEventListener("click", () => {
  recallTheme.next();
  showTheme();
});
showTheme();
feed.run();
