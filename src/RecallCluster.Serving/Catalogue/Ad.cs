namespace RecallCluster.Serving.Catalogue;

/// <summary>An ad as it can be shown.</summary>
public sealed record Ad
{
    /// <summary>The ad, as indexes and data sets name it.</summary>
    public required string Id { get; init; }

    /// <summary>The campaign that pays for it.</summary>
    public required long CampaignId { get; init; }

    /// <summary>Categories of its content (IAB codes such as "IAB2-3").</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>What is shown.</summary>
    public required Creative Creative { get; init; }

    /// <summary>Where a click leads; http or https.</summary>
    public required Uri LandingPage { get; init; }

    /// <summary>Whether it is held back.</summary>
    public bool IsPaused { get; init; }

    /// <summary>
    /// Side information by the model's field names: what an ad that the running index does not know is found by. A field that is not named
    /// is unknown. Null for an ad that is found only once an index knows it; of ads that it knows, the index has its own.
    /// </summary>
    public IReadOnlyDictionary<string, ProfileValue>? Features { get; init; }
}

/// <summary>Kinds of creative.</summary>
public enum CreativeKind
{
    /// <summary>A picture.</summary>
    Banner,

    /// <summary>Title, text and pictures that the page lays out itself.</summary>
    Native,

    /// <summary>A film.</summary>
    Video,
}

/// <summary>What a creative may have or lack.</summary>
[Flags]
public enum CreativeParts
{
    /// <summary>Nothing of these.</summary>
    None = 0,

    /// <summary>A title.</summary>
    Title = 1,

    /// <summary>A text.</summary>
    Text = 2,

    /// <summary>Media that come over https.</summary>
    SecureMedia = 4,
}

/// <summary>What is shown.</summary>
public sealed record Creative
{
    /// <summary>Its kind.</summary>
    public required CreativeKind Kind { get; init; }

    /// <summary>Width in pixels; 0 where the page decides.</summary>
    public int Width { get; init; }

    /// <summary>Height in pixels; 0 where the page decides.</summary>
    public int Height { get; init; }

    /// <summary>The picture, or the film.</summary>
    public required Uri Media { get; init; }

    /// <summary>Media type of <see cref="Media"/>, such as "image/png" or "video/mp4".</summary>
    public required string MediaType { get; init; }

    /// <summary>Title.</summary>
    public string? Title { get; init; }

    /// <summary>Text.</summary>
    public string? Text { get; init; }

    /// <summary>Playing time of a film.</summary>
    public TimeSpan Duration { get; init; }
}
