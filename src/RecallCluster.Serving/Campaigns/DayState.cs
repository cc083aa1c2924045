using System.Text.Json.Serialization;
using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Goals;

namespace RecallCluster.Serving.Campaigns;

/// <summary>A campaign's day as its snapshot keeps it: all that its controller was told, so that a new one can be told it again.</summary>
internal sealed class DayState
{
    /// <summary>The day, in the campaign's time zone.</summary>
    public required DateOnly Date { get; init; }

    /// <summary>First instant that can be spent in: the day's, the flight's, or when the campaign was made.</summary>
    public required DateTimeOffset Start { get; init; }

    /// <summary>First instant after it.</summary>
    public required DateTimeOffset End { get; init; }

    /// <summary>Share of expected auctions before each tick, and 1 at the end.</summary>
    public required double[] Elapsed { get; init; }

    /// <summary>Budget that the controller was made for.</summary>
    public required double GoalBudget { get; set; }

    /// <summary>Weights that the controller was made with.</summary>
    public required double[] StartWeights { get; set; }

    /// <summary>
    /// What a controller could know as the day began, for whoever plays the day again; null where an older program began it.
    /// </summary>
    public DayStart? First { get; set; }

    /// <summary>Weights in force.</summary>
    public required double[] Weights { get; set; }

    /// <summary>The last tick decided; -1 before the first.</summary>
    public int Tick { get; set; } = -1;

    /// <summary>Sums up to the last tick.</summary>
    public SumsState Total { get; set; } = SumsState.Zero;

    /// <summary>Sums since then.</summary>
    public SumsState Pending { get; set; } = SumsState.Zero;

    /// <summary>What the controller was told.</summary>
    [JsonRequired]
    public List<TickInput> Inputs { get; init; } = [];

    /// <summary>Sampled auctions since the last tick.</summary>
    [JsonRequired]
    public List<SampleChunk> Open { get; init; } = [];

    /// <summary>Sampled auctions that the controller was not told of, because it came after them.</summary>
    [JsonRequired]
    public List<SampleChunk> Earlier { get; init; } = [];

    /// <summary>Auctions by tick.</summary>
    public required long[] AuctionsByTick { get; init; }

    /// <summary>The day's history.</summary>
    [JsonRequired]
    public List<CampaignTick> History { get; init; } = [];

    /// <exception cref="InvalidDataException">Its parts contradict each other: no program wrote it.</exception>
    public void Check()
    {
        int ticks = Elapsed.Length - 1;
        if (ticks < 1 || AuctionsByTick.Length != ticks || Tick < -1 || Tick >= ticks)
            throw new InvalidDataException($"A day of {ticks} ticks has auctions of {AuctionsByTick.Length}, and the last was {Tick}.");
        if (Inputs.Exists(input => input.Tick < 0 || input.Tick >= ticks || !input.Total.IsWhole || !input.Last.IsWhole)
            || !Total.IsWhole || !Pending.IsWhole)
            throw new InvalidDataException("A day's sums or ticks contradict each other.");
        First?.Check();
    }
}

/// <summary>What a controller was told at a tick.</summary>
/// <param name="Tick">Number of the tick.</param>
/// <param name="Budget">What the day is to spend.</param>
/// <param name="Total">Sums since the day began.</param>
/// <param name="Last">Sums since the last tick.</param>
/// <param name="Weights">Weights in force until then.</param>
/// <param name="Observed">Auctions since the last tick.</param>
internal sealed record TickInput(int Tick, double Budget, SumsState Total, SumsState Last, double[] Weights, List<SampleChunk> Observed);

/// <summary>A past day's auctions.</summary>
/// <param name="Chunks">The sample.</param>
/// <param name="AuctionsByTick">Auctions by tick; null when only part of the day was seen.</param>
/// <param name="First">What its controller began with; null where an older program kept it.</param>
internal sealed record PastDay(List<SampleChunk> Chunks, long[]? AuctionsByTick = null, DayStart? First = null);

/// <summary>What a controller begins a day with. Weights that came later are learned from the day: they would judge it by hindsight.</summary>
/// <param name="Product">The product that is bought.</param>
/// <param name="Weights">Bid weights: w0, then one for each KPI.</param>
/// <param name="Budget">What the day, or the part of it that there is, is to spend, in units of the currency.</param>
internal sealed record DayStart(string Product, double[] Weights, double Budget)
{
    /// <exception cref="InvalidDataException">There are no such weights.</exception>
    public void Check() => FiniteWeights.Read(Weights);
}

/// <summary><see cref="TickSums"/> as a value that can be kept.</summary>
internal sealed record SumsState(long Auctions, long Wins, double Spent, double Value, double[] Numerators, double[] Denominators)
{
    public static SumsState Zero { get; } = new(0, 0, 0, 0, [], []);

    /// <summary>Whether every numerator has its denominator.</summary>
    [JsonIgnore]
    public bool IsWhole => Numerators.Length == Denominators.Length;

    /// <summary>These sums and others.</summary>
    public SumsState Plus(SumsState other) => new(
        Auctions + other.Auctions,
        Wins + other.Wins,
        Spent + other.Spent,
        Value + other.Value,
        Plus(Numerators, other.Numerators),
        Plus(Denominators, other.Denominators));

    public TickSums ToSums()
    {
        var sums = new TickSums { Auctions = Auctions, Wins = Wins, Spent = Spent, Value = Value };
        for (int j = 0; j < Math.Min(Numerators.Length, KpiValues.MaxCount); j++)
            sums.AddKpi(j, Numerators[j], Denominators[j]);
        return sums;
    }

    private static double[] Plus(double[] a, double[] b)
    {
        var sum = new double[Math.Max(a.Length, b.Length)];
        for (int j = 0; j < sum.Length; j++)
            sum[j] = (j < a.Length ? a[j] : 0) + (j < b.Length ? b[j] : 0);
        return sum;
    }
}
