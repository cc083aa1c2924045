using RecallCluster.Numerics;
using RecallCluster.Serving.Experiments;

namespace RecallCluster.Serving.Tests.Experiments;

public class UserSplitTests
{
    private const int Users = 40_000;
    private const double Surely = 1e-4;

    /// <summary>Longer than what is hashed without setting memory aside.</summary>
    private static readonly string Long = new('x', 300);

    [Theory]
    [InlineData("u", 0x7F8396FF31280164UL, 2304, 43, 1)]
    [InlineData("ann", 0x1A2E5FA3A5BF0215UL, 9035, 28, 1)]
    [InlineData("user-4711", 0xFD7E5F84A6920E51UL, 4061, 29, 0)]
    [InlineData("ärger@example.com", 0x02717CED34F03BBBUL, 2924, 30, 0)]
    [InlineData("long", 0xDF2C59DEF974F7E3UL, 1374, 20, 1)]
    public void Users_stay_where_they_are_in_every_version(string user, ulong hash, int bucket, int block, int arm)
    {
        user = user == "long" ? Long : user;
        Assert.Equal(hash, StableHash.Of(user));
        Assert.Equal(bucket, UserSplit.BucketOf(hash, UserSplit.LayerSalt("search")));
        Assert.Equal(block, UserSplit.BlockOf(hash));
        ExperimentSettings quarter = Trial.Settings(17) with
        {
            Salt = "salt", Arms = [new ExperimentArm("a", 1), new ExperimentArm("b", 3, new Treatment { MaxScorings = 10 })],
        };
        Assert.Equal(new WonArm(17, arm), Assert.Single(Trial.Set(quarter).Assign(user).ToWon()!));
    }

    [Fact]
    public void The_longest_id_is_hashed_without_setting_memory_apart()
    {
        string longest = new('ä', RequestLimits.MaxIdBytes / 2);
        StableHash.Of(longest);
        long before = GC.GetAllocatedBytesForCurrentThread();

        StableHash.Of(longest);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Buckets_blocks_and_arms_are_uniform_and_independent_of_each_other()
    {
        ExperimentSettings one = Trial.Settings(1), two = Trial.Settings(2), salted = one with { Salt = "again" };
        Func<ulong, int>[] splits =
        [
            user => UserSplit.BucketOf(user, UserSplit.LayerSalt("a")) / 1_000,
            user => UserSplit.BucketOf(user, UserSplit.LayerSalt("b")) / 1_000,
            user => UserSplit.BlockOf(user) / 5,
            user => Tenth(user, one),
            user => Tenth(user, two),
            user => Tenth(user, salted),
        ];
        ulong[] users = [.. Enumerable.Range(0, Users).Select(i => StableHash.Of($"user-{i}"))];
        for (int i = 0; i < splits.Length; i++)
        {
            for (int j = 0; j < i; j++)
                Assert.InRange(Independence(users, splits[i], splits[j]), Surely, 1);
        }
    }

    [Fact]
    public void Arms_have_users_by_their_weights_within_every_range_of_buckets()
    {
        ExperimentSettings settings = Trial.Settings(5) with
        {
            FirstBucket = 2_500,
            Share = 0.3,
            Arms = [new ExperimentArm("a", 1), new ExperimentArm("b", 2.5, new Treatment { Candidates = 5 }), new ExperimentArm("c", 0.5)],
        };
        ExperimentSet set = Trial.Set(settings);
        var counts = new long[3];
        for (int i = 0; i < Users; i++)
        {
            if (set.Assign($"{i:x}@example").ToWon() is [var won])
                counts[won.Arm]++;
        }

        Assert.InRange(counts.Sum() / (double)Users, 0.29, 0.31);
        Assert.InRange(Fit(counts, [0.25, 0.625, 0.125]), Surely, 1);
    }

    [Fact]
    public void Experiments_of_one_layer_never_share_a_user_and_those_of_others_do()
    {
        ExperimentSettings first = Trial.Settings(1) with { Share = 0.5 };
        ExperimentSettings second = Trial.Settings(2) with { FirstBucket = 5_000, Share = 0.5 };
        ExperimentSettings other = Trial.Settings(3) with { Layer = "ranking", Share = 0.5 };
        ExperimentSet set = Trial.Set(first, second, other);
        var seen = new Dictionary<string, int>();
        for (int i = 0; i < 2_000; i++)
        {
            string experiments = string.Join('+', (set.Assign($"u{i}").ToWon() ?? []).Select(won => won.Experiment));
            seen[experiments] = seen.GetValueOrDefault(experiments) + 1;
        }

        Assert.Equal(["1", "2", "3+1", "3+2"], seen.Keys.Order(StringComparer.Ordinal));
        Assert.All(seen.Values, count => Assert.InRange(count, 420, 580));
    }

    [Fact]
    public void Nobody_is_in_no_experiment_and_treatments_of_layers_add_up()
    {
        ExperimentSet set = Trial.Set(
            Trial.Settings(1, new Treatment { MaxScorings = 9 }),
            Trial.Settings(2, new Treatment { SkipRanker = true, Candidates = 3 }) with { Layer = "ranking" });

        Assert.Null(set.Assign(null).ToWon());
        Assert.Null(ExperimentSet.Empty.Assign("u").ToWon());
        foreach (string user in Enumerable.Range(0, 100).Select(i => $"u{i}"))
        {
            Assignment assignment = set.Assign(user);
            int[] arms = new int[3];
            foreach (WonArm won in assignment.ToWon()!)
                arms[won.Experiment] = won.Arm;

            Assert.Equal(arms[1] == 1 ? 9 : (int?)null, assignment.MaxScorings);
            Assert.Equal((arms[2] == 1 ? 3 : (int?)null, arms[2] == 1), (assignment.Candidates, assignment.SkipRanker));
        }
    }

    private static int Tenth(ulong user, ExperimentSettings settings) => UserSplit.ArmOf(
        user, UserSplit.ArmSalt(settings), UserSplit.BoundsOf([.. Enumerable.Range(0, 10).Select(i => new ExperimentArm($"{i}", 1))]));

    /// <summary>P-value of Pearson's chi-square test that two splits into ten are independent, each part being a tenth.</summary>
    private static double Independence(ulong[] users, Func<ulong, int> one, Func<ulong, int> other)
    {
        var cells = new long[100];
        foreach (ulong user in users)
            cells[(one(user) * 10) + other(user)]++;
        return Fit(cells, [.. Enumerable.Repeat(0.01, 100)]);
    }

    private static double Fit(long[] counts, double[] shares)
    {
        double all = counts.Sum(), chiSquare = 0;
        for (int i = 0; i < counts.Length; i++)
            chiSquare += Math.Pow(counts[i] - (shares[i] * all), 2) / (shares[i] * all);
        return SpecialFunctions.ChiSquareTail(chiSquare, counts.Length - 1);
    }
}
