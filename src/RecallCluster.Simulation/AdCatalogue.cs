using RecallCluster.Data;
using RecallCluster.Numerics;

namespace RecallCluster.Simulation;

/// <summary>
/// The ads of a world. Ads are numbered without regard to their category; inside, they are stored by position, category after category, so
/// that the ads of one category are one run of memory.
/// </summary>
internal sealed class AdCatalogue
{
    private const double AdPriceSpread = 1.2;
    private const int BlockSize = 4096;

    private readonly float[] _latents;
    private readonly int[] _positionOf;

    private AdCatalogue(SyntheticWorldOptions options, Taxonomy taxonomy, int[] categories)
    {
        Count = options.Ads;
        Dimensions = options.LatentDimensions;
        Taxonomy = taxonomy;
        Category = categories;
        Starts = new int[options.Categories + 1];
        foreach (int category in categories)
            Starts[category + 1]++;
        for (int c = 0; c < options.Categories; c++)
            Starts[c + 1] += Starts[c];
        int[] next = [.. Starts];
        _positionOf = new int[Count];
        AdAt = new int[Count];
        for (int ad = 0; ad < Count; ad++)
        {
            _positionOf[ad] = next[categories[ad]]++;
            AdAt[_positionOf[ad]] = ad;
        }
        _latents = new float[checked(Count * Dimensions)];
        Brand = new int[Count];
        Style = new int[Count];
        Detail = new int[Count];
        Price = new byte[Count];
        Quality = new float[Count];
    }

    /// <summary>Number of ads.</summary>
    public int Count { get; }

    /// <summary>Width of a latent vector.</summary>
    public int Dimensions { get; }

    /// <summary>What the ads are made of.</summary>
    public Taxonomy Taxonomy { get; }

    /// <summary>Category of each ad, by ad.</summary>
    public int[] Category { get; }

    /// <summary>First position of each category, and the number of ads at the end.</summary>
    public int[] Starts { get; }

    /// <summary>The ad at each position.</summary>
    public int[] AdAt { get; }

    /// <summary>Brand, by position.</summary>
    public int[] Brand { get; }

    /// <summary>Style, by position.</summary>
    public int[] Style { get; }

    /// <summary>Detail, by position.</summary>
    public int[] Detail { get; }

    /// <summary>Price band from 0, by position.</summary>
    public byte[] Price { get; }

    /// <summary>What an ad adds to everyone's preference, by position.</summary>
    public float[] Quality { get; }

    /// <summary>Where an ad is stored.</summary>
    public int PositionOf(int ad) => _positionOf[ad];

    /// <summary>Latent vector of the ad at a position.</summary>
    public ReadOnlySpan<float> Latent(int position) => _latents.AsSpan(position * Dimensions, Dimensions);

    /// <summary>Draws the ads; the result does not depend on <paramref name="parallel"/>.</summary>
    public static AdCatalogue Create(SyntheticWorldOptions options, SeededRandom random, ParallelOptions parallel)
    {
        var taxonomy = new Taxonomy(options, random.Split(0));
        var categories = new int[options.Ads];
        SeededRandom categoryStream = random.Split(1), adStream = random.Split(2);
        // A block, not a thread, has a stream of its own.
        int blocks = (options.Ads + BlockSize - 1) / BlockSize;
        Parallel.For(0, blocks, parallel, block =>
        {
            SeededRandom stream = categoryStream.Split((ulong)block);
            foreach (ref int category in categories.AsSpan(block * BlockSize, Math.Min(BlockSize, options.Ads - (block * BlockSize))))
                category = Draw.Index(stream, taxonomy.SizeSums);
        });

        var catalogue = new AdCatalogue(options, taxonomy, categories);
        Parallel.For(0, blocks, parallel, block =>
        {
            SeededRandom stream = adStream.Split((ulong)block);
            for (int ad = block * BlockSize; ad < Math.Min((block + 1) * BlockSize, options.Ads); ad++)
                catalogue.DrawAd(ad, options, stream);
        });
        return catalogue;
    }

    /// <summary>Ids and fields of the ads, by ad.</summary>
    public FeatureTable ToTable(SyntheticWorldOptions options, ParallelOptions parallel)
    {
        Field[] fields =
        [
            new("department", options.Departments + 1),
            new("category", options.Categories + 1),
            new("brand", options.Brands + 1),
            new("price", options.PriceBands + 1),
            new("style", options.Styles + 1),
            new("detail", options.Details + 1),
        ];
        var codes = Array.ConvertAll(fields, _ => new int[Count]);
        var ids = new string[Count];
        Parallel.For(0, Count, parallel, ad =>
        {
            int position = _positionOf[ad];
            ids[ad] = $"ad{ad}";
            codes[0][ad] = Taxonomy.DepartmentOf[Category[ad]] + 1;
            codes[1][ad] = Category[ad] + 1;
            codes[2][ad] = Brand[position] + 1;
            codes[3][ad] = Price[position] + 1;
            codes[4][ad] = Style[position] + 1;
            codes[5][ad] = Detail[position] + 1;
        });
        return new FeatureTable(ids, fields, codes);
    }

    private void DrawAd(int ad, SyntheticWorldOptions options, SeededRandom random)
    {
        int category = Category[ad], position = _positionOf[ad];
        int brand = Taxonomy.BrandsOf[category][Draw.Index(random, Taxonomy.BrandShareSums)];
        int style = random.NextInt(options.Styles), detail = random.NextInt(options.Details);
        double price = Taxonomy.PriceLevel[category] + Taxonomy.BrandTier[brand] + (AdPriceSpread * random.NextGaussian());
        Brand[position] = brand;
        Style[position] = style;
        Detail[position] = detail;
        Price[position] = (byte)Math.Clamp(Math.Round(price), 0, options.PriceBands - 1);
        Quality[position] = (float)(Taxonomy.BrandQuality[brand] + (options.QualitySpread * random.NextGaussian()));
        Span<float> latent = _latents.AsSpan(position * Dimensions, Dimensions);
        Draw.Normal(random, latent, options.AdSpread);
        for (int d = 0; d < Dimensions; d++)
        {
            latent[d] += Taxonomy.Centres[(category * Dimensions) + d]
                + Taxonomy.StyleVectors[(style * Dimensions) + d]
                + Taxonomy.DetailVectors[(detail * Dimensions) + d];
        }
    }
}
