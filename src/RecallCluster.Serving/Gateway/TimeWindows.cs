using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Gateway;

/// <summary>
/// The campaigns whose flight and hours a moment falls into. Made anew when the next flight begins or ends, or at the next quarter of an
/// hour (every time zone's offset is a multiple of it); in between it is a set that lies ready.
/// </summary>
internal sealed class TimeWindows
{
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(15);
    private readonly Window[] _windows;
    private readonly TimeZoneInfo[] _zones;
    private volatile Moment? _moment;

    /// <param name="campaigns">Settings by campaign number; null where there are none.</param>
    public TimeWindows(IReadOnlyList<CampaignSettings?> campaigns)
    {
        var zones = new Dictionary<string, int>(StringComparer.Ordinal);
        _windows = new Window[campaigns.Count];
        for (int number = 0; number < campaigns.Count; number++)
        {
            if (campaigns[number] is not { } campaign)
                continue;
            if (!zones.TryGetValue(campaign.Terms.TimeZone, out int zone))
                zones[campaign.Terms.TimeZone] = zone = zones.Count;
            uint hours = 0;
            foreach (int hour in campaign.Targeting.Hours)
                hours |= 1u << hour;
            _windows[number] = new Window(campaign.Terms.FlightStart, campaign.Terms.FlightEnd, hours == 0 ? uint.MaxValue : hours, zone);
        }
        _zones = [.. zones.OrderBy(zone => zone.Value).Select(zone => TimeZoneInfo.FindSystemTimeZoneById(zone.Key))];
    }

    /// <summary>The set of a moment; it must not be changed.</summary>
    public ReadOnlySpan<ulong> At(DateTimeOffset now)
    {
        Moment? moment = _moment;
        if (moment is null || now < moment.From || now >= moment.Until)
            _moment = moment = Make(now);
        return moment.Set;
    }

    private Moment Make(DateTimeOffset now)
    {
        var from = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % Step.Ticks), TimeSpan.Zero);
        DateTimeOffset until = from + Step;
        uint[] hours = Array.ConvertAll(_zones, zone => 1u << TimeZoneInfo.ConvertTime(now, zone).Hour);
        var set = new ulong[Bits.Words(_windows.Length)];
        for (int number = 0; number < _windows.Length; number++)
        {
            ref readonly Window window = ref _windows[number];
            (from, until) = Narrow(window.Start, now, from, until);
            (from, until) = Narrow(window.End, now, from, until);
            if (window.Hours != 0 && now >= window.Start && now < window.End && (window.Hours & hours[window.Zone]) != 0)
                Bits.Add(set, number);
        }
        return new Moment(from, until, set);
    }

    private static (DateTimeOffset From, DateTimeOffset Until) Narrow(
        DateTimeOffset edge, DateTimeOffset now, DateTimeOffset from, DateTimeOffset until) =>
        edge <= now ? (edge > from ? edge : from, until) : (from, edge < until ? edge : until);

    private readonly record struct Window(DateTimeOffset Start, DateTimeOffset End, uint Hours, int Zone);

    private sealed record Moment(DateTimeOffset From, DateTimeOffset Until, ulong[] Set);
}
