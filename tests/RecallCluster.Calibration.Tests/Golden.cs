using System.Text.Json;
using RecallCluster.Testing;

namespace RecallCluster.Calibration.Tests;

/// <summary>Golden files under tests/golden/calibration, made by make_golden.py there.</summary>
internal static class Golden
{
    public static JsonElement Read(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("calibration", name + ".json")));
        return document.RootElement.Clone();
    }

    public static double[] Numbers(this JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(n => n.GetDouble())];

    public static byte[] Labels(this JsonElement element, string name) => [.. element.Numbers(name).Select(n => (byte)n)];

    public static double Number(this JsonElement element, string name) => element.GetProperty(name).GetDouble();

    public static void Close(double expected, double actual, double tolerance = 1e-12)
    {
        Assert.True(Math.Abs(expected - actual) <= tolerance * Math.Max(1, Math.Abs(expected)), $"expected {expected:R}, got {actual:R}");
    }
}
