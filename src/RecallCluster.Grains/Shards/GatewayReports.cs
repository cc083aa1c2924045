using RecallCluster.Grains.Contracts;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Grains.Shards;

/// <summary>What gateways said of themselves lately. Nothing of it is stored: they say it again within seconds.</summary>
/// <param name="time">The clock that silence is measured by.</param>
internal sealed class GatewayReports(TimeProvider time)
{
    // They ask for news, or say that they are opening a version, every few seconds; one that was silent for longer is gone, and begins
    // anew when it comes back.
    internal static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(15);

    private readonly Dictionary<string, (GatewayReport Report, long At)> _last = new(StringComparer.Ordinal);

    private long? _forgotAt;

    /// <summary>Whether there may be gateways that have not spoken yet.</summary>
    public bool MayMissSome => _forgotAt is { } forgot && time.GetElapsedTime(forgot) <= LongestSilence;

    private IEnumerable<GatewayReport> Present =>
        _last.Values.Where(told => time.GetElapsedTime(told.At) <= LongestSilence).Select(told => told.Report);

    /// <summary>What was said before is not known here, as after a move.</summary>
    public void Forgot() => _forgotAt = time.GetTimestamp();

    /// <summary>A gateway speaks.</summary>
    public void Take(GatewayReport report) => _last[report.Gateway] = (report, time.GetTimestamp());

    /// <summary>A gateway that answers requests with a version; null for none.</summary>
    public string? WhoRuns(string version) => Present.FirstOrDefault(report => report.Running == version)?.Gateway;

    /// <summary>Judges a version by all that gateways have compared until now, and that are there to switch to it.</summary>
    /// <exception cref="InvalidDataException">A gateway cannot open it.</exception>
    /// <exception cref="InvalidOperationException">A gateway is opening it.</exception>
    public RolloutVerdict Judge(string version, ShadowLimits limits)
    {
        GatewayReport[] present = [.. Present];
        GatewayReport[] open = Array.FindAll(present, report => report.Shadow == version);
        if (Array.Find(open, report => report.Failure is not null) is { } failed)
            throw new InvalidDataException($"Gateway {failed.Gateway} cannot open it: {failed.Failure}");
        if (Array.Find(present, report => report.Opening == version) is { } opening)
            throw new InvalidOperationException($"Gateway {opening.Gateway} is opening it.");
        if (MayMissSome || open.Length < present.Length)
            return new RolloutVerdict(null, false, null);
        if (limits.Requests == 0)
            return RolloutVerdict.Passed;
        // Of a gateway that is gone, what it compared counts all the same.
        ShadowTally tally = _last.Values.Select(told => told.Report).Where(report => report.Shadow == version && report.Tally is not null)
            .Select(report => GrainsJson.Read(report.Tally!, GrainsJson.Default.ShadowTally, "comparison"))
            .Aggregate(new ShadowTally(), (sum, one) => sum.Plus(one));
        return tally.Requests < limits.Requests
            ? new RolloutVerdict(null, false, tally.Figures)
            : new RolloutVerdict(limits.Judge(tally), true, tally.Figures);
    }
}
