namespace RecallCluster.Serving;

/// <summary>What a request says about its user.</summary>
public sealed record UserFeatures
{
    /// <summary>Id of the user, or null. A user that nobody knows has a profile of unknown codes and an empty sequence.</summary>
    public string? Id { get; init; }

    /// <summary>
    /// Profile: a code or a label by field name; null takes what is known of <see cref="Id"/>. A field that is not named is unknown.
    /// </summary>
    public IReadOnlyDictionary<string, ProfileValue>? Profile { get; init; }

    /// <summary>
    /// Ids of the ads that the user acted on, oldest first; null takes what is known of <see cref="Id"/>. Unknown ids are left out and
    /// counted; of a sequence longer than the model's limit the newest are used.
    /// </summary>
    public IReadOnlyList<string>? Sequence { get; init; }

    /// <summary>
    /// Ids of ads that the user acted on after all of <see cref="Sequence"/>, oldest first: what the user store saw live.
    /// </summary>
    internal IReadOnlyList<string> Recent { get; init; } = [];
}

/// <summary>The value of a field of a profile, or of an ad's side information: its code, or what the code stands for.</summary>
/// <param name="Code">The code, when <paramref name="Label"/> is null.</param>
/// <param name="Label">The label, or null.</param>
public readonly record struct ProfileValue(int Code, string? Label)
{
    /// <summary>A value given by its code.</summary>
    public static ProfileValue OfCode(int code) => new(code, null);

    /// <summary>A value given by its label.</summary>
    public static ProfileValue OfLabel(string label) => new(0, label);
}
