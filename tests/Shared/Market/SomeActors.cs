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

    private static Dictionary<string, byte[]> Steady(float drive)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("actors");
        try
        {
            TrainedActor shipped = TrainedActor.Load(Path.Combine(ControllerCatalogue.ShippedActors, Stem));
            int inputs = shipped.Network.Inputs, outputs = shipped.Network.Outputs;
            string path = Path.Combine(folder.FullName, Stem);
            var biases = new float[outputs];
            Array.Fill(biases, drive);
            var writer = new SafeTensorsWriter();
            writer.Add("actor.0.weight", Tensor.From(new float[outputs * inputs], new Shape(outputs, inputs)));
            writer.Add("actor.0.bias", Tensor.From(biases, new Shape(outputs)));
            writer.Save(path + TrainedActor.WeightsExtension);
            using var file = SafeTensorsFile.Open(path + TrainedActor.WeightsExtension);
            new TrainedActor(shipped.Config with { Widths = [inputs, outputs] }, ActorNetwork.Load(file, [inputs, outputs])).Save(path);
            return Read(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Dictionary<string, byte[]> Read(string folder) =>
        Directory.GetFiles(folder, Stem + ".*").ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);
}
