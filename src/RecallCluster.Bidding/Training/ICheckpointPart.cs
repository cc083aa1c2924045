using RecallCluster.Learning.Files;

namespace RecallCluster.Bidding.Training;

/// <summary>Something that a training keeps in its checkpoint beside networks and optimisers.</summary>
internal interface ICheckpointPart
{
    /// <summary>Adds its tensors.</summary>
    void Save(SafeTensorsWriter writer);

    /// <summary>Takes its tensors back.</summary>
    /// <exception cref="InvalidDataException">They do not fit.</exception>
    void Load(SafeTensorsFile file);
}
