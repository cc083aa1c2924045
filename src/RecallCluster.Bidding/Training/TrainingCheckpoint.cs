using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Files;
using RecallCluster.Learning.Layers;
using RecallCluster.Learning.Optimizers;

namespace RecallCluster.Bidding.Training;

/// <summary>
/// What a training of actors keeps in one file to go on later, bit for bit: networks, optimisers, experiences, and how far it came.
/// </summary>
/// <param name="origin">What the training was begun with (<see cref="TrainingOrigin"/>).</param>
/// <param name="networks">Networks under names of their own.</param>
/// <param name="optimizers">Their optimisers, likewise.</param>
/// <param name="parts">The experiences, and what else there is.</param>
/// <param name="curve">The validations; replaced by those of the file on loading.</param>
internal sealed class TrainingCheckpoint(
    long origin, IReadOnlyList<(string Name, Mlp Network)> networks, IReadOnlyList<(string Name, Adam Optimizer)> optimizers,
    IReadOnlyList<ICheckpointPart> parts, List<TrainingPoint> curve)
{
    private const string Origin = "origin";

    /// <summary>Writes the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="round">Rounds finished.</param>
    public void Save(string path, int round)
    {
        var writer = new SafeTensorsWriter();
        writer.Add(Origin, new[] { origin }, 1);
        foreach ((string name, Mlp network) in networks)
            foreach (Parameter parameter in network.Parameters)
                writer.Add($"{name}.{parameter.Name}", parameter.Value);
        foreach ((string name, Adam optimizer) in optimizers)
            optimizer.Save(writer, name);
        foreach (ICheckpointPart part in parts)
            part.Save(writer);
        TrainingCurve.Save(writer, round, curve);
        writer.Save(path);
    }

    /// <summary>Reads the file.</summary>
    /// <returns>Rounds finished.</returns>
    /// <exception cref="InvalidDataException">It is broken, or of a training on other days or with another seed.</exception>
    public int Load(string path)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        if (!file.ReadIntegers(Origin).SequenceEqual([origin]))
            throw new InvalidDataException(
                $"{path}: the checkpoint is of a training on other days or with another seed; this one cannot go on from it. "
                    + "Write to another folder, or delete it.");
        foreach ((string name, Mlp network) in networks)
            foreach (Parameter parameter in network.Parameters)
                file.Read($"{name}.{parameter.Name}", parameter.Value.Values);
        foreach ((string name, Adam optimizer) in optimizers)
            optimizer.Load(file, name);
        foreach (ICheckpointPart part in parts)
            part.Load(file);
        return TrainingCurve.Load(file, curve);
    }
}
