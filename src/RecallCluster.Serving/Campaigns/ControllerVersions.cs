using System.Collections.Frozen;
using RecallCluster.Serving.Rollouts;

namespace RecallCluster.Serving.Campaigns;

/// <summary>
/// The bid controllers of a host by version of their actors: its own, and those of the roll-out that are running, were running before, or
/// are being tried. What a version lacks is the host's own. Any thread may read; one at a time changes them.
/// </summary>
/// <param name="own">Those of the host.</param>
internal sealed class ControllerVersions(BidControllers own)
{
    private Known _known = new(null, FrozenDictionary<string, BidControllers>.Empty);

    /// <summary>The version that campaigns are to decide with from now on; null for the host's own.</summary>
    public string? Running => Volatile.Read(ref _known).Running;

    /// <summary>Those of <see cref="Running"/>.</summary>
    public BidControllers Current => Of(Running);

    /// <summary>Whether a version is at hand.</summary>
    public bool Has(string? version) => version is null || Volatile.Read(ref _known).Sets.ContainsKey(version);

    /// <summary>
    /// Those of a version; of one that is not at hand - it was given up since, or has not come here yet - the running ones.
    /// </summary>
    /// <param name="version">The version; null for the host's own.</param>
    public BidControllers Of(string? version)
    {
        Known known = Volatile.Read(ref _known);
        return version is null ? own
            : known.Sets.TryGetValue(version, out BidControllers? set) ? set
            : known.Running is { } running ? known.Sets[running] : own;
    }

    /// <summary>Refuses what cannot be a version.</summary>
    /// <exception cref="InvalidRequestException">The name is no name, or there are no files, or too many bytes.</exception>
    /// <exception cref="InvalidDataException">A file is broken, or no actor's; the message names it.</exception>
    public void Check(string name, IReadOnlyDictionary<string, byte[]> files)
    {
        LimitWords.RequireName(name);
        LimitWords.Require(files.Count > 0, "files", "are at least one actor's");
        LimitWords.Require(
            files.Values.Sum(file => (long)file.Length) <= ActorVersion.MostBytes, "files", $"are at most {ActorVersion.MostBytes} bytes");
        own.With(files);
    }

    /// <summary>Has the versions of a plan at hand, and no others.</summary>
    /// <exception cref="InvalidDataException">One cannot be read: a later program published it. All stay as they were.</exception>
    public void Use(RolloutState<ActorVersion, ActorLimits> plan)
    {
        FrozenDictionary<string, BidControllers> before = _known.Sets;
        var sets = new Dictionary<string, BidControllers>(StringComparer.Ordinal);
        foreach (ActorVersion? version in new[] { plan.Current, plan.Previous, plan.Candidate?.Version })
        {
            if (version?.TickName() is { } name)
                sets[name] = before.TryGetValue(name, out BidControllers? set) ? set : own.With(version.Files);
        }
        Volatile.Write(ref _known, new Known(plan.Current?.TickName(), sets.ToFrozenDictionary(StringComparer.Ordinal)));
    }

    private sealed record Known(string? Running, FrozenDictionary<string, BidControllers> Sets);
}
