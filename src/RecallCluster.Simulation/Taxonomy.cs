using RecallCluster.Numerics;

namespace RecallCluster.Simulation;

/// <summary>
/// What ads are made of: departments, categories with their centre, price level and direction, brands with their price tier and quality,
/// and the code books of styles and details. Rows of the vector tables are <c>LatentDimensions</c> wide.
/// </summary>
internal sealed class Taxonomy
{
    private const double CategorySizeSpread = 0.7;
    private const double CategoryPriceSpread = 0.8;

    public Taxonomy(SyntheticWorldOptions options, SeededRandom random)
    {
        int dimensions = options.LatentDimensions, categories = options.Categories, departments = options.Departments;
        DepartmentOf = new int[categories];
        Centres = new float[categories * dimensions];
        PriceLevel = new float[categories];
        PriceSign = new sbyte[categories];
        var sizes = new double[categories];
        var departmentCentres = new float[departments * dimensions];
        Draw.Normal(random, departmentCentres, options.DepartmentSpread);
        Draw.Normal(random, Centres, options.CategorySpread);
        for (int c = 0; c < categories; c++)
        {
            DepartmentOf[c] = c % departments;
            for (int d = 0; d < dimensions; d++)
                Centres[(c * dimensions) + d] += departmentCentres[(DepartmentOf[c] * dimensions) + d];
            sizes[c] = Math.Exp(CategorySizeSpread * random.NextGaussian());
            PriceLevel[c] = (float)(((options.PriceBands - 1) / 2.0) + (CategoryPriceSpread * random.NextGaussian()));
            PriceSign[c] = (sbyte)(random.NextInt(2) == 0 ? 1 : -1);
        }
        SizeSums = Draw.Cumulate(sizes);

        BrandTier = new float[options.Brands];
        BrandQuality = new float[options.Brands];
        Draw.Normal(random, BrandTier, spread: 1);
        Draw.Normal(random, BrandQuality, options.QualitySpread);
        BrandsOf = new int[categories][];
        for (int c = 0; c < categories; c++)
            BrandsOf[c] = PickBrands(c, departments, options, random);

        // A brand's rank in its category gives its share there: 1, 1/2, 1/3, ...
        BrandShareSums = Draw.Cumulate([.. Enumerable.Range(1, options.BrandsPerCategory).Select(rank => 1.0 / rank)]);
        StyleVectors = new float[options.Styles * dimensions];
        DetailVectors = new float[options.Details * dimensions];
        Draw.Normal(random, StyleVectors, options.StyleSpread);
        Draw.Normal(random, DetailVectors, options.DetailSpread);
    }

    /// <summary>Department of each category.</summary>
    public int[] DepartmentOf { get; }

    /// <summary>Centre of each category.</summary>
    public float[] Centres { get; }

    /// <summary>Mean price of each category, in bands from 0.</summary>
    public float[] PriceLevel { get; }

    /// <summary>Whether spending more moves the wanted price up (+1) or down (-1), by category.</summary>
    public sbyte[] PriceSign { get; }

    /// <summary>Running sums of the categories' expected sizes.</summary>
    public float[] SizeSums { get; }

    /// <summary>How far a brand's prices lie above its category's, in bands.</summary>
    public float[] BrandTier { get; }

    /// <summary>What a brand adds to the preference for its ads.</summary>
    public float[] BrandQuality { get; }

    /// <summary>Brands that sell in each category, the largest first.</summary>
    public int[][] BrandsOf { get; }

    /// <summary>Running sums of the brands' shares in a category.</summary>
    public float[] BrandShareSums { get; }

    /// <summary>Vector of each style.</summary>
    public float[] StyleVectors { get; }

    /// <summary>Vector of each detail.</summary>
    public float[] DetailVectors { get; }

    /// <summary>
    /// Brands of the category's department (brand b belongs to department b mod departments), distinct as long as there are enough.
    /// </summary>
    private static int[] PickBrands(int category, int departments, SyntheticWorldOptions options, SeededRandom random)
    {
        int department = category % departments;
        int[] pool = [.. Enumerable.Range(0, options.Brands).Where(brand => brand % departments == department)];
        random.Shuffle(pool.AsSpan());
        return [.. Enumerable.Range(0, options.BrandsPerCategory).Select(rank => pool[rank % pool.Length])];
    }
}
