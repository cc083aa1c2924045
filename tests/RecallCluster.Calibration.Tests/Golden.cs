using System.Text.Json;

namespace RecallCluster.Calibration.Tests;

/// <summary>Golden files under tests/golden/calibration, made by make_golden.py there.</summary>
internal static class Golden
{
    public static JsonElement Read(string name)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "tests", "golden", "calibration", name + ".json");
            if (File.Exists(path))
            {
                using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
                return document.RootElement.Clone();
            }
        }
        throw new FileNotFoundException($"tests/golden/calibration/{name}.json is in no folder above {AppContext.BaseDirectory}.");
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
