using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;

namespace RecallCluster.Grains.Shards;

/// <summary>
/// Has a gateway do what its index wants, and tells the index how far it is: with every question for news, and every few seconds while a
/// version is being opened, however long that takes. So an index that has just moved hears of every gateway before it judges or drops
/// a version.
/// </summary>
/// <param name="index">The index.</param>
/// <param name="begun">What the gateway was opened with.</param>
/// <param name="follow">Does what the index wants.</param>
/// <param name="report">What the gateway says of itself.</param>
/// <param name="time">The clock of speaking.</param>
internal sealed class IndexFollower(
    IIndexGrain index, IndexState begun, Func<IndexState, Task> follow, Func<GatewayReport> report, TimeProvider time)
{
    /// <summary>How often it speaks while it opens.</summary>
    internal static readonly TimeSpan SpeakPeriod = GatewayReports.LongestSilence / 5;

    private IndexState _state = begun;

    /// <summary>Asks once for news, waiting some seconds, and follows.</summary>
    public async Task FollowAsync(CancellationToken cancellation)
    {
        // What was under way already when the gateway came, too.
        await SpeakWhileAsync(follow(_state), cancellation).ConfigureAwait(false);
        IndexState? next = await index.NextAsync(_state.Place, report()).WaitAsync(cancellation).ConfigureAwait(false);
        if (next is null)
            return;
        await SpeakWhileAsync(follow(next), cancellation).ConfigureAwait(false);
        _state = next;
    }

    private async Task SpeakWhileAsync(Task opening, CancellationToken cancellation)
    {
        while (await Task.WhenAny(opening, Task.Delay(SpeakPeriod, time, cancellation)).ConfigureAwait(false) != opening
            && !cancellation.IsCancellationRequested)
        {
            // The place before any is old news: it is answered at once. Who does not hear it now is told again, and a call that hangs is
            // not waited for: it would eat the silence that is allowed.
            await GrainCalls.TryAsync(() => index.NextAsync(-1, report()).WaitAsync(SpeakPeriod, time, cancellation))
                .ConfigureAwait(false);
        }
        await opening.ConfigureAwait(false);
    }
}
