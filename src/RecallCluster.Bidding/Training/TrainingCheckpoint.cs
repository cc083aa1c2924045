using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Files;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Optimizers;

namespace RecallCluster.Bidding.Training;

/// <summary>What a training of actors keeps in one file to go on later, bit for bit: networks, optimisers, experiences, and how far it came.</summary>
/// <param name="networks">Networks under names of their own.</param>
/// <param name="optimizers">Their optimisers, likewise.</param>
/// <param name="buffer">The experiences.</param>
/// <param name="curve">The validations; replaced by those of the file on loading.</param>
internal sealed class TrainingCheckpoint(
    IReadOnlyList<(string Name, Mlp Network)> networks, IReadOnlyList<(string Name, Adam Optimizer)> optimizers, ExperienceBuffer buffer,
    List<TrainingPoint> curve)
{
    /// <summary>Writes the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="round">Rounds finished.</param>
    /// <param name="more">Adds what only this training has.</param>
    public void Save(string path, int round, Action<SafeTensorsWriter>? more = null)
    {
        var writer = new SafeTensorsWriter();
        foreach ((string name, Mlp network) in networks)
            foreach (Parameter parameter in network.Parameters)
                writer.Add($"{name}.{parameter.Name}", parameter.Value);
        foreach ((string name, Adam optimizer) in optimizers)
            optimizer.Save(writer, name);
        buffer.Save(writer);
        TrainingCurve.Save(writer, round, curve);
        more?.Invoke(writer);
        writer.Save(path);
    }

    /// <summary>Reads the file.</summary>
    /// <returns>Rounds finished.</returns>
    public int Load(string path, Action<SafeTensorsFile>? more = null)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        foreach ((string name, Mlp network) in networks)
            foreach (Parameter parameter in network.Parameters)
                file.Read($"{name}.{parameter.Name}", parameter.Value.Values);
        foreach ((string name, Adam optimizer) in optimizers)
            optimizer.Load(file, name);
        buffer.Load(file);
        more?.Invoke(file);
        return TrainingCurve.Load(file, curve);
    }
}
