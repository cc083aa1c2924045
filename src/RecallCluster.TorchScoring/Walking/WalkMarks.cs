using static TorchSharp.torch;

namespace RecallCluster.TorchScoring.Walking;

/// <summary>
/// Which ads a batch of walks has met: a stamp an ad for each request, int32. Stamps only grow, so that a new layer and a new batch begin
/// with a number and nothing is cleared. The ad that is padding always counts as met.
/// </summary>
/// <param name="device">Where they are.</param>
/// <param name="requests">Most requests of a batch.</param>
/// <param name="ads">Number of ads; also the one that is padding.</param>
internal sealed class WalkMarks(Device device, int requests, int ads) : IDisposable
{
    private const int Always = int.MaxValue;

    // Far more than a walk hands out, so that it is enough to look between walks.
    private const int Reserve = 1 << 30;

    private readonly Tensor _all = zeros(requests, ads + 1L, dtype: ScalarType.Int32, device: device);
    private Tensor _stamps = null!;
    private int _next = 1, _request, _layer;

    public Device Device => device;

    /// <summary>Bytes that they take.</summary>
    public static long BytesOf(int requests, int ads) => requests * (ads + 1L) * sizeof(int);

    /// <summary>Begins a batch of walks, none of which has met anything.</summary>
    public void Begin(long count)
    {
        if (_next > Reserve)
        {
            _all.zero_();
            _next = 1;
        }
        _stamps = _all.narrow(0, 0, count);
        (_request, _layer) = (_next, _next);
        KeepPadding();
    }

    /// <summary>Begins a layer on which only the ads of W are met; null for none.</summary>
    public void BeginLayer(Tensor? best)
    {
        _layer = _next++;
        if (best is null || best.shape[1] == 0)
            return;
        _stamps.scatter_(1, best, full(best.shape, _layer, ScalarType.Int32, device));
        KeepPadding();
    }

    /// <summary>Whether ads are not met on the layer.</summary>
    public Tensor AreNew(Tensor which) => _stamps.gather(1, which).lt(_layer);

    /// <summary>
    /// Meets ads: of those that were not met on the layer, each once, the first <paramref name="places"/> in their order. What has no place
    /// stays unmet.
    /// </summary>
    /// <param name="found">[requests, n], int64, with padding and repetitions.</param>
    /// <param name="places">Most of a request.</param>
    /// <param name="group">Ads that were found through the same node stand together, so many each.</param>
    public WalkVisit Visit(Tensor found, int places, int group)
    {
        long count = found.shape[1];
        Tensor before = _stamps.gather(1, found);
        Tensor isNew = before.lt(_layer);
        Tensor target = found.masked_fill(isNew.logical_not(), ads);
        Tensor stamps = arange(_next, _next + count, ScalarType.Int32, device).unsqueeze(0).expand(found.shape);
        // Backwards, so that the first of equal ones is written last. A device may write them in any order: then another of them has the
        // place.
        _stamps.scatter_(1, target.flip(1), stamps.flip(1));
        KeepPadding();
        _next += (int)count;
        Tensor isFirst = isNew & _stamps.gather(1, target).eq(stamps);
        Tensor wereScored = before.ge(_request);
        if (places >= count)
            return new WalkVisit(target.masked_fill(isFirst.logical_not(), ads), wereScored, null);

        Tensor number = isFirst.cumsum(1, ScalarType.Int64);
        Tensor fits = isFirst & number.le(places);
        Tensor spilled = isFirst & fits.logical_not();
        _stamps.scatter_(1, target.masked_fill(spilled.logical_not(), ads), before);
        KeepPadding();
        Tensor place = (number - 1).masked_fill(fits.logical_not(), places);
        long[] room = [found.shape[0], places + 1];
        Tensor packed = full(room, ads, ScalarType.Int64, device).scatter_(1, place, target).narrow(1, 0, places);
        Tensor packedScored = zeros(room, ScalarType.Bool, device).scatter_(1, place, wereScored).narrow(1, 0, places);
        Tensor ends = number.view(found.shape[0], count / group, group).select(2, group - 1);
        return new WalkVisit(packed, packedScored, ends.le(places));
    }

    public void Dispose() => _all.Dispose();

    private void KeepPadding() => _stamps.select(1, ads).fill_(Always);
}

/// <summary>Ads just met.</summary>
/// <param name="Ads">[requests, places], int64, padded.</param>
/// <param name="WereScored">Whether each was scored for the request before, on another layer.</param>
/// <param name="IsWhole">By group, whether all of it found a place; null where there was one for all.</param>
internal sealed record WalkVisit(Tensor Ads, Tensor WereScored, Tensor? IsWhole);
