namespace RecallCluster.Learning.Models;

/// <summary>Profiles and behaviour sequences of B users.</summary>
/// <param name="Profiles">Profile codes, [B, fields], row-major.</param>
/// <param name="Places">Places of a padded sequence, at least 1.</param>
/// <param name="Sequences">[B, places], row-major, oldest first: rows of a table of target vectors, -1 behind a sequence's end.</param>
/// <param name="Lengths">[B]: places filled.</param>
public sealed record BehaviourBatch(int[] Profiles, int Places, int[] Sequences, int[] Lengths)
{
    /// <summary>Number of users, B.</summary>
    public int Users => Lengths.Length;
}
