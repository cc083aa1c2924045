using RecallCluster.Data;
using RecallCluster.Learning.Autograd;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Learning.Tensors;
using RecallCluster.Learning.Tests.Training;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Models;

public class HistoryMatchTests
{
    private static readonly Dataset Dataset = TinyWorld.Create(users: 10);

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 2)]
    [InlineData(5, 3)]
    [InlineData(8, 3)]
    [InlineData(9, 4)]
    [InlineData(1000, 4)]
    public void Numbers_of_occurrences_have_levels(int occurrences, int level) => Assert.Equal(level, HistoryMatch.LevelOf(occurrences));

    [Fact]
    public void An_ads_codes_are_its_row_and_its_side_information()
    {
        ModelConfig config = TinyWorld.Config(Dataset);
        int[] codes = HistoryMatch.CodesOf(config, [7, 3], Dataset.Items);
        int[] expected = [8, .. Dataset.Items.Codes.Select(field => field[7]), 4, .. Dataset.Items.Codes.Select(field => field[3])];
        Assert.Equal(expected, codes);
        Assert.Equal([8, 4], HistoryMatch.CodesOf(config with { SideInformation = false }, [7, 3], Dataset.Items));
        Assert.Empty(HistoryMatch.CodesOf(config with { HistoryMatch = false }, [7, 3], Dataset.Items));
        Assert.Empty(HistoryMatch.CodesOf(config with { Kind = ModelKind.TwoTower }, [7, 3], Dataset.Items));
    }

    [Fact]
    public void Logits_are_the_weights_of_the_fields_that_match()
    {
        ModelConfig config = TinyWorld.Config(Dataset) with { ItemFields = [new ModelField("category", 9)] };
        var match = new HistoryMatch(config, 4, new SeededRandom(1));
        // Ads' codes (row, category): three candidates, then a behaviour that is none. Category 0 is unknown.
        int[] codes = [1, 5, 2, 0, 3, 6, 4, 5];
        var users = new BehaviourBatch([], 3, [3, 3, 0, 1, 3, -1, -1, -1, -1], [3, 2, 0]);
        var tape = new Tape();
        float[] values = [.. Enumerable.Range(1, 3 * 2 * HistoryMatch.Levels)];
        Tensor weights = tape.Constant(values, new Shape(3, 2 * HistoryMatch.Levels));
        float Weight(int user, int field, int level) => values[(((user * 2) + field) * HistoryMatch.Levels) + level];
        float[] logits = match.Logits(tape, weights, codes, 3, users).Values.ToArray();
        // User 0 has seen ads 3, 3, 0: category 5 three times, ad 0 once. User 1 has seen ads 1 and 3. User 2 nothing.
        float[] expected = [Weight(0, 0, 0) + Weight(0, 1, 2), 0, 0, Weight(1, 1, 0), Weight(1, 0, 0), 0, 0, 0, 0];
        Assert.Equal(expected, logits);
    }

    [Fact]
    public unsafe void Tables_hold_every_code_of_a_full_sequence()
    {
        var config = new ModelConfig { Items = 1_000_000, SequenceLimit = 50, ItemFields = [new ModelField("brand", 100)] };
        MatchLayout layout = MatchLayout.Of(config);
        Assert.Equal(new MatchLayout(2, 128), layout);
        Assert.Equal((16, 512), (layout.RecordFloats, layout.StateFloats));
        var random = new SeededRandom(4);
        float[] weights = [.. Enumerable.Range(1, 2 * HistoryMatch.Levels)], tables = new float[layout.StateFloats];
        for (int round = 0; round < 200; round++)
        {
            int[] codes = [.. Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? 1 + random.NextInt(1_000_000) : random.NextInt(100))];
            layout.WriteTables(codes, weights, tables);
            for (int i = 0; i < 120; i++)
            {
                int[] ad = i < 50 ? [codes[2 * i], codes[(2 * i) + 1]] : [1 + random.NextInt(1_000_000), random.NextInt(100)];
                float expected = Expected(codes, weights, ad, 0) + Expected(codes, weights, ad, 1);
                fixed (float* table = tables)
                fixed (int* code = ad)
                    Assert.Equal(expected, layout.Sum(table, code));
            }
        }
    }

    [Fact]
    public unsafe void In_the_smallest_tables_every_code_counts_once_or_is_left_out()
    {
        var layout = new MatchLayout(1, 8);
        float[] weights = [1, 1, 1, 1, 1], tables = new float[layout.StateFloats];
        int[] codes = [.. Enumerable.Range(1, 20)];
        layout.WriteTables(codes, weights, tables);
        var found = new List<float>();
        for (int i = 1; i <= 40; i++)
        {
            fixed (float* table = tables)
                found.Add(layout.Sum(table, &i));
        }
        Assert.All(found, weight => Assert.True(weight is 0 or 1));
        Assert.Equal(8, found[..20].Sum());
        Assert.Equal(0, found[20..].Sum());
    }

    private static float Expected(int[] codes, float[] weights, int[] ad, int field)
    {
        int times = Enumerable.Range(0, codes.Length / 2).Count(i => codes[(2 * i) + field] == ad[field]);
        return times == 0 || ad[field] == 0 ? 0 : weights[(field * HistoryMatch.Levels) + HistoryMatch.LevelOf(times)];
    }
}
