namespace RecallCluster.Serving.Rollouts;

/// <summary>
/// The versions of what trained bid controllers learned, and the way from one to the next. A version is a set of actor files; what it lacks
/// the host itself has. All campaigns decide with the running version from their next tick on. Thread-safe.
/// </summary>
public interface IActorVersions : IRollout
{
    /// <summary>What a version must show before it is used, where whoever publishes it does not say otherwise.</summary>
    ActorLimits Limits { get; }

    /// <summary>Begins to roll a version out.</summary>
    /// <param name="name">The name that people know it by.</param>
    /// <param name="files">Contents by file name: pairs such as "uscb-click-cpc.json" and "uscb-click-cpc.safetensors".</param>
    /// <param name="limits">What it must show first; null for <see cref="Limits"/>.</param>
    /// <param name="cancellation">The caller gave up; the version may be rolled out anyway.</param>
    /// <returns>How it stands: running, refused, or under way.</returns>
    /// <exception cref="InvalidRequestException">The name, a limit or the number of bytes makes no sense.</exception>
    /// <exception cref="InvalidDataException">A file is broken, or no actor's; the message names it.</exception>
    /// <exception cref="InvalidOperationException">Another version is under way.</exception>
    /// <exception cref="IOException">Who decides cannot be reached.</exception>
    Task<RolloutView> PublishAsync(
        string name, IReadOnlyDictionary<string, byte[]> files, ActorLimits? limits, CancellationToken cancellation);
}
