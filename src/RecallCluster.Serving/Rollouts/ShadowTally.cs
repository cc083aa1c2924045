namespace RecallCluster.Serving.Rollouts;

/// <summary>Sums over requests that were answered by the running version and by a new one; those of several gateways add up.</summary>
internal sealed record ShadowTally
{
    /// <summary>Requests compared.</summary>
    public long Requests { get; init; }

    /// <summary>Those that the new version did not answer in full.</summary>
    public long Failed { get; init; }

    /// <summary>Ads that the running version found.</summary>
    public long Ads { get; init; }

    /// <summary>Those that the new one found too.</summary>
    public long Common { get; init; }

    /// <summary>Value that the running version found.</summary>
    public double RunningValue { get; init; }

    /// <summary>Value that the new one found.</summary>
    public double NewValue { get; init; }

    /// <summary>Seconds that the running version's answers took.</summary>
    public double RunningSeconds { get; init; }

    /// <summary>Seconds that the new one's took.</summary>
    public double NewSeconds { get; init; }

    /// <summary>Share of requests that the new version did not answer in full.</summary>
    public double FailureShare => Ratio(Failed, Requests);

    /// <summary>Share of the running version's ads that the new one found; 1 where there are none.</summary>
    public double Overlap => Ads == 0 ? 1 : Ratio(Common, Ads);

    /// <summary>Value found, to that of the running version; 1 where neither found any.</summary>
    public double Value => RunningValue == 0 && NewValue == 0 ? 1 : NewValue / RunningValue;

    /// <summary>Time of an answer, to that of the running version.</summary>
    public double Latency => RunningSeconds == 0 ? 1 : NewSeconds / RunningSeconds;

    /// <summary>Seconds that an answer takes longer on average than the running version's.</summary>
    public double ExtraSeconds => Requests == Failed ? 0 : (NewSeconds - RunningSeconds) / (Requests - Failed);

    /// <summary>The figures by name, for people.</summary>
    public Dictionary<string, double> Figures => new()
    {
        ["requests"] = Requests,
        ["failures"] = FailureShare,
        ["value"] = Value,
        ["overlap"] = Overlap,
        ["latency"] = Latency,
        ["extraSeconds"] = ExtraSeconds,
    };

    /// <summary>Both together.</summary>
    public ShadowTally Plus(ShadowTally other) => new()
    {
        Requests = Requests + other.Requests,
        Failed = Failed + other.Failed,
        Ads = Ads + other.Ads,
        Common = Common + other.Common,
        RunningValue = RunningValue + other.RunningValue,
        NewValue = NewValue + other.NewValue,
        RunningSeconds = RunningSeconds + other.RunningSeconds,
        NewSeconds = NewSeconds + other.NewSeconds,
    };

    /// <summary>With one more request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="running">The running version's answer, in full.</param>
    /// <param name="shadow">The new one's; null where it failed.</param>
    public ShadowTally With(RetrievalRequest request, RetrievalAnswer running, RetrievalAnswer? shadow)
    {
        if (shadow is not { Coverage: >= 1 })
            return this with { Requests = Requests + 1, Failed = Failed + 1 };
        HashSet<string> found = [.. running.Ads.Select(ad => ad.Id)];
        bool byValue = request.Value is not null;
        return Plus(new ShadowTally
        {
            Requests = 1,
            Ads = running.Ads.Count,
            Common = shadow.Ads.Count(ad => found.Contains(ad.Id)),
            RunningValue = ValueOf(running, byValue),
            NewValue = ValueOf(shadow, byValue),
            RunningSeconds = running.Timings.Total.TotalSeconds,
            NewSeconds = shadow.Timings.Total.TotalSeconds,
        });
    }

    // Scores of two models have nothing to do with each other; what they say of clicks has.
    private static double ValueOf(RetrievalAnswer answer, bool byValue) =>
        answer.Ads.Sum(ad => byValue ? ad.Value : answer.Clicks.Scale.Probability(ad.Score));

    private static double Ratio(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}
