using RecallCluster.Numerics;

namespace RecallCluster.Simulation.Traffic;

/// <summary>
/// Draws a day's requests: when they come, from whom, where, and what rivals offer. Each has a stream of chance of its own.
/// </summary>
internal sealed class TrafficSchedule
{
    private const int Publishers = 12;
    private const double TrafficSwing = 0.55;
    private const double TrafficPeak = 20;
    private const double RivalPeak = 21;
    private const double LogitPeak = 13;

    private static readonly string[] Countries = ["DEU", "FRA", "ITA", "ESP", "NLD", "POL"];
    private static readonly float[] CountryShares = Draw.Cumulate([0.3, 0.22, 0.16, 0.14, 0.1, 0.08]);
    private static readonly float[] DeviceShares = Draw.Cumulate([0.62, 0.26, 0.08, 0.04]);

    private readonly TrafficOptions _options;
    private readonly int _users;
    private readonly SeededRandom _random;
    private readonly double[] _publisherLevels;
    private readonly float[] _slotShares;
    private readonly float[] _publisherShares = Draw.Cumulate([.. Enumerable.Range(1, Publishers).Select(rank => 1.0 / rank)]);

    public TrafficSchedule(TrafficOptions options, int users, SeededRandom random)
    {
        (_options, _users, _random) = (options, users, random);
        _slotShares = Draw.Cumulate([.. options.SlotShares]);
        SeededRandom levels = random.Split(0);
        _publisherLevels = [.. Enumerable.Range(0, Publishers).Select(_ => Math.Exp(options.PublisherSpread * levels.NextGaussian()))];
    }

    /// <summary>Expected requests of each hour, as shares of the day.</summary>
    public static double[] HourShares { get; } = [.. Enumerable.Range(0, 24).Select(h => TrafficBefore(h + 1) - TrafficBefore(h))];

    /// <summary>What the hour adds to the logit of a click.</summary>
    public double ClickEffectAt(TimeSpan time) => _options.ClickSwing * Swing(time, LogitPeak);

    /// <summary>What the day adds to the logit of a click.</summary>
    public double ClickEffectOf(int day) => _options.DayDeviation * DayStream(day).Split(1).NextGaussian();

    public TrafficRequest[] Day(int day)
    {
        SeededRandom stream = DayStream(day);
        double level = _options.RivalEcpm * Math.Exp(_options.DayDeviation * stream.Split(0).NextGaussian());
        SeededRandom requests = stream.Split(2);
        var drawn = new TrafficRequest[_options.RequestsPerDay];
        for (int i = 0; i < drawn.Length; i++)
            drawn[i] = Request(day, i, level, requests.Split((ulong)i));
        return drawn;
    }

    private SeededRandom DayStream(int day) => _random.Split(1 + (ulong)day);

    private TrafficRequest Request(int day, int number, double level, SeededRandom random)
    {
        // One request in each N-th of the day's traffic: random within it, and in order.
        TimeSpan time = TimeOf((number + random.NextDouble()) / _options.RequestsPerDay);
        int user = random.NextInt(_users), publisher = Draw.Index(random, _publisherShares);
        double rivals = level * _publisherLevels[publisher] * Math.Exp(_options.RivalSwing * Swing(time, RivalPeak));
        var device = (TrafficDevice)Draw.Index(random, DeviceShares);
        var floors = new double[1 + Draw.Index(random, _slotShares)];
        for (int slot = 0; slot < floors.Length; slot++)
            floors[slot] = rivals * Math.Exp(_options.RivalSpread * random.NextGaussian());
        return new TrafficRequest(
            day, number, time, user,
            Countries[Draw.Index(_random.Split(~(ulong)user), CountryShares)],
            device,
            $"news{publisher + 1}.example",
            floors);
    }

    private static double Swing(TimeSpan time, double peak) => Math.Cos(2 * Math.PI * (time.TotalHours - peak) / 24);

    /// <summary>Share of the day's traffic before an hour: the integral of 1 + s cos(2 pi (h - peak) / 24).</summary>
    private static double TrafficBefore(double hour) =>
        ((hour / 24) + (TrafficSwing / (2 * Math.PI)
            * (Math.Sin(2 * Math.PI * (hour - TrafficPeak) / 24) + Math.Sin(2 * Math.PI * TrafficPeak / 24))));

    /// <summary>The time before which a share of the day's traffic comes, by bisection to the tick.</summary>
    private static TimeSpan TimeOf(double share)
    {
        long low = 0, high = TimeSpan.TicksPerDay - 1;
        while (low < high)
        {
            long middle = low + ((high - low) / 2);
            if (TrafficBefore((double)middle / TimeSpan.TicksPerHour) < share)
                low = middle + 1;
            else
                high = middle;
        }
        return new TimeSpan(low);
    }
}
