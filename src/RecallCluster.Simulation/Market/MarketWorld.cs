using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using RecallCluster.Bidding.Auctions;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;

namespace RecallCluster.Simulation.Market;

/// <summary>
/// Users and ads with latent factors, so that every click's and conversion's true probability is known, a model that is wrong about them in
/// a chosen way, and rivals outside. Equal options and seed give an equal world and equal auctions, in whatever order and on however many
/// threads the blocks of a day are generated: each has its own stream of chance.
/// </summary>
/// <remarks>
/// <code>
///  true click logit      = ClickLogit + campaign + user . ad + swing(hour) + day
///  predicted click logit = ClickLogit + campaign + user . ad + swing(hour) + day + log bias(campaign) + noise(user, ad)
///  conversions likewise, without swing, bias and noise
/// </code>
/// </remarks>
public sealed class MarketWorld
{
    private const int NoiseValues = 8192;
    private const double PeakHour = 18;
    private const double SecondsPerDay = 86_400;
    private const double MicrosPerUnit = Micros.PerUnit;

    private readonly SeededRandom _random;
    private readonly float[] _userClicks, _userConversions, _noise;
    private readonly int[] _segmentOfUser;
    private readonly MarketSegment[] _segments;
    private readonly double[] _trafficShare;

    /// <summary>Draws a world.</summary>
    /// <exception cref="ArgumentException">An option is not as its description says; the message names it.</exception>
    public MarketWorld(MarketOptions options, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        options.Check();
        Options = options;
        _random = random.Split(0);
        double userSpread = options.AffinitySpread / Math.Sqrt(MarketSegment.Dimensions);
        _userClicks = Normals(options.Users * MarketSegment.Dimensions, userSpread, random);
        _userConversions = Normals(options.Users * MarketSegment.Dimensions, userSpread, random);
        _segmentOfUser = [.. Enumerable.Range(0, options.Users).Select(_ => random.NextInt(options.Segments))];
        _segments = DrawSegments(options, random);
        WidestSegment = _segments.Max(segment => segment.Padded);
        _noise = Normals(NoiseValues + WidestSegment, options.ModelNoise, random);
        double traffic = options.TrafficByHour.Sum();
        int ticksPerHour = options.TicksPerDay / MarketOptions.Hours;
        _trafficShare = [.. Enumerable.Range(0, options.TicksPerDay).Select(
            tick => options.TrafficByHour[tick / ticksPerHour] / traffic / ticksPerHour)];
    }

    /// <summary>What it was made with.</summary>
    public MarketOptions Options { get; }

    internal int WidestSegment { get; }

    /// <summary>Slots of an auction.</summary>
    internal int Slots => Options.PositionFactors.Count;

    internal IReadOnlyList<MarketSegment> Segments => _segments;

    /// <summary>Share of an average day's auctions that a tick has.</summary>
    public double TrafficShare(int tick) => _trafficShare[tick];

    /// <summary>Whether a campaign may bid for a user.</summary>
    public bool Targets(int campaign, int user) => Array.IndexOf(_segments[_segmentOfUser[user]].Campaigns, campaign) >= 0;

    /// <summary>True probability that a user clicks on a campaign's ad in the best slot, at an hour of a day.</summary>
    /// <exception cref="ArgumentException">The campaign does not target the user.</exception>
    public double ClickProbability(int user, int campaign, int day, double hour)
    {
        MarketSegment segment = _segments[_segmentOfUser[user]];
        int position = Array.IndexOf(segment.Campaigns, campaign);
        return position < 0
            ? throw new ArgumentException($"Campaign {campaign} does not target user {user}.", nameof(campaign))
            : TrueClick(user, position, (float)(Conditions(day).Click + (Options.ClickSwing * Swing(hour))));
    }

    internal MarketSegment SegmentOf(int user) => _segments[_segmentOfUser[user]];

    internal int SegmentIndexOf(int user) => _segmentOfUser[user];

    internal double TrueClick(int user, int position, float shift)
    {
        MarketSegment segment = SegmentOf(user);
        return Sigmoid(segment.ClickLogits[position] + shift + Affinity(_userClicks, user, segment.ClickFactors, segment.Padded, position));
    }

    internal double TrueConversion(int user, int position)
    {
        MarketSegment segment = SegmentOf(user);
        return Sigmoid(
            segment.ConversionLogits[position] + Affinity(_userConversions, user, segment.ConversionFactors, segment.Padded, position));
    }

    /// <summary>Auctions of a tick.</summary>
    internal int AuctionsOf(int day, int tick) => (int)Math.Round(Options.AuctionsPerDay * Conditions(day).Traffic * _trafficShare[tick]);

    /// <summary>Fills a block with auctions <c>index * Capacity</c> and following of a tick.</summary>
    internal void Generate(int day, int tick, int index, AuctionBlock block)
    {
        int first = index * AuctionBlock.Capacity, auctions = AuctionsOf(day, tick);
        DayConditions conditions = Conditions(day);
        double hour = (tick + 0.5) * MarketOptions.Hours / Options.TicksPerDay;
        double tickSeconds = SecondsPerDay / Options.TicksPerDay;
        double price = MicrosPerUnit * conditions.Price * Math.Exp(Options.PriceSwing * Swing(hour));
        SeededRandom random = _random.Split(StreamOf(day, tick, index));
        block.Count = Math.Min(AuctionBlock.Capacity, auctions - first);
        block.ClickShift = (float)(conditions.Click + (Options.ClickSwing * Swing(hour)));
        for (int i = 0; i < block.Count; i++)
        {
            int user = random.NextInt(_segmentOfUser.Length);
            block.Users[i] = user;
            block.Seconds[i] = (day * SecondsPerDay) + (tickSeconds * (tick + ((first + i + 0.5) / auctions)));
            DrawSlot(block, i * block.Slots, price, random);
            Predict(user, block.ClickShift, block.Clicks.AsSpan(i * block.Stride), block.Conversions.AsSpan(i * block.Stride));
        }
        DrawFurtherSlots(day, tick, index, price, block);
    }

    // Further slots have a stream of their own: what happens in the first does not depend on how many there are.
    private void DrawFurtherSlots(int day, int tick, int index, double price, AuctionBlock block)
    {
        if (block.Slots == 1)
            return;
        SeededRandom random = _random.Split((1UL << 63) | StreamOf(day, tick, index));
        for (int place = 0; place < block.Count * block.Slots; place++)
            if (place % block.Slots > 0)
                DrawSlot(block, place, price, random);
    }

    private void DrawSlot(AuctionBlock block, int place, double price, SeededRandom random)
    {
        block.Rivals[place] = (long)Math.Min(price * Options.Landscape.Draw(random), AuctionBid.MaxBid.Value);
        block.ClickDraws[place] = random.NextDouble();
        block.ConversionDraws[place] = random.NextDouble();
    }

    private DayConditions Conditions(int day)
    {
        SeededRandom random = _random.Split(ulong.MaxValue - (ulong)day);
        return new DayConditions(
            Math.Exp(Options.PriceDayDeviation * random.NextGaussian()),
            Math.Exp(Options.TrafficDayDeviation * random.NextGaussian()),
            Options.ClickDayDeviation * random.NextGaussian());
    }

    private void Predict(int user, float shift, Span<float> clicks, Span<float> conversions)
    {
        MarketSegment segment = SegmentOf(user);
        ref float userClick = ref _userClicks[user * MarketSegment.Dimensions];
        ref float userConversion = ref _userConversions[user * MarketSegment.Dimensions];

        // A user's run of the noise begins anywhere in the table (multiplicative hashing), so that errors of neighbours are unrelated.
        int noise = (int)(((uint)user * 2_654_435_761u) >> 8) % NoiseValues;
        for (int i = 0; i < segment.Padded; i += MarketSegment.Lanes)
        {
            Vector256<float> click = Load(segment.ClickLogits, i) + Load(segment.LogBiases, i) + Load(_noise, noise + i)
                + Vector256.Create(shift);
            Vector256<float> conversion = Load(segment.ConversionLogits, i);
            for (int d = 0; d < MarketSegment.Dimensions; d++)
            {
                click = Vector256.FusedMultiplyAdd(
                    Vector256.Create(Unsafe.Add(ref userClick, d)), Load(segment.ClickFactors, (d * segment.Padded) + i), click);
                conversion = Vector256.FusedMultiplyAdd(
                    Vector256.Create(Unsafe.Add(ref userConversion, d)), Load(segment.ConversionFactors, (d * segment.Padded) + i),
                    conversion);
            }
            Sigmoid(click).CopyTo(clicks[i..]);
            Sigmoid(conversion).CopyTo(conversions[i..]);
        }
    }

    private static ulong StreamOf(int day, int tick, int index) => ((ulong)day << 32) | ((ulong)tick << 20) | (uint)index;

    private static double Swing(double hour) => Math.Cos(2 * Math.PI * (hour - PeakHour) / MarketOptions.Hours);

    private static Vector256<float> Load(float[] values, int start) =>
        Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(values), (nuint)start);

    private static Vector256<float> Sigmoid(Vector256<float> logit) =>
        Vector256<float>.One / (Vector256<float>.One + Vector256.Exp(-logit));

    private static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));

    private static double Affinity(float[] users, int user, float[] factors, int padded, int position)
    {
        double sum = 0;
        for (int d = 0; d < MarketSegment.Dimensions; d++)
            sum += users[(user * MarketSegment.Dimensions) + d] * (double)factors[(d * padded) + position];
        return sum;
    }

    private static float[] Normals(int count, double spread, SeededRandom random)
    {
        var values = new float[count];
        Draw.Normal(random, values, spread);
        return values;
    }

    private static MarketSegment[] DrawSegments(MarketOptions options, SeededRandom random)
    {
        var campaignsOf = new List<int>[options.Segments];
        for (int s = 0; s < campaignsOf.Length; s++)
            campaignsOf[s] = [];
        int[] order = [.. Enumerable.Range(0, options.Segments)];
        for (int campaign = 0; campaign < options.Campaigns; campaign++)
        {
            random.Shuffle(order.AsSpan());
            foreach (int segment in order.AsSpan(0, options.SegmentsPerCampaign))
                campaignsOf[segment].Add(campaign);
        }
        MarketSegment[] segments = Array.ConvertAll(campaignsOf, campaigns => new MarketSegment([.. campaigns]));
        for (int campaign = 0; campaign < options.Campaigns; campaign++)
        {
            float[] click = Normals(MarketSegment.Dimensions, 1, random), conversion = Normals(MarketSegment.Dimensions, 1, random);
            double clickLogit = options.ClickLogit + (options.CampaignSpread * random.NextGaussian());
            double conversionLogit = options.ConversionLogit + (options.CampaignSpread * random.NextGaussian());
            double drawn = (options.CampaignBias * random.NextGaussian()) + Math.Log(options.OverallBias);
            double logBias = options.BiasOfCampaign.TryGetValue(campaign, out double chosen) ? Math.Log(chosen) : drawn;
            foreach (MarketSegment segment in segments)
            {
                int position = Array.IndexOf(segment.Campaigns, campaign);
                if (position < 0)
                    continue;
                segment.ClickLogits[position] = (float)clickLogit;
                segment.ConversionLogits[position] = (float)conversionLogit;
                segment.LogBiases[position] = (float)logBias;
                for (int d = 0; d < MarketSegment.Dimensions; d++)
                {
                    segment.ClickFactors[(d * segment.Padded) + position] = click[d];
                    segment.ConversionFactors[(d * segment.Padded) + position] = conversion[d];
                }
            }
        }
        return segments;
    }

    /// <summary>What a day has of its own: factors on prices and traffic, a shift of the click logit.</summary>
    private readonly record struct DayConditions(double Price, double Traffic, double Click);
}
