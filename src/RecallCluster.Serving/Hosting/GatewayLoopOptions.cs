using RecallCluster.Bidding.Replay;
using RecallCluster.Serving.Gateway;

namespace RecallCluster.Serving.Hosting;

/// <summary>How a gateway is run, whatever host it belongs to.</summary>
public record GatewayLoopOptions
{
    /// <summary>The gateway's options.</summary>
    public GatewayOptions Gateway { get; init; } = new();

    /// <summary>Scores what was found anew; null for the retrieval model's scores.</summary>
    public IRanker? Ranker { get; init; }

    /// <summary>Where every auction is written down, for training and for an oracle; null for nowhere. It stays with the caller.</summary>
    public AuctionTraceWriter? Trace { get; init; }

    /// <summary>
    /// Seed of the gateway's draws, so that a run can be repeated exactly; null draws one that nobody can guess. Two lives with one seed
    /// give wins the same ids: never set it where money is real.
    /// </summary>
    public ulong? Seed { get; init; }

    /// <summary>
    /// Share of one processor, 0 to 1, that may go into scoring every ad of the shards in this process for a request now and then, so that
    /// the live view can tell how much of the value the search finds. More: a fresher figure; 0: none. Nothing is spent while the
    /// processors are busy.
    /// </summary>
    public double ValueRecallShare { get; init; } = 0.02;

    /// <summary>How often, in real time, wallets are looked after. Shorter: leases can be shorter too; longer: less work.</summary>
    public TimeSpan KeepInterval { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How often, by the business clock, campaigns are told of their auctions; several times a tick.</summary>
    public TimeSpan ReportInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How often, in real time, experiments are told what was answered under their arms. Longer: less work; shorter: less is uncounted
    /// after a crash.
    /// </summary>
    public TimeSpan ExposureInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <exception cref="ArgumentOutOfRangeException">An option is not as its description says.</exception>
    internal void Check()
    {
        if (!(ValueRecallShare is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(ValueRecallShare), ValueRecallShare, "The share is in [0, 1].");
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(KeepInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ReportInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ExposureInterval, TimeSpan.Zero);
    }
}
