using System.Runtime.CompilerServices;
using RecallCluster.Bidding.Money;

namespace RecallCluster.Bidding.Auctions;

/// <summary>
/// A bid in the auction's own terms. Everything is an integer: probabilities in 10^-12, eCPM in micro-units rounded down. So ranking does
/// not depend on the order of operations, and the price that keeps a rank can never exceed the bid:
/// with e = floor(bid p / 10^9) and next &lt;= e, ceil(next 10^9 / p) &lt;= ceil(e 10^9 / p) &lt;= bid.
/// </summary>
internal readonly struct Offer
{
    private const double ProbabilityUnits = 1e12;
    private const ulong One = 1_000_000_000_000;
    private const ulong ImpressionsPerMille = 1000;

    /// <summary>From a click's worth times a probability in 10^-12 to the worth of a thousand impressions.</summary>
    private const ulong MilleScale = One / ImpressionsPerMille;

    private readonly long _most;
    private readonly ulong _clickProbability;

    private Offer(long ecpm, long most, ulong clickProbability)
    {
        Ecpm = ecpm;
        _most = most;
        _clickProbability = clickProbability;
    }

    /// <summary>Micro-units for a thousand impressions.</summary>
    public long Ecpm { get; }

    /// <summary>Whether a click is charged; else the impression is.</summary>
    public bool IsPerClick => _clickProbability != 0;

    /// <summary>What is paid where the bid itself is paid.</summary>
    public Micros Own => new(_most);

    /// <summary>Whether the bid makes sense; its eCPM may still be zero.</summary>
    public static bool TryMake(in AuctionBid bid, out Offer offer)
    {
        offer = default;
        long amount = bid.Bid.Value;
        if ((ulong)amount > (ulong)AuctionBid.MaxBid.Value)
            return false;
        ulong click = 0, conversion = 0;
        if (bid.Pricing != PricingModel.Cpm && !TryRead(bid.ClickProbability, out click))
            return false;
        if (bid.Pricing >= PricingModel.OptimizedCpc)
        {
            if (!TryRead(bid.ConversionProbability, out conversion))
                return false;
            amount = (long)Scale((ulong)amount, conversion, One);
        }
        offer = bid.Pricing switch
        {
            PricingModel.Cpm => PerImpression(amount),
            PricingModel.OptimizedCpm => PerImpression((long)Scale((ulong)amount, click, MilleScale)),
            _ => new Offer((long)Scale((ulong)amount, click, MilleScale), amount, click),
        };
        return bid.Pricing <= PricingModel.OptimizedCpm;
    }

    /// <summary>
    /// The least whole price at which the ad is still worth <paramref name="next"/> for a thousand impressions, capped by its bid.
    /// </summary>
    public Micros PriceToKeep(long next)
    {
        ulong price = IsPerClick ? DivideUp((ulong)next, MilleScale, _clickProbability) : DivideUp((ulong)next, 1, ImpressionsPerMille);
        return new Micros((long)Math.Min(price, (ulong)_most));
    }

    private static Offer PerImpression(long ecpm) => new(ecpm, ecpm / (long)ImpressionsPerMille, 0);

    // False for NaN as well: no comparison with it holds.
    private static bool TryRead(double probability, out ulong units)
    {
        bool valid = probability >= 0 && probability <= 1;
        units = valid ? (ulong)double.ConvertToIntegerNative<long>((probability * ProbabilityUnits) + 0.5) : 0;
        return valid;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Scale(ulong amount, ulong probability, ulong divisor)
    {
        ulong high = Math.BigMul(amount, probability, out ulong low);
        return high == 0 ? low / divisor : (ulong)(new UInt128(high, low) / divisor);
    }

    private static ulong DivideUp(ulong amount, ulong factor, ulong divisor)
    {
        ulong high = Math.BigMul(amount, factor, out ulong low);
        if (high == 0)
            return (low / divisor) + (low % divisor == 0 ? 0ul : 1ul);
        (UInt128 quotient, UInt128 rest) = UInt128.DivRem(new UInt128(high, low), divisor);
        return quotient > ulong.MaxValue - 1 ? ulong.MaxValue : (ulong)quotient + (rest == 0 ? 0ul : 1ul);
    }
}
