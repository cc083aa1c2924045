using System.Collections.Concurrent;
using RecallCluster.Numerics;

namespace RecallCluster.Serving.Gateway;

/// <summary>
/// Scratch memories, one for each request under way; as many as ever were at once. They also hold what is to be reported, so that requests
/// share nothing that they write.
/// </summary>
internal sealed class ScratchPool(SeededRandom random)
{
    private readonly ConcurrentBag<GatewayScratch> _idle = [];
    private readonly ConcurrentQueue<GatewayScratch> _all = new();
    private readonly Lock _collecting = new();
    private readonly TallySheet _sheet = new();
    private readonly SeededRandom _random = random.Split(ulong.MaxValue);
    private TallySheet _spare = new();
    private long _made;

    /// <summary>Scratch memories there are.</summary>
    public long Made => Interlocked.Read(ref _made);

    /// <summary>A scratch memory, for one request alone.</summary>
    public GatewayScratch Rent()
    {
        bool isKnown = _idle.TryTake(out GatewayScratch? scratch);
        scratch ??= new GatewayScratch(random.Split((ulong)Interlocked.Increment(ref _made)));
        // What lies idle may be in the hands of who collects, for as long as it takes to change one sheet for another.
        var wait = new SpinWait();
        while (!scratch.TryHold())
            wait.SpinOnce(sleep1Threshold: -1);
        if (!isKnown)
            _all.Enqueue(scratch);
        return scratch;
    }

    /// <summary>Gives it back.</summary>
    public void Return(GatewayScratch scratch)
    {
        // No request's ads are kept alive for the next.
        scratch.Candidates.AsSpan(0, scratch.Count).Clear();
        scratch.Count = 0;
        scratch.Assignment = default;
        scratch.Release();
        _idle.Add(scratch);
    }

    /// <summary>Hands over what happened since the last call, but for requests that are under way; those are in the next one.</summary>
    /// <param name="take">Called for each campaign number that took part.</param>
    public void Collect(Action<int, CampaignTally> take)
    {
        lock (_collecting)
        {
            // Where they lie they stay: were they taken out meanwhile, the requests of that time would make further ones, every time.
            foreach (GatewayScratch scratch in _all)
            {
                if (!scratch.TryHold())
                    continue;
                TallySheet sheet = scratch.ChangeTallies(_spare);
                scratch.Release();
                sheet.MoveTo(_sheet, _random);
                _spare = sheet;
            }
            foreach (int campaign in _sheet.Touched)
                take(campaign, _sheet.Of(campaign));
            _sheet.Clear();
        }
    }
}
