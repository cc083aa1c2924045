namespace RecallCluster.Client;

/// <summary>The front door refused a call, or its answer could not be understood.</summary>
public sealed class RecallException : Exception
{
    /// <summary>A refusal.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="message">What the door said.</param>
    /// <param name="field">The field that it complained about, or null.</param>
    /// <param name="inner">What went wrong in reading the answer, or null.</param>
    public RecallException(int status, string message, string? field = null, Exception? inner = null)
        : base(message, inner)
    {
        Status = status;
        Field = field;
    }

    /// <summary>HTTP status of the answer.</summary>
    public int Status { get; }

    /// <summary>Path of the field that the door complained about, or null.</summary>
    public string? Field { get; }

    /// <summary>Whether the door is overloaded or not ready, so that a later attempt may succeed.</summary>
    public bool IsTransient => Status is 429 or 502 or 503 or 504;
}
