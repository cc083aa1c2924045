using System.Text.Json;
using RecallCluster.Numerics;
using RecallCluster.Serving.Experiments;
using RecallCluster.Testing;

namespace RecallCluster.Serving.Tests.Experiments;

/// <summary>Against numpy and scipy: tests/golden/experiments.</summary>
public class StatisticsTests
{
    private static readonly JsonElement Golden = Read();

    [Fact]
    public void Lifts_and_their_intervals_are_those_of_scipy()
    {
        foreach (JsonElement golden in Golden.GetProperty("lifts").EnumerateArray())
        {
            JsonElement expected = golden.GetProperty("expected");
            Lift lift = RatioLift.Of(
                Counts(golden, "y"), Counts(golden, "x"), Counts(golden, "controlY"), Counts(golden, "controlX"))!.Value;

            Assert.Equal(expected.GetProperty("value").GetDouble(), lift.Value, 1e-12);
            // The quantile of this scipy is right to nine digits.
            Assert.Equal(expected.GetProperty("low").GetDouble(), lift.Low, 1e-8);
            Assert.Equal(expected.GetProperty("high").GetDouble(), lift.High, 1e-8);
        }
    }

    [Fact]
    public void P_values_of_sample_ratios_are_those_of_scipy()
    {
        foreach (JsonElement golden in Golden.GetProperty("sampleRatios").EnumerateArray())
        {
            long[][] requests = [.. golden.GetProperty("requests").EnumerateArray().Select(Counts)];
            double expected = golden.GetProperty("expected").GetDouble();

            Assert.Equal(expected, SampleRatio.PValue(requests, Numbers(golden, "weights")), 1e-12);
        }
    }

    [Fact]
    public void Tails_of_chi_square_and_gamma_are_those_of_scipy()
    {
        JsonElement golden = Golden.GetProperty("tails");
        double[] x = Numbers(golden, "x"), degrees = Numbers(golden, "degrees"), tails = Numbers(golden, "chiSquare");
        double[] a = Numbers(golden, "a"), z = Numbers(golden, "z"), gamma = Numbers(golden, "gamma");

        for (int i = 0; i < x.Length; i++)
            Near(tails[i], SpecialFunctions.ChiSquareTail(x[i], (int)degrees[i]));
        for (int i = 0; i < a.Length; i++)
            Near(gamma[i], SpecialFunctions.UpperGamma(a[i], z[i]));
        Assert.Equal(0, SpecialFunctions.UpperGamma(2, double.PositiveInfinity));
        Assert.Throws<ArgumentOutOfRangeException>(() => SpecialFunctions.UpperGamma(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => SpecialFunctions.UpperGamma(1, double.NaN));
    }

    [Fact]
    public void Where_there_is_too_little_to_tell_there_is_no_lift()
    {
        var some = new long[UserSplit.Blocks];
        Array.Fill(some, 2);
        long[] none = new long[UserSplit.Blocks], one = new long[UserSplit.Blocks];
        one[0] = 5;

        Assert.Null(RatioLift.Of(some, some, none, some));
        Assert.Null(RatioLift.Of(some, none, some, some));
        // Without its only block with a click, the control has none.
        Assert.Null(RatioLift.Of(some, some, one, some));
        // None at all would be a loss of everything, and surely.
        Assert.Null(RatioLift.Of(none, some, some, some));
        Assert.Equal(new Lift(0, 0, 0), RatioLift.Of(some, some, some, some));
        Assert.Equal(1, SampleRatio.PValue([none, none], [1, 1]));
    }

    [Theory]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(50)]
    public void A_lift_takes_numerators_of_both_arms_in_enough_blocks(int blocks)
    {
        long[] all = new long[UserSplit.Blocks], few = new long[UserSplit.Blocks];
        Array.Fill(all, 2);
        few.AsSpan(0, blocks).Fill(1);

        Assert.Equal(blocks >= RatioLift.FewestBlocks, RatioLift.Of(few, all, all, all).HasValue);
        Assert.Equal(blocks >= RatioLift.FewestBlocks, RatioLift.Of(all, all, few, all).HasValue);
    }

    [Theory]
    [InlineData(10, 2.2621571628)]
    [InlineData(17, 2.1199052992)]
    [InlineData(31, 2.0422724563)]
    public void Where_few_blocks_have_users_the_interval_has_their_degrees_of_freedom(int blocks, double quantile)
    {
        var random = new SeededRandom(3);
        long[] clicks = new long[UserSplit.Blocks], shown = new long[UserSplit.Blocks];
        for (int b = UserSplit.Blocks - blocks; b < UserSplit.Blocks; b++)
        {
            shown[b] = 50;
            clicks[b] = 1 + random.NextInt(9);
        }
        // Against a control of one half that does not scatter the lift is linear in the clicks: the jackknife is the variance of a mean.
        long[] half = [.. shown.Select(n => n / 2)];
        double[] rates = [.. clicks.Zip(shown).Where(b => b.Second > 0).Select(b => b.First / (0.5 * b.Second))];
        double mean = rates.Average(), variance = rates.Sum(rate => Math.Pow(rate - mean, 2)) / (blocks - 1) / blocks;

        Lift lift = RatioLift.Of(clicks, shown, half, shown)!.Value;

        Assert.Equal(mean - 1, lift.Value, 1e-12);
        Assert.Equal(quantile * Math.Sqrt(variance), lift.High - lift.Value, 1e-9);
    }

    [Fact]
    public void An_arm_that_expects_nothing_has_no_part_in_the_sample_ratio()
    {
        long[] some = new long[UserSplit.Blocks], more = new long[UserSplit.Blocks], none = new long[UserSplit.Blocks];
        Array.Fill(some, 20);
        for (int b = 0; b < more.Length; b++)
            more[b] = 20 + (b % 3);

        Assert.Equal(SampleRatio.PValue([some, more], [1e6, 1e6]), SampleRatio.PValue([some, none, more], [1e6, 5e-324, 1e6]));
        Assert.Equal(1, SampleRatio.PValue([some, none], [1e6, 5e-324]));
    }

    private static JsonElement Read()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("experiments", "statistics.json")));
        return document.RootElement.Clone();
    }

    private static void Near(double expected, double actual) => Assert.Equal(expected, actual, 1e-13 + (1e-12 * expected));

    private static double[] Numbers(JsonElement of, string name) => [.. of.GetProperty(name).EnumerateArray().Select(n => n.GetDouble())];

    private static long[] Counts(JsonElement of, string name) => Counts(of.GetProperty(name));

    private static long[] Counts(JsonElement counts) => [.. counts.EnumerateArray().Select(n => n.GetInt64())];
}
