namespace RecallCluster.Serving.Rollouts;

/// <summary>The way from one version of something to the next, for those who watch over it. Thread-safe.</summary>
public interface IRollout
{
    /// <summary>How it stands.</summary>
    /// <param name="cancellation">The caller gave up.</param>
    /// <exception cref="IOException">Who knows cannot be reached.</exception>
    Task<RolloutView> RolloutAsync(CancellationToken cancellation);

    /// <summary>Abandons the version that is under way; where none is, goes back to the one before the running one.</summary>
    /// <param name="cancellation">The caller gave up.</param>
    /// <exception cref="InvalidOperationException">There is none to go back to.</exception>
    /// <exception cref="InvalidDataException">It is broken meanwhile; the running one goes on.</exception>
    /// <exception cref="IOException">Who decides cannot be reached.</exception>
    Task<RolloutView> RollBackAsync(CancellationToken cancellation);

    /// <summary>Gives up the version before the running one and what it takes.</summary>
    /// <param name="cancellation">The caller gave up.</param>
    /// <exception cref="IOException">Who decides cannot be reached.</exception>
    Task<RolloutView> DropPreviousAsync(CancellationToken cancellation);
}

/// <summary>A version that was rolled out or is to be.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">The name that requests and answers carry: a fingerprint and the number of the roll-out.</param>
public sealed record RolledVersion(string Name, string Version);

/// <summary>The way from one version of something to the next.</summary>
/// <param name="Running">What is in use; null before the first.</param>
/// <param name="Previous">What was in use before and can be gone back to; null for none.</param>
/// <param name="UnderWay">What is being rolled out; null for nothing.</param>
/// <param name="Last">How the last roll-out ended; null before the first.</param>
public sealed record RolloutView(
    RolledVersion? Running = null, RolledVersion? Previous = null, RolloutProgress? UnderWay = null, RolloutEnd? Last = null);

/// <summary>A version on its way.</summary>
/// <param name="Version">The version.</param>
/// <param name="Phase">How far it is.</param>
/// <param name="Since">Since when it is there.</param>
/// <param name="Figures">What is known so far, by name; null for nothing.</param>
/// <param name="Waits">What kept it from going on, the last time that something did; null for nothing.</param>
public sealed record RolloutProgress(
    RolledVersion Version, RolloutPhase Phase, DateTimeOffset Since, IReadOnlyDictionary<string, double>? Figures = null,
    string? Waits = null);

/// <summary>How a roll-out ended.</summary>
/// <param name="Version">The version.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="At">When.</param>
/// <param name="Reason">Why, where it is not in use.</param>
/// <param name="Figures">What it was judged by, by name; null for nothing.</param>
public sealed record RolloutEnd(
    RolledVersion Version, RolloutOutcome Outcome, DateTimeOffset At, string? Reason = null,
    IReadOnlyDictionary<string, double>? Figures = null);

/// <summary>How far a version is.</summary>
public enum RolloutPhase
{
    /// <summary>It is being loaded and verified beside the running one.</summary>
    Loading,

    /// <summary>It is compared with the running one.</summary>
    Shadowing,
}

/// <summary>What became of a version.</summary>
public enum RolloutOutcome
{
    /// <summary>It is in use.</summary>
    Switched,

    /// <summary>It was refused; the one before stayed in use.</summary>
    Refused,

    /// <summary>It was abandoned on demand.</summary>
    Abandoned,

    /// <summary>It is in use again: the one after it was rolled back.</summary>
    RolledBack,
}
