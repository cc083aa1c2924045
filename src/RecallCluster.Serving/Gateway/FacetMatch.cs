using System.Collections.Concurrent;
using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Serving.Gateway;

/// <summary>
/// Which facets fit a format and which a publisher blocks. Traffic asks for few formats again and again, so what fits each is kept;
/// where there are too many, all are forgotten and found again.
/// </summary>
internal sealed class FacetMatch(FacetTable facets)
{
    private const int MostFormats = 1024;
    private readonly ConcurrentDictionary<FormatKey, Fitting> _fits = new();
    private volatile CategoryIndex? _categories;

    /// <summary>Words of a set of the facets known now.</summary>
    public int Words => Bits.Words(facets.Count);

    /// <summary>Adds the facets that fit a slot.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="set">A set of <see cref="Words"/> words; a facet that is newer than it is not added.</param>
    public void AddFitting(SlotRequest slot, Span<ulong> set)
    {
        if (slot.Formats.Count == 0)
        {
            set.Fill(ulong.MaxValue);
            return;
        }
        for (int i = 0; i < slot.Formats.Count; i++)
        {
            ReadOnlySpan<ulong> fitting = FittingOf(slot.Formats[i]);
            Bits.AddAll(set, fitting[..Math.Min(fitting.Length, set.Length)]);
        }
    }

    /// <summary>Takes out the facets with a blocked category, or one below it.</summary>
    public void Block(IReadOnlyCollection<string> categories, Span<ulong> set)
    {
        if (categories.Count == 0)
            return;
        CategoryIndex? index = _categories;
        if (index is null || index.Facets != facets.Count)
            _categories = index = new CategoryIndex(facets.All);
        index.Block(categories, set);
    }

    private ulong[] FittingOf(in FormatRequest format)
    {
        string? media = format.MediaTypes is { } types ? string.Join(',', types).ToUpperInvariant() : null;
        var key = new FormatKey(format.Kind, format.Width, format.Height, format.MinDuration, format.MaxDuration, media)
        {
            MinWidth = format.MinWidth,
            MinHeight = format.MinHeight,
            Needs = format.Needs,
        };
        IReadOnlyList<Facet> all = facets.All;
        if (_fits.TryGetValue(key, out Fitting known) && known.Facets == all.Count)
            return known.Set;
        var set = new ulong[Bits.Words(all.Count)];
        for (int number = 0; number < all.Count; number++)
        {
            if (Fits(all[number], in format))
                Bits.Add(set, number);
        }
        if (_fits.Count >= MostFormats)
            _fits.Clear();
        _fits[key] = new Fitting(all.Count, set);
        return set;
    }

    private static bool Fits(Facet facet, in FormatRequest format) =>
        facet.Kind == format.Kind
        && FitsSide(facet.Width, format.Width) && FitsSide(facet.Height, format.Height)
        && (facet.Width == 0 || facet.Width >= format.MinWidth) && (facet.Height == 0 || facet.Height >= format.MinHeight)
        && (facet.Parts & format.Needs) == format.Needs
        && (facet.Kind != CreativeKind.Video
            || (facet.Duration >= format.MinDuration && (format.MaxDuration == TimeSpan.Zero || facet.Duration <= format.MaxDuration)))
        && (format.MediaTypes is null || format.MediaTypes.Contains(facet.MediaType, StringComparer.OrdinalIgnoreCase));

    private static bool FitsSide(int own, int wanted) => own == 0 || wanted == 0 || own == wanted;

    private readonly record struct FormatKey(
        CreativeKind Kind, int Width, int Height, TimeSpan MinDuration, TimeSpan MaxDuration, string? MediaTypes)
    {
        public int MinWidth { get; init; }

        public int MinHeight { get; init; }

        public CreativeParts Needs { get; init; }
    }

    private readonly record struct Fitting(int Facets, ulong[] Set);

    /// <summary>Facets by category and by every category above it.</summary>
    private sealed class CategoryIndex
    {
        private readonly PostingMap _facets;

        public CategoryIndex(IReadOnlyList<Facet> facets)
        {
            Facets = facets.Count;
            var numbers = new Dictionary<string, List<int>>(StringComparer.OrdinalIgnoreCase);
            for (int number = 0; number < facets.Count; number++)
            {
                foreach (string category in facets[number].Categories)
                {
                    for (ReadOnlySpan<char> path = category; !path.IsEmpty; path = PostingMap.Parent(path))
                        PostingMap.Collect(numbers, path.ToString(), number);
                }
            }
            _facets = new PostingMap(numbers, Bits.Words(facets.Count));
        }

        public int Facets { get; }

        public void Block(IReadOnlyCollection<string> categories, Span<ulong> set)
        {
            // The caller's set may be of a moment with fewer facets.
            var blocked = new ulong[Bits.Words(Facets)];
            foreach (string category in categories)
            {
                if (_facets.TryGet(category, out Posting posting))
                    posting.AddTo(blocked);
            }
            for (int word = 0; word < Math.Min(set.Length, blocked.Length); word++)
                set[word] &= ~blocked[word];
        }
    }
}
