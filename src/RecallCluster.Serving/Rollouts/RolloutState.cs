namespace RecallCluster.Serving.Rollouts;

/// <summary>Something that is rolled out.</summary>
internal interface IRolledVersion
{
    /// <summary>Its names.</summary>
    RolledVersion Rolled { get; }
}

/// <summary>A version that is to be used if it proves itself.</summary>
/// <param name="Version">The version.</param>
/// <param name="Limits">What it must show.</param>
/// <param name="Phase">How far it is.</param>
/// <param name="Since">Since when.</param>
internal sealed record RolloutCandidate<TVersion, TLimits>(TVersion Version, TLimits Limits, RolloutPhase Phase, DateTimeOffset Since)
    where TVersion : class, IRolledVersion
    where TLimits : class;

/// <summary>
/// The way from one version to the next, as it is kept:
/// <code>
///            Begin              Compare               Switch
///  nothing ────────► loading ──────────► shadowing ──────────► current; what was current is previous ◄──► GoBack
///                       └──── Refuse, Abandon ────┘
/// </code>
/// Every step is a function of what was before; one that does not apply any more says null.
/// </summary>
/// <typeparam name="TVersion">What is rolled out.</typeparam>
/// <typeparam name="TLimits">What it must show.</typeparam>
internal sealed record RolloutState<TVersion, TLimits>
    where TVersion : class, IRolledVersion
    where TLimits : class
{
    /// <summary>Changes so far: one that was worked out from an older state is none.</summary>
    public long Revision { get; init; }

    /// <summary>Versions published so far, so that no two have one name.</summary>
    public int Published { get; init; }

    /// <summary>What is in use.</summary>
    public TVersion? Current { get; init; }

    /// <summary>What was in use before.</summary>
    public TVersion? Previous { get; init; }

    /// <summary>What is on its way.</summary>
    public RolloutCandidate<TVersion, TLimits>? Candidate { get; init; }

    /// <summary>How the last one ended.</summary>
    public RolloutEnd? Last { get; init; }

    /// <summary>
    /// Whether this was worked out from <paramref name="before"/>. Only then may it take its place: two who both think that they lead a
    /// roll-out must not undo each other's steps.
    /// </summary>
    public bool Follows(RolloutState<TVersion, TLimits> before) => Revision == before.Revision + 1;

    /// <summary>Begins with a version.</summary>
    public RolloutState<TVersion, TLimits>? Begin(TVersion version, TLimits limits, DateTimeOffset now) => Candidate is not null
        ? null
        : this with
        {
            Published = Published + 1,
            Candidate = new RolloutCandidate<TVersion, TLimits>(version, limits, RolloutPhase.Loading, now),
        };

    /// <summary>It is loaded; from now on it is compared.</summary>
    public RolloutState<TVersion, TLimits>? Compare(TVersion version, DateTimeOffset now) => !IsUnderWay(version)
        ? null
        : this with { Candidate = Candidate! with { Phase = RolloutPhase.Shadowing, Since = now } };

    /// <summary>It is what is used from now on.</summary>
    public RolloutState<TVersion, TLimits>? Switch(TVersion version, IReadOnlyDictionary<string, double>? figures, DateTimeOffset now) =>
        !IsUnderWay(version)
            ? null
            : this with
            {
                Current = version,
                Previous = Current,
                Candidate = null,
                Last = new RolloutEnd(version.Rolled, RolloutOutcome.Switched, now, null, figures),
            };

    /// <summary>It is not used.</summary>
    public RolloutState<TVersion, TLimits>? End(
        TVersion version, RolloutOutcome outcome, string reason, IReadOnlyDictionary<string, double>? figures, DateTimeOffset now) =>
        !IsUnderWay(version)
            ? null
            : this with { Candidate = null, Last = new RolloutEnd(version.Rolled, outcome, now, reason, figures) };

    /// <summary>The version before is used again.</summary>
    public RolloutState<TVersion, TLimits>? GoBack(TVersion previous, DateTimeOffset now) =>
        Candidate is not null || Previous?.Rolled != previous.Rolled
            ? null
            : this with
            {
                Current = previous,
                Previous = Current,
                Last = new RolloutEnd(previous.Rolled, RolloutOutcome.RolledBack, now),
            };

    /// <summary>The version before is given up.</summary>
    public RolloutState<TVersion, TLimits>? Forget(TVersion previous) =>
        Previous?.Rolled != previous.Rolled ? null : this with { Previous = null };

    /// <summary>Whether a version is on its way.</summary>
    public bool IsUnderWay(TVersion version) => Candidate?.Version.Rolled == version.Rolled;

    /// <summary>For people.</summary>
    /// <param name="figures">What is known so far of the one on its way.</param>
    /// <param name="waits">What it waits for.</param>
    public RolloutView View(IReadOnlyDictionary<string, double>? figures, string? waits) => new(
        Current?.Rolled, Previous?.Rolled,
        Candidate is { } candidate
            ? new RolloutProgress(candidate.Version.Rolled, candidate.Phase, candidate.Since, figures, waits) : null,
        Last);
}
