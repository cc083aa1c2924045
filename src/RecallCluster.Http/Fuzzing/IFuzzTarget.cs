using RecallCluster.Numerics;

namespace RecallCluster.Http.Fuzzing;

/// <summary>Something that reads what strangers send, or what stands in files.</summary>
internal interface IFuzzTarget
{
    /// <summary>Its name.</summary>
    string Name { get; }

    /// <summary>How many inputs of other targets one of its inputs takes the time of, about; it gets as many fewer.</summary>
    int Cost => 1;

    /// <summary>An input: a valid one, changed.</summary>
    byte[] Next(SeededRandom random);

    /// <summary>Reads an input, and does with it what is done with it in service.</summary>
    /// <returns>Whether it was accepted; false where it was refused as documented. Any exception is a defect.</returns>
    bool Accepts(byte[] input);
}
