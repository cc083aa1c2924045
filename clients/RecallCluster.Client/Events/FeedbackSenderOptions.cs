namespace RecallCluster.Client;

/// <summary>How a <see cref="FeedbackSender"/> sends.</summary>
public sealed record FeedbackSenderOptions
{
    /// <summary>Most events of one call.</summary>
    public int BatchSize { get; init; } = 200;

    /// <summary>Most events that wait; who sends more waits too.</summary>
    public int Capacity { get; init; } = 10_000;

    /// <summary>Calls under way at once.</summary>
    public int Parallel { get; init; } = 2;

    /// <summary>How long an event is sent again and again before it is given up.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Longest wait between two attempts.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(1);
}
