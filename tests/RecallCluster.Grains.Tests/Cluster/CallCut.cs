using RecallCluster.Grains.Contracts;

namespace RecallCluster.Grains.Tests.Cluster;

/// <summary>Keeps events from some campaigns, or the campaigns' answers from those who sent them.</summary>
internal sealed class CallCut : IOutgoingGrainCallFilter
{
    private volatile CutKind _kind;
    private long _campaign;
    private int _cut;

    /// <summary>Events, or answers, that were kept back.</summary>
    public int Count => Volatile.Read(ref _cut);

    /// <summary>From now on.</summary>
    public void Begin(CutKind kind, long campaign)
    {
        Volatile.Write(ref _campaign, campaign);
        _kind = kind;
    }

    /// <summary>All come through again.</summary>
    public void End() => _kind = CutKind.None;

    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        CutKind kind = context.InterfaceMethod.Name == nameof(ICampaignGrain.AcceptAsync)
            && context.TargetId.TryGetIntegerKey(out long campaign, out _) && campaign == Volatile.Read(ref _campaign)
                ? _kind : CutKind.None;
        if (kind != CutKind.Calls)
            await context.Invoke();
        if (kind == CutKind.None)
            return;
        Interlocked.Increment(ref _cut);
        throw new TimeoutException("The network is cut.");
    }
}

internal enum CutKind
{
    None,

    /// <summary>Events do not come to their campaign.</summary>
    Calls,

    /// <summary>They come, and nobody hears of it.</summary>
    Answers,
}
