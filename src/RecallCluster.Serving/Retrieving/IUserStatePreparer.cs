namespace RecallCluster.Serving;

/// <summary>Turns a user's features into the state that the shards' scorers read. Thread-safe.</summary>
public interface IUserStatePreparer
{
    /// <summary>Computes the state.</summary>
    /// <exception cref="InvalidRequestException">A profile field does not exist or its value is not one of the field's.</exception>
    PreparedUser Prepare(UserFeatures user);
}

/// <summary>A user as the scorers see it.</summary>
/// <param name="State">The prepared state, as long as the scorers' user state.</param>
/// <param name="Behaviour">Ids of the ads that the behaviour counted by, oldest first.</param>
/// <param name="Reading">How the features were understood.</param>
public sealed record PreparedUser(ReadOnlyMemory<float> State, IReadOnlyList<string> Behaviour, UserReading Reading);
