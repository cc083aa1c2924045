using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;

namespace RecallCluster.Serving.ValueRanking;

/// <summary>
/// Ranks the ads of one request by what an impression of them is expected to earn: the campaign's bid at the calibrated click probability;
/// or, for a query by click, by that click probability itself. An ad whose campaign or facet is not eligible, and by value one that would
/// bid nothing, has none.
/// </summary>
internal sealed unsafe class ValueRanker : IResultRanking
{
    private readonly ClassBids _bids;
    private readonly float[] _caps, _slopes, _offsets;

    // How much of a bid's logarithm, as if it were a logit, routes the search. A campaign's ads stand near each other, so the way to those
    // of high bids is worth a little; all of it would lead away from interest where they do not.
    private const double SteeringShare = 0.6;

    // From a score to its place on a curve.
    private readonly float _slope, _shift;
    private readonly float _steer;

    /// <param name="bids">What the classes of the shard bid.</param>
    /// <param name="query">Which of them are eligible.</param>
    public ValueRanker(ClassBids bids, ValueQuery query)
    {
        _bids = bids;
        _slope = (float)(query.Scale.Slope * ClickCurves.PerLogit);
        _shift = (float)((query.Scale.Shift + ClickCurves.MaxLogit) * ClickCurves.PerLogit);
        _steer = query.ByClick ? 0 : (float)(SteeringShare / query.Scale.Slope);
        MostPerGroup = query.MostPerCampaign;
        PlacementClasses classes = bids.Classes;
        // The cap carries eligibility: where it is not a number, neither is the bid.
        _caps = new float[classes.Count];
        (_slopes, _offsets) = query.ByClick ? (Ones(classes.Count), new float[classes.Count]) : (bids.Slope, bids.Offset);
        ReadOnlySpan<ulong> campaigns = query.Campaigns.Span, facets = query.Facets.Span;
        for (int number = 0; number < _caps.Length; number++)
        {
            bool eligible = bids.Cap[number] > 0 && Has(campaigns, classes.CampaignOf[number]) && Has(facets, classes.FacetOf[number]);
            _caps[number] = !eligible ? float.NaN : query.ByClick ? 1 : bids.Cap[number];
            RankableCount += eligible ? classes.SizeOf(number) : 0;
        }
    }

    /// <inheritdoc/>
    public int RankableCount { get; }

    /// <inheritdoc/>
    public int MostPerGroup { get; }

    /// <inheritdoc/>
    public int GroupCount => _bids.Book.Campaigns.Length;

    /// <inheritdoc/>
    public int GroupOf(int ordinal) => _bids.Classes.CampaignOf[_bids.Classes.ClassOf[Math.Min(ordinal, _bids.Classes.AdCount)]];

    /// <summary>The eligible ads as a filter, less those of <paramref name="without"/>.</summary>
    public EligibilityFilter ToFilter(ReadOnlySpan<int> without)
    {
        PlacementClasses classes = _bids.Classes;
        var filter = new EligibilityFilter(classes.AdCount);
        for (int number = 0; number < _caps.Length; number++)
        {
            if (float.IsNaN(_caps[number]))
                continue;
            foreach (int ad in classes.AdsOf(number))
                filter[ad] = true;
        }
        foreach (int ad in without)
            filter[ad] = false;
        return filter;
    }

    /// <inheritdoc/>
    public void Rank(ReadOnlySpan<int> ordinals, ReadOnlySpan<float> scores, Span<float> values)
    {
        int i = 0, last = _bids.Classes.AdCount;
        fixed (int* ordinal = ordinals, classOf = _bids.Classes.ClassOf, curve = _bids.Curve)
        fixed (float* score = scores, value = values, cap = _caps, slope = _slopes, offset = _offsets, curves = _bids.Curves)
        {
            if (Simd.Path >= SimdPath.Avx2)
            {
                for (; i + 8 <= ordinals.Length; i += 8)
                {
                    // Ads may have been put in since the classes were made.
                    Vector256<int> known = Vector256.Min(Vector256.Load(ordinal + i), Vector256.Create(last));
                    Vector256<int> number = Avx2.GatherVector256(classOf, known, sizeof(int));
                    Vector256<float> logit = Vector256.Load(score + i);
                    Vector256<float> at = PlaceOf(logit);
                    Vector256<int> interval = Vector256.Min(
                        Vector256.ConvertToInt32Native(at), Vector256.Create(ClickCurves.Intervals - 1));
                    Vector256<int> point = Avx2.GatherVector256(curve, number, sizeof(int)) + interval;
                    Vector256<float> low = Avx2.GatherVector256(curves, point, sizeof(float));
                    Vector256<float> high = Avx2.GatherVector256(curves + 1, point, sizeof(float));
                    Vector256<float> pctr = low + ((high - low) * (at - Vector256.ConvertToSingle(interval)));
                    Vector256<float> limit = Avx2.GatherVector256(cap, number, sizeof(float));
                    Vector256<float> bid = (Avx2.GatherVector256(slope, number, sizeof(float)) * pctr)
                        + Avx2.GatherVector256(offset, number, sizeof(float));
                    // Comparisons with what is not a number are false.
                    Vector256<float> has = Vector256.GreaterThan(bid, Vector256<float>.Zero)
                        & Vector256.GreaterThan(limit, Vector256<float>.Zero) & Vector256.Equals(logit, logit);
                    Vector256.ConditionalSelect(has, Vector256.MinNative(bid, limit), Vector256.Create(float.NaN)).Store(value + i);
                }
            }
            for (; i < ordinals.Length; i++)
                value[i] = ValueOf(classOf[Math.Min(ordinal[i], last)], score[i]);
        }
    }

    /// <inheritdoc/>
    public void Steer(ReadOnlySpan<int> ordinals, Span<float> scores)
    {
        ReadOnlySpan<int> classOf = _bids.Classes.ClassOf;
        ReadOnlySpan<float> logBid = _bids.LogBid, cap = _caps;
        int last = _bids.Classes.AdCount;
        for (int i = 0; i < ordinals.Length; i++)
        {
            int number = classOf[Math.Min(ordinals[i], last)];
            // Who may not be shown is no direction.
            scores[i] += cap[number] > 0 ? _steer * logBid[number] : 0;
        }
    }

    private float ValueOf(int number, float score)
    {
        if (!(_caps[number] > 0) || float.IsNaN(score))
            return float.NaN;
        float at = Math.Clamp((score * _slope) + _shift, 0, ClickCurves.Intervals);
        int interval = Math.Min((int)at, ClickCurves.Intervals - 1);
        ReadOnlySpan<float> points = _bids.Curves.AsSpan(_bids.Curve[number] + interval, 2);
        float bid = (_slopes[number] * (points[0] + ((points[1] - points[0]) * (at - interval)))) + _offsets[number];
        return bid > 0 ? Math.Min(bid, _caps[number]) : float.NaN;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector256<float> PlaceOf(Vector256<float> logit)
    {
        Vector256<float> at = (logit * Vector256.Create(_slope)) + Vector256.Create(_shift);
        // In this order a score that is not a number becomes a place that exists; its value is blanked in the end.
        return Vector256.MinNative(Vector256.MaxNative(at, Vector256<float>.Zero), Vector256.Create((float)ClickCurves.Intervals));
    }

    private static float[] Ones(int count)
    {
        var ones = new float[count];
        Array.Fill(ones, 1);
        return ones;
    }

    private static bool Has(ReadOnlySpan<ulong> bits, int number) =>
        (uint)(number >> 6) < (uint)bits.Length && (bits[number >> 6] & (1UL << number)) != 0;
}
