using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Cli.Tests;

public class JsonOutputTests
{
    private enum Kind
    {
        TwoTower,
    }

    [Fact]
    public void Documents_are_camel_case_without_noise_digits_and_without_what_json_does_not_have()
    {
        using var writer = new StringWriter();

        JsonOutput.Write(
            writer,
            new { RelativeRecall = 0.1 + 0.2, Missing = double.NaN, Single = 0.1f, Kind = Kind.TwoTower, None = (int?)null, Big = 1e6 });

        Assert.Equal(
            """{ "relativeRecall": 0.3, "missing": null, "single": 0.1, "kind": "twoTower", "none": null, "big": 1000000 }""",
            string.Join(' ', writer.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
    }
}
