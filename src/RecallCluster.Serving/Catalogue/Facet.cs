using System.Collections.Concurrent;

namespace RecallCluster.Serving.Catalogue;

/// <summary>What decides whether an ad fits a slot: ads of equal facet fit or do not fit together.</summary>
/// <param name="Kind">Kind of creative.</param>
/// <param name="Width">Width in pixels; 0 where the page decides.</param>
/// <param name="Height">Height in pixels; 0 where the page decides.</param>
/// <param name="Duration">Playing time of a film.</param>
/// <param name="MediaType">Media type of picture or film.</param>
/// <param name="Categories">Categories of the content, sorted.</param>
public sealed record Facet(CreativeKind Kind, int Width, int Height, TimeSpan Duration, string MediaType, IReadOnlyList<string> Categories)
{
    /// <summary>What the creative has.</summary>
    public CreativeParts Parts { get; init; }

    /// <summary>The facet of an ad.</summary>
    public static Facet Of(Ad ad)
    {
        ArgumentNullException.ThrowIfNull(ad);
        Creative creative = ad.Creative;
        return new Facet(
            creative.Kind, creative.Width, creative.Height, creative.Duration, creative.MediaType,
            [.. ad.Categories.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)])
        {
            Parts = (string.IsNullOrEmpty(creative.Title) ? 0 : CreativeParts.Title)
                | (string.IsNullOrEmpty(creative.Text) ? 0 : CreativeParts.Text)
                | (creative.Media.Scheme == Uri.UriSchemeHttps ? CreativeParts.SecureMedia : 0),
        };
    }

    /// <summary>Equal for equal facets only.</summary>
    internal string Key => $"{(int)Kind}|{Width}|{Height}|{Duration.Ticks}|{(int)Parts}|{MediaType}|{string.Join(',', Categories)}";
}

/// <summary>Dense numbers of facets, from 0. Only grows. Thread-safe; reading takes no lock.</summary>
public sealed class FacetTable
{
    private readonly ConcurrentDictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Lock _adding = new();
    private volatile Facet[] _facets = [];

    /// <summary>All facets by number; a later call may have more.</summary>
    public IReadOnlyList<Facet> All => _facets;

    /// <summary>Number of facets.</summary>
    public int Count => _facets.Length;

    /// <summary>The number of a facet; a new one when it was never seen.</summary>
    public int NumberOf(Facet facet)
    {
        ArgumentNullException.ThrowIfNull(facet);
        string key = facet.Key;
        if (_numbers.TryGetValue(key, out int number))
            return number;
        lock (_adding)
        {
            if (_numbers.TryGetValue(key, out number))
                return number;
            number = _facets.Length;
            _facets = [.. _facets, facet];
            _numbers[key] = number;
            return number;
        }
    }
}
