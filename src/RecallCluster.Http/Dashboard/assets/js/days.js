// Days of a campaign: from one local midnight to the next, in the campaign's time zone.
const clocks = new Map();

/** What a zone's clocks are ahead of UTC at an instant, in milliseconds. */
function ahead(zone, instant) {
  if (!clocks.has(zone)) {
    const options = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" };
    clocks.set(zone, new Intl.DateTimeFormat("en-US", { ...options, timeZone: zone, hourCycle: "h23" }));
  }
  const part = Object.fromEntries(
    clocks
      .get(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) - instant;
}

/** The instant at which a zone's clocks show this, as if it were UTC; the second look is for days on which clocks change. */
function instantOf(zone, shown) {
  const near = shown - ahead(zone, shown);
  return shown - ahead(zone, near);
}

const days = new Map();

/** @param date "2026-05-12"; @param zone IANA name; gives { dayStart, dayEnd } in seconds, the end being the next day's start */
export function dayOf(date, zone) {
  const key = `${date} ${zone}`;
  if (!days.has(key)) {
    const shown = Date.parse(`${date}T00:00:00Z`);
    days.set(key, { dayStart: instantOf(zone, shown) / 1000, dayEnd: instantOf(zone, shown + 86_400_000) / 1000 });
  }
  return days.get(key);
}
