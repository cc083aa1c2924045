namespace RecallCluster.Serving;

/// <summary>
/// A request makes no sense. It names the field as the request does, e.g. <c>user.profile.gender</c>, and says what is wrong with it.
/// </summary>
public sealed class InvalidRequestException : ArgumentException
{
    /// <summary>A complaint about <paramref name="field"/>.</summary>
    /// <param name="field">Path of the field in the request.</param>
    /// <param name="reason">What is wrong, in words that whoever sent it can act on.</param>
    public InvalidRequestException(string field, string reason)
        : base($"{field}: {reason}")
    {
        Field = field;
        Reason = reason;
    }

    /// <summary>Path of the field in the request.</summary>
    public string Field { get; }

    /// <summary>What is wrong with it.</summary>
    public string Reason { get; }
}
