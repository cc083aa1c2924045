using System.Numerics.Tensors;
using RecallCluster.Bidding.Optimization;

namespace RecallCluster.Bidding.Goals;

/// <summary>
/// What an advertiser buys: a preset of objective and KPIs. The first three are those of He et al. (KDD 2021), written CB{click},
/// CB{click-CPC} and CB{conversion-CPC} there.
/// </summary>
public sealed class BidProduct
{
    private readonly bool _conversions, _impressions;

    private BidProduct(string name, bool conversions, bool impressions, bool limitsCpc, bool limitsCtr)
    {
        (Name, _conversions, _impressions) = (name, conversions, impressions);
        (LimitsCpc, LimitsCtr) = (limitsCpc, limitsCtr);
    }

    /// <summary>Most clicks for a budget: w0 pCTR.</summary>
    public static BidProduct Click { get; } = new("click", false, false, false, false);

    /// <summary>Most clicks at a bounded cost per click: (w0 + w1 k) pCTR.</summary>
    public static BidProduct ClickCpc { get; } = new("click-cpc", false, false, true, false);

    /// <summary>Most conversions at a bounded cost per click: w0 pCTR pCVR + w1 k pCTR.</summary>
    public static BidProduct ConversionCpc { get; } = new("conversion-cpc", true, false, true, false);

    /// <summary>Most clicks at no less than a given CTR: w0 pCTR - w1 (1 - k pCTR).</summary>
    public static BidProduct ClickCtr { get; } = new("click-ctr", false, false, false, true);

    /// <summary>Most impressions at no less than a given CTR: w0 - w1 (1 - k pCTR).</summary>
    public static BidProduct ImpressionCtr { get; } = new("impression-ctr", false, true, false, true);

    /// <summary>All presets.</summary>
    public static IReadOnlyList<BidProduct> All { get; } = [Click, ClickCpc, ConversionCpc, ClickCtr, ImpressionCtr];

    /// <summary>The name on the command line.</summary>
    public string Name { get; }

    /// <summary>Whether cost per click is bounded.</summary>
    public bool LimitsCpc { get; }

    /// <summary>Whether CTR is bounded from below.</summary>
    public bool LimitsCtr { get; }

    /// <summary>Number of KPIs.</summary>
    public int KpiCount => LimitsCpc || LimitsCtr ? 1 : 0;

    /// <summary>Whether conversion probabilities are needed.</summary>
    public bool NeedsConversions => _conversions;

    /// <summary>A preset by its name.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static BidProduct ByName(string name) => All.FirstOrDefault(product => product.Name == name)
        ?? throw new ArgumentException(
            $"There is no product '{name}'; there are {string.Join(", ", All.Select(product => product.Name))}.", nameof(name));

    /// <summary>A campaign's goal with this product.</summary>
    /// <param name="budget">Budget of the day.</param>
    /// <param name="cpc">Highest cost per click, where the product bounds it.</param>
    /// <param name="ctr">Lowest CTR, where the product bounds it.</param>
    /// <exception cref="ArgumentOutOfRangeException">A bound that the product needs is not positive and finite.</exception>
    public CampaignGoal Goal(double budget, double cpc = double.NaN, double ctr = double.NaN) => new(budget, Kpis(cpc, ctr));

    /// <summary>What winning one impression is worth: a click's or a conversion's probability, or 1.</summary>
    /// <param name="pctr">Click probability.</param>
    /// <param name="pcvr">Conversion probability of a click; read where the product needs it.</param>
    public double ValueOf(double pctr, double pcvr) => _impressions ? 1 : _conversions ? pctr * pcvr : pctr;

    /// <summary>Columns for this product from predictions and costs per impression.</summary>
    /// <param name="cost">What winning costs.</param>
    /// <param name="pctr">Click probabilities.</param>
    /// <param name="pcvr">Conversion probabilities of clicks; may be empty when the product needs none.</param>
    /// <exception cref="ArgumentException">Columns differ in length, or conversions are needed and missing.</exception>
    public AuctionLog Columns(ReadOnlyMemory<double> cost, ReadOnlyMemory<double> pctr, ReadOnlyMemory<double> pcvr = default)
    {
        ReadOnlyMemory<double> value = pctr;
        if (_conversions)
        {
            if (pcvr.Length != pctr.Length)
                throw new ArgumentException(
                    $"Product '{Name}' needs conversion probabilities: {pctr.Length} of them, not {pcvr.Length}.", nameof(pcvr));
            var product = new double[pctr.Length];
            TensorPrimitives.Multiply(pctr.Span, pcvr.Span, product);
            value = product;
        }
        ReadOnlyMemory<double> ones = _impressions || LimitsCtr ? Ones(pctr.Length) : default;
        if (_impressions)
            value = ones;
        return LimitsCpc ? new AuctionLog(value, cost, [pctr], [default])
            : LimitsCtr ? new AuctionLog(value, cost, [pctr], [ones])
            : new AuctionLog(value, cost, [], []);
    }

    private KpiConstraint[] Kpis(double cpc, double ctr) =>
        LimitsCpc ? [new KpiConstraint("cpc", KpiKind.CostRelated, cpc)]
        : LimitsCtr ? [new KpiConstraint("1/ctr", KpiKind.Other, 1 / ctr)]
        : [];

    private static double[] Ones(int count)
    {
        var ones = new double[count];
        Array.Fill(ones, 1);
        return ones;
    }
}
