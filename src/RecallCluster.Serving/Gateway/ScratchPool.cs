using System.Collections.Concurrent;
using RecallCluster.Numerics;

namespace RecallCluster.Serving.Gateway;

/// <summary>
/// Scratch memories, one for each request that is between two awaits of its own; as many as ever were at once. They also hold what is to
/// be reported, so that requests share nothing that they write.
/// </summary>
internal sealed class ScratchPool(SeededRandom random)
{
    private readonly ConcurrentBag<GatewayScratch> _idle = [];
    private readonly Lock _collecting = new();
    private readonly TallySheet _sheet = new();
    private readonly SeededRandom _random = random.Split(ulong.MaxValue);
    private long _made;

    /// <summary>A scratch memory, for one request alone.</summary>
    public GatewayScratch Rent() =>
        _idle.TryTake(out GatewayScratch? scratch) ? scratch : new GatewayScratch(random.Split((ulong)Interlocked.Increment(ref _made)));

    /// <summary>Gives it back.</summary>
    public void Return(GatewayScratch scratch)
    {
        // No request's ads are kept alive for the next.
        scratch.Candidates.AsSpan(0, scratch.Count).Clear();
        scratch.Count = 0;
        _idle.Add(scratch);
    }

    /// <summary>Hands over what happened since the last call, but for requests that are under way; those are in the next one.</summary>
    /// <param name="take">Called for each campaign number that took part.</param>
    public void Collect(Action<int, CampaignTally> take)
    {
        lock (_collecting)
        {
            var rented = new List<GatewayScratch>();
            while (_idle.TryTake(out GatewayScratch? scratch))
            {
                scratch.Tallies.MoveTo(_sheet, _random);
                rented.Add(scratch);
            }
            rented.ForEach(_idle.Add);
            foreach (int campaign in _sheet.Touched)
                take(campaign, _sheet.Of(campaign));
            _sheet.Clear();
        }
    }
}
