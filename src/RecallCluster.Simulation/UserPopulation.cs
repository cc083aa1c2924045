using RecallCluster.Data;
using RecallCluster.Numerics;

namespace RecallCluster.Simulation;

/// <summary>
/// The users of a world. A user is not stored but drawn anew, always alike, from the user's own stream.
/// </summary>
internal sealed class UserPopulation
{
    private const int AgeBands = 7;
    private const int Genders = 2;
    private const int SpendingLevels = 8;
    private const int Regions = 30;
    private const int InterestTries = 16;
    private const double AffinitySpread = 1;
    private const double WeightSpread = 0.5;
    private const double InterestJitter = 0.1;

    private readonly SyntheticWorldOptions _options;
    private readonly AdCatalogue _ads;
    private readonly SeededRandom _stream;
    private readonly float[][] _categorySums;

    public UserPopulation(SyntheticWorldOptions options, AdCatalogue ads, SeededRandom random)
    {
        _options = options;
        _ads = ads;
        _stream = random.Split(0);
        // Each age and gender draws its categories from weights of its own: the size of the category, tilted by department.
        SeededRandom affinity = random.Split(1);
        _categorySums = new float[AgeBands * Genders][];
        var weights = new double[options.Categories];
        for (int group = 0; group < _categorySums.Length; group++)
        {
            double[] tilt = [.. Enumerable.Range(0, options.Departments).Select(_ => Math.Exp(AffinitySpread * affinity.NextGaussian()))];
            for (int c = 0; c < weights.Length; c++)
                weights[c] = (ads.Starts[c + 1] - ads.Starts[c]) * tilt[ads.Taxonomy.DepartmentOf[c]];
            _categorySums[group] = Draw.Cumulate(weights);
        }
    }

    /// <summary>The user of that number.</summary>
    public SyntheticUser this[int number]
    {
        get
        {
            SeededRandom random = _stream.Split((ulong)number);
            int age = random.NextInt(AgeBands), gender = random.NextInt(Genders), region = random.NextInt(Regions);
            double spending = random.NextGaussian();
            var interests = new Interest[_options.MinInterests + random.NextInt(_options.MaxInterests - _options.MinInterests + 1)];
            double[] weights = [.. interests.Select(_ => Math.Exp(WeightSpread * random.NextGaussian()))];
            double total = weights.Sum();
            for (int k = 0; k < interests.Length; k++)
            {
                int category = PickCategory(random, _categorySums[(age * Genders) + gender], interests.AsSpan(0, k));
                interests[k] = DrawInterest(random, category, weights[k] / total, spending);
            }
            return new SyntheticUser([age + 1, gender + 1, SpendingLevel(spending) + 1, region + 1], interests);
        }
    }

    /// <summary>Ids and profile fields of the users.</summary>
    public FeatureTable ToTable(ParallelOptions parallel)
    {
        Field[] fields =
            [new("age", AgeBands + 1), new("gender", Genders + 1), new("spending", SpendingLevels + 1), new("region", Regions + 1)];
        var codes = Array.ConvertAll(fields, _ => new int[_options.Users]);
        var ids = new string[_options.Users];
        Parallel.For(0, _options.Users, parallel, user =>
        {
            ids[user] = $"user{user}";
            int[] profile = this[user].Codes;
            for (int f = 0; f < codes.Length; f++)
                codes[f][user] = profile[f];
        });
        return new FeatureTable(ids, fields, codes);
    }

    /// <summary>Eight levels of half a standard deviation.</summary>
    private static int SpendingLevel(double spending) =>
        (int)Math.Clamp(Math.Floor((spending * 2) + (SpendingLevels / 2)), 0, SpendingLevels - 1);

    /// <summary>A category with ads, in a department where the user has no interest yet if one turns up soon enough.</summary>
    private int PickCategory(SeededRandom random, float[] sums, ReadOnlySpan<Interest> taken)
    {
        int category = 0;
        for (int attempt = 0; attempt < InterestTries; attempt++)
        {
            category = Draw.Index(random, sums);
            bool apart = true;
            foreach (Interest other in taken)
                apart &= _ads.Taxonomy.DepartmentOf[other.Category] != _ads.Taxonomy.DepartmentOf[category];
            if (apart)
                break;
        }
        return category;
    }

    /// <summary>An interest begins with an ad that the user liked once: its place in the latent space, perhaps its brand.</summary>
    private Interest DrawInterest(SeededRandom random, int category, double share, double spending)
    {
        Taxonomy taxonomy = _ads.Taxonomy;
        int size = _ads.Starts[category + 1] - _ads.Starts[category];
        int liked = _ads.Starts[category] + random.NextInt(size);
        var centre = new float[_ads.Dimensions];
        Draw.Normal(random, centre, InterestJitter);
        ReadOnlySpan<float> latent = _ads.Latent(liked);
        for (int d = 0; d < centre.Length; d++)
            centre[d] += latent[d];
        double price = taxonomy.PriceLevel[category]
            + (taxonomy.PriceSign[category] * _options.SpendingEffect * spending)
            + (_options.InterestPriceSpread * random.NextGaussian());
        int brand = random.NextDouble() < _options.LoyalShare ? _ads.Brand[liked] : -1;
        double meanSize = (double)_ads.Count / _options.Categories;
        return new Interest(
            category,
            centre,
            (float)Math.Log(share * meanSize / size),
            (float)Math.Clamp(price, 0, _options.PriceBands - 1),
            brand);
    }
}
