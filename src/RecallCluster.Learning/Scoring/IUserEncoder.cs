namespace RecallCluster.Learning.Scoring;

/// <summary>
/// Turns a user's profile and behaviour sequence into the prepared user state that a scorer of the same model reads. Once a request; the
/// scorers then need neither the model nor the sequence. Thread-safe.
/// </summary>
public interface IUserEncoder
{
    /// <summary>Number of floats of a state.</summary>
    int UserStateLength { get; }

    /// <summary>Number of profile fields.</summary>
    int ProfileFieldCount { get; }

    /// <summary>Most behaviours that are looked at.</summary>
    int SequenceLimit { get; }

    /// <summary>Computes a user's state.</summary>
    /// <param name="profile">A code for each profile field; 0 for unknown. An unknown user has all codes 0.</param>
    /// <param name="behaviour">
    /// Rows of the encoder's table of target vectors, oldest first. It may be empty; of more than <see cref="SequenceLimit"/> the newest
    /// count; an ad that comes twice counts twice.
    /// </param>
    /// <param name="state">Receives <see cref="UserStateLength"/> floats.</param>
    /// <exception cref="ArgumentException">There is not one code a field, or <paramref name="state"/> is too short.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A code is not one of its field's, or a behaviour is no row of the table.</exception>
    void Encode(ReadOnlySpan<int> profile, ReadOnlySpan<int> behaviour, Span<float> state);
}
