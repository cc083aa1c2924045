using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Training;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Training;

public class SamplingTests
{
    [Theory]
    [InlineData(0.0)]
    [InlineData(0.75)]
    [InlineData(1.0)]
    public void Negatives_are_drawn_with_the_stated_probability(double power)
    {
        int[] counts = [0, 1, 5, 40, 100, 3, 3, 0];
        var sampler = new NegativeSampler(counts, power);
        var random = new SeededRandom(1);
        const int Draws = 200_000;
        var seen = new int[counts.Length];
        for (int i = 0; i < Draws; i++)
            seen[sampler.Draw(random)]++;
        double total = 0;
        for (int item = 0; item < counts.Length; item++)
        {
            double expected = sampler.Probability(item);
            double deviation = Math.Sqrt(expected * (1 - expected) / Draws);
            Assert.True(
                Math.Abs(((double)seen[item] / Draws) - expected) <= 5 * deviation,
                $"Ad {item}: {seen[item]} of {Draws}, expected {expected}.");
            total += expected;
        }
        Assert.Equal(1, total, 1e-12);
        Assert.Equal(power == 0 ? 1.0 / 8 : 0, sampler.Probability(0), 1e-12);
    }

    [Fact]
    public void A_sampler_without_any_ad_is_refused() => Assert.Throws<ArgumentException>(() => new NegativeSampler([0, 0], 0.75));

    [Fact]
    public void Of_a_set_every_event_is_predicted_from_all_others()
    {
        var examples = new ExampleSet(TinyWorld.Log([[7, 8, 9], [3], []]), ordered: false);
        Assert.Equal(3, examples.Count);
        Assert.Equal([(7, "8 9"), (8, "7 9"), (9, "7 8")], All(examples));
    }

    [Fact]
    public void In_time_order_an_event_is_predicted_from_those_before_it()
    {
        var examples = new ExampleSet(TinyWorld.Log([[7, 8, 9], [3], [1, 1]]), ordered: true);
        Assert.Equal([(8, "7"), (9, "7 8"), (1, "1")], All(examples));
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.5f)]
    [InlineData(1f)]
    public void A_batch_is_consistent(float dropout)
    {
        Dataset dataset = TinyWorld.Create(users: 50);
        ModelConfig config = TinyWorld.Config(dataset) with { SequenceLimit = 4 };
        var examples = new ExampleSet(dataset.Train, ordered: false);
        var options = new TrainingOptions { BatchSize = 16, Negatives = 20, BehaviourDropout = dropout };
        var maker = new BatchMaker(dataset, examples, config, options);
        var random = new SeededRandom(2);
        for (int round = 0; round < 20; round++)
        {
            int[] rows = [.. Enumerable.Range(0, 16).Select(_ => random.NextInt(examples.Count))];
            AssertConsistent(maker.Make(rows, random), rows, examples, dataset, config, options);
        }
    }

    [Fact]
    public void An_ad_that_a_user_acted_on_twice_is_left_out_once()
    {
        Dataset dataset = TinyWorld.Create(users: 2) with { Train = TinyWorld.Log([[7, 8, 9, 8, 7, 8], [8, 9]]) };
        var examples = new ExampleSet(dataset.Train, ordered: true);
        var maker = new BatchMaker(dataset, examples, TinyWorld.Config(dataset), new TrainingOptions { Negatives = 0 });
        // The first user's 9 (its second example), and the second user's 9, which makes no further candidate; 8 comes by the third.
        TrainingBatch batch = maker.Make([1, 5, 2], new SeededRandom(1));
        Assert.Equal([9, 8], batch.Items[..batch.CandidateCount]);
        Assert.Equal([1], batch.Targets.MaskOf(0).ToArray());
        Assert.Equal([1], batch.Targets.MaskOf(1).ToArray());
        Assert.Equal([0], batch.Targets.MaskOf(2).ToArray());
    }

    private static void AssertConsistent(
        TrainingBatch batch, int[] rows, ExampleSet examples, Dataset dataset, ModelConfig config, TrainingOptions options)
    {
        Assert.Equal(batch.Items.Length, batch.Items.Distinct().Count());
        Assert.InRange(batch.CandidateCount, 1, options.BatchSize + options.Negatives);
        Assert.Equal(batch.CandidateCount, batch.Targets.LogQ.Length);
        Assert.All(batch.Targets.LogQ, value => Assert.True(float.IsFinite(value)));
        var behaviours = new List<int>();
        for (int row = 0; row < rows.Length; row++)
        {
            int user = examples.UserOf(rows[row]), positive = batch.Targets.Positives[row];
            Assert.InRange(positive, 0, batch.CandidateCount - 1);
            Assert.Equal(examples.PositiveOf(rows[row]), batch.Items[positive]);
            Assert.Equal(dataset.Users.Codes[0][user], batch.Users.Profiles[row]);

            int[] mask = batch.Targets.MaskOf(row).ToArray();
            int[] others = [.. Enumerable.Range(0, batch.CandidateCount)
                .Where(column => column != positive && dataset.Train.ItemsOf(user).Contains(batch.Items[column]))];
            Assert.Equal(others, mask.Order());

            examples.BehavioursOf(rows[row], behaviours);
            int[] sequence = batch.Users.Sequences[(row * batch.Users.Places)..((row + 1) * batch.Users.Places)];
            int length = batch.Users.Lengths[row];
            Assert.InRange(length, 1, config.SequenceLimit);
            Assert.All(sequence[length..], place => Assert.Equal(-1, place));
            int[] newest = [.. behaviours.Skip(Math.Max(0, behaviours.Count - config.SequenceLimit))];
            if (options.BehaviourDropout == 0)
                Assert.Equal(newest, sequence[..length].Select(place => batch.Items[place]));
            else
                Assert.All(sequence[..length], place => Assert.Contains(batch.Items[place], newest));
        }
    }

    private static List<(int Positive, string From)> All(ExampleSet examples)
    {
        var list = new List<(int, string)>();
        var behaviours = new List<int>();
        for (int i = 0; i < examples.Count; i++)
        {
            examples.BehavioursOf(i, behaviours);
            list.Add((examples.PositiveOf(i), string.Join(' ', behaviours)));
        }
        return list;
    }
}
