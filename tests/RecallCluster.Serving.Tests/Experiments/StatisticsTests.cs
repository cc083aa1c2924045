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
            Assert.Equal(expected.GetProperty("low").GetDouble(), lift.Low, 1e-11);
            Assert.Equal(expected.GetProperty("high").GetDouble(), lift.High, 1e-11);
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
        Assert.Equal(new Lift(0, 0, 0), RatioLift.Of(some, some, some, some));
        Assert.Equal(1, SampleRatio.PValue([none, none], [1, 1]));
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
