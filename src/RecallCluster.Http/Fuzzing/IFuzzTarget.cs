using RecallCluster.Numerics;

namespace RecallCluster.Http.Fuzzing;

/// <summary>Something that reads what strangers send.</summary>
internal interface IFuzzTarget
{
    /// <summary>Its name.</summary>
    string Name { get; }

    /// <summary>An input: a valid one, changed.</summary>
    byte[] Next(SeededRandom random);

    /// <summary>Reads an input, and does with it what is done with it in service.</summary>
    /// <returns>Whether it was accepted; false where it was refused as documented. Any exception is a defect.</returns>
    bool Accepts(byte[] input);
}
