using RecallCluster.Data;
using RecallCluster.Numerics;

namespace RecallCluster.Simulation.Tests;

/// <summary>
/// What must be true of a world for a retrieval model to have something to learn, and for a deep one to have something to win.
/// </summary>
public sealed class WorldStatisticsTests(WorldStatisticsTests.World shared) : IClassFixture<WorldStatisticsTests.World>
{
    private static readonly SyntheticWorldOptions Options = new() { Ads = 40_000, Users = 4_000 };
    private readonly SyntheticWorld _world = shared.Simulation;
    private readonly Dataset _dataset = shared.Dataset;

    [Fact]
    public void Some_ads_are_popular_but_none_dominates()
    {
        var clicks = new int[Options.Ads];
        foreach (int item in _dataset.Train.Items)
            clicks[item]++;
        Array.Sort(clicks);
        double Share(int ads) => clicks.TakeLast(ads).Sum() / (double)_dataset.Train.Count;
        Assert.InRange(Share(Options.Ads / 10), 0.25, 0.6);
        Assert.InRange(Share(Options.Ads / 100), 0.03, 0.2);
    }

    [Fact]
    public void Clicked_ads_are_preferred_by_far_to_random_ones()
    {
        var random = new SeededRandom(9);
        int preferred = 0, events = 0;
        for (int user = 0; user < 500; user++)
        {
            foreach (int item in _dataset.Train.ItemsOf(user))
            {
                events++;
                preferred += _world.Preference(user, item) > _world.Preference(user, random.NextInt(Options.Ads)) ? 1 : 0;
            }
        }
        // All but the half of the noise that loses a fair comparison.
        Assert.True(preferred > events * (1 - Options.NoiseShare), $"{preferred} of {events}");
    }

    [Fact]
    public void Clicks_follow_the_preference_in_proportion()
    {
        // The share of a user's clicks that fall on the user's twenty best ads, against what exp(preference) says.
        double expectedTop = 0, seenTop = 0, clicks = 0;
        var preferences = new float[Options.Ads];
        for (int user = 0; user < 200; user++)
        {
            _world.Preferences(user, preferences);
            float bound = preferences.OrderDescending().ElementAt(20);
            double total = preferences.Sum(f => Math.Exp(f)), top = preferences.Where(f => f > bound).Sum(f => Math.Exp(f));
            expectedTop += (Options.NoiseShare * 20 / Options.Ads) + ((1 - Options.NoiseShare) * top / total);
            ReadOnlySpan<int> items = _dataset.Train.ItemsOf(user);
            int hits = 0;
            foreach (int item in items)
                hits += preferences[item] > bound ? 1 : 0;
            seenTop += hits / (double)items.Length;
            clicks++;
        }
        // Redrawing repeated ads moves some clicks from the top to the rest, never the other way round.
        Assert.InRange(seenTop / clicks, 0.5 * expectedTop / clicks, 1.02 * expectedTop / clicks);
    }

    [Fact]
    public void Spending_moves_the_wanted_price_up_in_some_categories_and_down_in_others()
    {
        int categories = Options.Categories;
        var difference = new double[categories];
        var counts = new int[categories, 2];
        for (int number = 0; number < Options.Users; number++)
        {
            SyntheticUser user = _world.User(number);
            // The two halves of the spending levels; code 0 is the unknown one.
            int rich = user.Codes[2] > 4 ? 1 : 0;
            foreach (Interest interest in user.Interests)
                counts[interest.Category, rich]++;
        }
        for (int number = 0; number < Options.Users; number++)
        {
            SyntheticUser user = _world.User(number);
            int rich = user.Codes[2] > 4 ? 1 : 0;
            foreach (Interest interest in user.Interests)
                difference[interest.Category] += (rich == 1 ? 1.0 : -1.0) * interest.WantedPrice / counts[interest.Category, rich];
        }
        int[] well = [.. Enumerable.Range(0, categories).Where(c => counts[c, 0] >= 10 && counts[c, 1] >= 10)];
        int up = well.Count(c => difference[c] > 0.75), down = well.Count(c => difference[c] < -0.75);
        Assert.True(well.Length > 100, $"{well.Length} categories");
        Assert.InRange(up / (double)well.Length, 0.35, 0.65);
        Assert.InRange(down / (double)well.Length, 0.35, 0.65);
    }

    [Fact]
    public void Fields_carry_most_of_an_ads_place()
    {
        // Mean squared distance of ads to the mean of those of the same category and style, against that to the mean of all.
        var groups = new Dictionary<(int, int), List<int>>();
        for (int item = 0; item < Options.Ads; item++)
        {
            (int, int) key = (_dataset.Items.Codes[1][item], _dataset.Items.Codes[4][item]);
            if (!groups.TryGetValue(key, out List<int>? members))
                groups[key] = members = [];
            members.Add(item);
        }
        double within = groups.Values.Where(g => g.Count > 1).Average(g => Scatter([.. g]) * g.Count / (g.Count - 1));
        double overall = Scatter([.. Enumerable.Range(0, Options.Ads)]);
        Assert.True(within < 0.1 * overall, $"{within} of {overall}");
    }

    [Fact]
    public void The_truth_recalls_held_out_clicks_and_a_single_vector_does_not()
    {
        // 0.3 % of the ads: in a small world the clicks of a user already use up the few best.
        const int Kept = 120;
        int users = 0, truth = 0, single = 0, several = 0;
        var scores = new float[Options.Ads];
        for (int user = 0; user < Options.Users && users < 250; user++)
        {
            if (_dataset.Test.ItemsOf(user).Length == 0)
                continue;
            int wanted = _dataset.Test.ItemsOf(user)[0];
            users++;
            _world.Preferences(user, scores);
            truth += RankOf(scores, wanted) < Kept ? 1 : 0;

            Interest[] interests = _world.User(user).Interests;
            var mean = new float[Options.LatentDimensions];
            foreach (Interest interest in interests)
            {
                for (int d = 0; d < mean.Length; d++)
                    mean[d] += interest.Centre[d] / interests.Length;
            }
            single += RankOf(Nearness([mean], scores), wanted) < Kept ? 1 : 0;
            several += RankOf(Nearness([.. interests.Select(i => i.Centre)], scores), wanted) < Kept ? 1 : 0;
        }
        Assert.True(users > 200);
        Assert.True(truth > 0.7 * users, $"truth: {truth} of {users}");
        Assert.True(several > 0.45 * users && several < truth, $"several vectors: {several} of {users}");
        Assert.True(single < 0.25 * users, $"one vector: {single} of {users}");
    }


    private float[] Nearness(float[][] centres, float[] scores)
    {
        for (int item = 0; item < scores.Length; item++)
        {
            scores[item] = float.NegativeInfinity;
            foreach (float[] centre in centres)
            {
                float squared = 0;
                ReadOnlySpan<float> latent = _world.Latent(item);
                for (int d = 0; d < centre.Length; d++)
                    squared += (latent[d] - centre[d]) * (latent[d] - centre[d]);
                scores[item] = Math.Max(scores[item], -squared);
            }
        }
        return scores;
    }

    private static int RankOf(ReadOnlySpan<float> scores, int item)
    {
        int above = 0;
        foreach (float score in scores)
            above += score > scores[item] ? 1 : 0;
        return above;
    }

    private double Scatter(int[] items)
    {
        var mean = new double[Options.LatentDimensions];
        double squares = 0;
        foreach (int item in items)
        {
            for (int d = 0; d < mean.Length; d++)
            {
                mean[d] += _world.Latent(item)[d] / items.Length;
                squares += Math.Pow(_world.Latent(item)[d], 2) / items.Length;
            }
        }
        return squares - mean.Sum(m => m * m);
    }

    public sealed class World
    {
        public World()
        {
            Simulation = new SyntheticWorld(Options);
            Dataset = Simulation.ToDataset();
        }

        public SyntheticWorld Simulation { get; }

        public Dataset Dataset { get; }
    }
}
