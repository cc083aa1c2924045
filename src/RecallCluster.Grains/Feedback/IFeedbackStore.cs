namespace RecallCluster.Grains.Feedback;

/// <summary>An event in the stream.</summary>
/// <param name="Id">Its place.</param>
/// <param name="Campaign">The campaign that it is for; 0 where that cannot be read.</param>
/// <param name="Payload">What was appended; empty where that cannot be read.</param>
public sealed record StreamedEvent(string Id, long Campaign, ReadOnlyMemory<byte> Payload);

/// <summary>An event that will not be delivered by itself any more.</summary>
/// <param name="Id">Its place among those that are parked.</param>
/// <param name="Campaign">The campaign that it is for; 0 where that cannot be read.</param>
/// <param name="Reason">Why it is parked.</param>
public sealed record ParkedEvent(string Id, long Campaign, string Reason);

/// <summary>How it stands with the stream.</summary>
/// <param name="Waiting">Events that no campaign has taken yet.</param>
/// <param name="Parked">Events that none will.</param>
public sealed record FeedbackStoreStatus(long Waiting, long Parked);

/// <summary>
/// The stream <c>feedback</c>: events that were accepted while their campaign could not be told, by campaign, until it was:
/// <code>
/// append ─► waiting ─take─► with a reader ─settle─► gone
///             ▲                │     └────park───► parked ─retry─► waiting
///             └─ not settled ──┘ (the reader died, or could not reach the campaign)
/// </code>
/// At least once: an event comes again until it is settled or parked. Nothing that was accepted is dropped. Thread-safe.
/// </summary>
public interface IFeedbackStore
{
    /// <summary>Appends an event; durable when this completes.</summary>
    /// <param name="campaign">The campaign that it is for.</param>
    /// <param name="payload">The event.</param>
    /// <param name="cancellation">Gives up; it may be appended.</param>
    /// <exception cref="IOException">
    /// It could not be made durable, or there is no room; whether it is in the stream is not known.
    /// </exception>
    Task AppendAsync(long campaign, ReadOnlyMemory<byte> payload, CancellationToken cancellation);

    /// <summary>
    /// Takes events that no reader has had yet, and those that one has had for too long; nobody else is given them for a while. The latter
    /// are at most half of them, however many there are, and have their turn one after the other: what cannot be settled holds up
    /// neither what is new nor what a dead reader left.
    /// </summary>
    /// <param name="reader">Who takes them, the same in each of its lives.</param>
    /// <param name="most">Most events.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IOException">The stream cannot be reached.</exception>
    Task<IReadOnlyList<StreamedEvent>> TakeAsync(string reader, int most, CancellationToken cancellation);

    /// <summary>These are delivered, and go.</summary>
    /// <exception cref="IOException">The stream cannot be reached; they may come again.</exception>
    Task SettleAsync(IReadOnlyList<StreamedEvent> delivered, CancellationToken cancellation);

    /// <summary>Puts an event aside that nobody will ever take, with the reason.</summary>
    /// <exception cref="IOException">The stream cannot be reached; it may come again.</exception>
    Task ParkAsync(StreamedEvent poison, string reason, CancellationToken cancellation);

    /// <summary>How many there are.</summary>
    /// <exception cref="IOException">The stream cannot be reached.</exception>
    Task<FeedbackStoreStatus> StatusAsync(CancellationToken cancellation);

    /// <summary>The newest of those that are parked.</summary>
    /// <exception cref="IOException">The stream cannot be reached.</exception>
    Task<IReadOnlyList<ParkedEvent>> ParkedAsync(int most, CancellationToken cancellation);

    /// <summary>Lets the oldest of those that are parked be delivered once more.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="IOException">The stream cannot be reached.</exception>
    Task<int> RetryParkedAsync(int most, CancellationToken cancellation);
}

/// <summary>How the stream is kept and read.</summary>
public sealed record FeedbackStoreOptions
{
    /// <summary>Most events that may wait; further ones are refused, which leaves them with their senders. Some 400 bytes each.</summary>
    public int MaxWaiting { get; init; } = 1_000_000;

    /// <summary>Most events that are kept parked; the oldest go first.</summary>
    public int MaxParked { get; init; } = 100_000;

    /// <summary>How long a reader waits for a campaign.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Time after which a reader that has not settled an event is thought to be gone. Shorter than its patience: events are told twice more
    /// often, which a ledger notices.
    /// </summary>
    public TimeSpan Redeliver { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time between two looks while there is nothing to read, and after which a campaign that failed is asked again.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Most events that a reader has at a time; two or more, since what comes again is at most half of them.</summary>
    public int MaxTaken { get; init; } = 2_048;

    /// <summary>Events of one campaign that are told it at once.</summary>
    public int AtOnce { get; init; } = 64;

    /// <summary>Refuses values that make no sense.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number or a time is not positive.</exception>
    public void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxWaiting, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxParked, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Patience, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Redeliver, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Poll, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxTaken, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(AtOnce, 1);
    }
}
