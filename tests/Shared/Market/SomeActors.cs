using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Learning.Files;
using RecallCluster.Learning.Tensors;

namespace RecallCluster.Serving.Tests.Market;

/// <summary>Files of actors to roll out.</summary>
internal static class SomeActors
{
    /// <summary>The actor that they are of.</summary>
    public const string Stem = "uscb-click-cpc";

    /// <summary>The factor by which <see cref="Rising"/> raises w0 at every tick.</summary>
    public static double Rise { get; } = Math.Exp(0.5 * Math.Tanh(Drive));

    private const float Drive = 5;

    /// <summary>Those that come with the program.</summary>
    public static Dictionary<string, byte[]> Shipped() => Read(ControllerCatalogue.ShippedActors);

    /// <summary>Raises bids as far as it can at every tick, whatever happens.</summary>
    public static Dictionary<string, byte[]> Rising() => Steady(Drive);

    /// <summary>Lowers bids until nothing is won.</summary>
    public static Dictionary<string, byte[]> Sinking() => Steady(-Drive);

    /// <summary>Decides on weights that are no numbers: what its last layer adds up is infinite, one way and the other.</summary>
    public static Dictionary<string, byte[]> Overflowing() => Of((inputs, outputs) =>
    [
        new Layer(new float[2 * inputs], [float.MaxValue, float.MaxValue], [0, 0]),
        new Layer([.. Enumerable.Range(0, 2 * outputs).Select(i => i % 2 == 0 ? float.MaxValue : -float.MaxValue)], new float[outputs], []),
    ]);

    private static Dictionary<string, byte[]> Steady(float drive) => Of(
        (inputs, outputs) => [new Layer(new float[outputs * inputs], [.. Enumerable.Repeat(drive, outputs)], [])]);

    private static Dictionary<string, byte[]> Of(Func<int, int, Layer[]> layersOf)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("actors");
        try
        {
            TrainedActor shipped = TrainedActor.Load(Path.Combine(ControllerCatalogue.ShippedActors, Stem));
            List<int> widths = [shipped.Network.Inputs];
            var writer = new SafeTensorsWriter();
            foreach (Layer layer in layersOf(shipped.Network.Inputs, shipped.Network.Outputs))
            {
                string name = $"actor.{widths.Count - 1}";
                int width = layer.Biases.Length;
                writer.Add($"{name}.weight", Tensor.From(layer.Weights, new Shape(width, widths[^1])));
                writer.Add($"{name}.bias", Tensor.From(layer.Biases, new Shape(width)));
                if (layer.Slopes.Length > 0)
                    writer.Add($"{name}.slope", Tensor.From(layer.Slopes, new Shape(width)));
                widths.Add(width);
            }
            string path = Path.Combine(folder.FullName, Stem);
            writer.Save(path + TrainedActor.WeightsExtension);
            using var file = SafeTensorsFile.Open(path + TrainedActor.WeightsExtension);
            new TrainedActor(shipped.Config with { Widths = widths }, ActorNetwork.Load(file, widths)).Save(path);
            return Read(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Dictionary<string, byte[]> Read(string folder) =>
        Directory.GetFiles(folder, Stem + ".*").ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);

    private sealed record Layer(float[] Weights, float[] Biases, float[] Slopes);
}
