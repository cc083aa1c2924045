using RecallCluster.Data;

namespace RecallCluster.Simulation.Tests;

public sealed class SyntheticWorldTests
{
    private static readonly SyntheticWorldOptions Small = SyntheticWorldOptions.Demo with { Ads = 5_000, Users = 2_000 };

    [Fact]
    public void The_data_set_is_sound_and_as_large_as_asked()
    {
        var world = new SyntheticWorld(Small);
        Dataset dataset = world.ToDataset();

        dataset.Validate();
        Assert.Equal(5_000, dataset.Items.Count);
        Assert.Equal(2_000, dataset.Users.Count);
        Assert.True(dataset.Ordered);
        Assert.Equal(dataset.Validation.UserSplits, dataset.Test.UserSplits);
        Assert.InRange(dataset.Test.Count, 140, 260);
        int clicks = dataset.Train.Count + dataset.Validation.Count + dataset.Test.Count;
        Assert.InRange((double)clicks / dataset.Users.Count, 29, 31);
        for (int user = 0; user < dataset.Users.Count; user++)
        {
            int held = dataset.Test.ItemsOf(user).Length;
            Assert.InRange(dataset.Train.ItemsOf(user).Length + (2 * held), 15, 45);
            if (held == 0)
                continue;
            int at = dataset.Test.UserSplits[user];
            Assert.True(dataset.Train.Times[dataset.Train.UserSplits[user + 1] - 1] <= dataset.Validation.Times[at]);
            Assert.True(dataset.Validation.Times[at] <= dataset.Test.Times[at]);
        }
    }

    [Fact]
    public void The_seed_decides_everything_and_the_number_of_threads_nothing()
    {
        Dataset one = new SyntheticWorld(Small, threads: 1).ToDataset();
        Dataset many = new SyntheticWorld(Small, threads: 4).ToDataset();
        AssertSame(one, many);
        AssertSame(one, new SyntheticWorld(Small, threads: 4).ToDataset());

        Dataset other = new SyntheticWorld(Small with { Seed = 2 }).ToDataset();
        Assert.NotEqual(one.Items.Codes[1], other.Items.Codes[1]);
        Assert.NotEqual(one.Train.Items, other.Train.Items);
    }

    [Fact]
    public void A_data_set_can_be_drawn_twice_from_one_world()
    {
        var world = new SyntheticWorld(SyntheticWorldOptions.Tiny);
        AssertSame(world.ToDataset(), world.ToDataset());
    }

    [Fact]
    public void Progress_ends_at_one()
    {
        var seen = new Shares();
        new SyntheticWorld(SyntheticWorldOptions.Tiny, threads: 1).ToDataset(seen);
        Assert.Equal(1, seen.Last);
    }

    [Fact]
    public void Preference_is_the_documented_formula()
    {
        SyntheticWorldOptions options = SyntheticWorldOptions.Tiny with { QualitySpread = 0 };
        var world = new SyntheticWorld(options);
        FeatureTable items = world.ToDataset().Items;
        var all = new float[options.Ads];
        world.Preferences(3, all);
        SyntheticUser user = world.User(3);
        for (int item = 0; item < options.Ads; item++)
        {
            double sum = 0;
            foreach (Interest interest in user.Interests)
            {
                double squared = 0;
                for (int d = 0; d < options.LatentDimensions; d++)
                    squared += Math.Pow(world.Latent(item)[d] - interest.Centre[d], 2);
                double price = items.Codes[3][item] - 1 - interest.WantedPrice;
                double bonus = items.Codes[2][item] - 1 == interest.FavouredBrand ? options.BrandBonus : 0;
                sum += Math.Exp(
                    interest.LogWeight
                    - (squared / (2 * options.InterestWidth * options.InterestWidth))
                    - (price * price / (2 * options.PriceWidth * options.PriceWidth))
                    + bonus);
            }
            double expected = Math.Log(sum);
            Assert.InRange(
                world.Preference(3, item), expected - 1e-3 - (1e-5 * Math.Abs(expected)), expected + 1e-3 + (1e-5 * Math.Abs(expected)));
            Assert.Equal(world.Preference(3, item), all[item], 5);
            Assert.Equal(1 / (1 + Math.Exp(options.ClickThreshold - world.Preference(3, item))), world.ClickProbability(3, item), 12);
        }
    }

    [Fact]
    public void Interests_lie_in_different_departments_and_their_shares_add_up()
    {
        var world = new SyntheticWorld(Small);
        int[] categories = world.ToDataset().Items.Codes[1];
        double meanSize = (double)Small.Ads / Small.Categories;
        int apart = 0;
        for (int number = 0; number < 200; number++)
        {
            SyntheticUser user = world.User(number);
            Assert.InRange(user.Interests.Length, Small.MinInterests, Small.MaxInterests);
            double total = user.Interests.Sum(i => Math.Exp(i.LogWeight) * categories.Count(c => c == i.Category + 1) / meanSize);
            Assert.Equal(1, total, 3);
            int departments = user.Interests.Select(i => i.Category % Small.Departments).Distinct().Count();
            apart += departments == user.Interests.Length ? 1 : 0;
        }
        Assert.InRange(apart, 190, 200);
    }

    [Fact]
    public void Bad_sizes_and_numbers_are_refused_by_name()
    {
        void Refused(SyntheticWorldOptions options, string name) =>
            Assert.Equal(name, Assert.Throws<ArgumentException>(() => new SyntheticWorld(options)).ParamName);
        Refused(SyntheticWorldOptions.Tiny with { Ads = 999 }, "Ads");
        Refused(SyntheticWorldOptions.Tiny with { Users = 0 }, "Users");
        Refused(SyntheticWorldOptions.Tiny with { Users = int.MaxValue }, "Users");
        Refused(SyntheticWorldOptions.Tiny with { ClicksPerUser = 2 }, "ClicksPerUser");
        Refused(SyntheticWorldOptions.Tiny with { NoiseShare = double.NaN }, "NoiseShare");
        Refused(SyntheticWorldOptions.Tiny with { InterestWidth = 0 }, "InterestWidth");
        Refused(SyntheticWorldOptions.Tiny with { MinInterests = 9 }, "MaxInterests");
        Refused(SyntheticWorldOptions.Tiny with { AdSpread = double.PositiveInfinity }, "AdSpread");

        var world = new SyntheticWorld(SyntheticWorldOptions.Tiny);
        Assert.Throws<ArgumentOutOfRangeException>(() => world.User(500));
        Assert.Throws<ArgumentOutOfRangeException>(() => world.Preference(0, 1_000));
        Assert.Throws<ArgumentException>(() => world.Preferences(0, new float[999]));
    }

    private static void AssertSame(Dataset a, Dataset b)
    {
        Assert.Equal(a.Items.Ids, b.Items.Ids);
        Assert.Equal(a.Items.Codes, b.Items.Codes);
        Assert.Equal(a.Users.Codes, b.Users.Codes);
        foreach ((EventLog x, EventLog y) in new[] { (a.Train, b.Train), (a.Validation, b.Validation), (a.Test, b.Test) })
        {
            Assert.Equal(x.UserSplits, y.UserSplits);
            Assert.Equal(x.Items, y.Items);
            Assert.Equal(x.Times, y.Times);
        }
    }

    private sealed class Shares : IProgress<double>
    {
        public double Last { get; private set; }

        public void Report(double value) => Last = value;
    }
}
