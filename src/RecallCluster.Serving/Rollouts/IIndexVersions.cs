namespace RecallCluster.Serving.Rollouts;

/// <summary>The versions of model and index that can be answered with, and the way from one to the next. Thread-safe.</summary>
public interface IIndexVersions : IRollout
{
    /// <summary>What a version must show before it is switched to, where whoever publishes it does not say otherwise.</summary>
    ShadowLimits Limits { get; }

    /// <summary>The versions that are there, each by the name that <see cref="PublishAsync"/> takes.</summary>
    /// <param name="cancellation">The caller gave up.</param>
    /// <exception cref="IOException">Who knows cannot be reached.</exception>
    Task<IReadOnlyList<IndexVersionView>> ListAsync(CancellationToken cancellation);

    /// <summary>
    /// Loads a version beside the running one and switches to it, without losing a request. Where the change is checked on live requests
    /// this returns when it has begun.
    /// </summary>
    /// <param name="name">One of <see cref="ListAsync"/>.</param>
    /// <param name="limits">What it must show first; null for <see cref="Limits"/>.</param>
    /// <param name="cancellation">The caller gave up; the version may be switched to anyway.</param>
    /// <returns>The version; running, or under way.</returns>
    /// <exception cref="InvalidRequestException">There is none of that name, or a limit makes no sense.</exception>
    /// <exception cref="InvalidDataException">It is broken; the running one goes on. The message names the check that failed.</exception>
    /// <exception cref="InvalidOperationException">Another version is under way.</exception>
    /// <exception cref="IOException">Who decides cannot be reached.</exception>
    Task<IndexVersionView> PublishAsync(string name, ShadowLimits? limits, CancellationToken cancellation);
}

/// <summary>A version of the index.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsRunning">Whether requests are answered with it.</param>
/// <param name="Shards">Its shards.</param>
/// <param name="Ads">Its ads.</param>
public sealed record IndexVersionView(string Name, bool IsRunning, int Shards, long Ads);
