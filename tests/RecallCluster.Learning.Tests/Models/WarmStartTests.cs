using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Scoring;
using RecallCluster.Learning.Tests.Training;
using RecallCluster.Learning.Training;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Tests.Models;

public class WarmStartTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_deep_model_starts_with_the_order_of_its_towers(bool ordered)
    {
        Dataset dataset = TinyWorld.Create(ordered: ordered);
        var towers = (TwoTowerModel)ModelDirectory.Create(TinyWorld.Config(dataset, ModelKind.TwoTower), new SeededRandom(1));
        new Trainer(
            new TrainingOptions { BatchSize = 32, Negatives = 48, Epochs = 3, LearningRate = 1e-2f, WarmupSteps = 10, ValidationK = 20 })
            .Train(towers, dataset);
        var deep = (DeepAdModel)ModelDirectory.Create(TinyWorld.Config(dataset), new SeededRandom(2));
        WarmStart.Apply(deep, towers, dataset.Items);
        double agreement = 0;
        const int Users = 20, Best = 10;
        for (int user = 0; user < Users; user++)
        {
            int[] byTowers = BestOf(towers, dataset, user, Best), byDeep = BestOf(deep, dataset, user, Best);
            agreement += (double)byTowers.Intersect(byDeep).Count() / Best / Users;
        }
        Assert.True(agreement > 0.9, $"Of the best {Best} ads of the towers, the deep model has {agreement:P0}.");
    }

    [Fact]
    public void A_deep_model_without_interaction_row_cannot_start_from_towers()
    {
        Dataset dataset = TinyWorld.Create();
        var towers = (TwoTowerModel)ModelDirectory.Create(TinyWorld.Config(dataset, ModelKind.TwoTower), new SeededRandom(1));
        var deep = (DeepAdModel)ModelDirectory.Create(TinyWorld.Config(dataset) with { InteractionRow = false }, new SeededRandom(2));
        Assert.Throws<InvalidOperationException>(() => WarmStart.Apply(deep, towers, dataset.Items));
    }

    [Fact]
    public void Forgotten_ids_are_small_and_random_and_nothing_else_changes()
    {
        Dataset dataset = TinyWorld.Create();
        var deep = (DeepAdModel)ModelGradientTests.Randomized(TinyWorld.Config(dataset));
        Dictionary<string, float[]> before = deep.Parameters.ToDictionary(
            p => p.Name, p => p.Value.Values.ToArray(), StringComparer.Ordinal);
        WarmStart.ForgetIds(deep, new SeededRandom(3));
        string[] changed = [.. deep.Parameters.Where(p => !p.Value.Values.SequenceEqual(before[p.Name])).Select(p => p.Name)];
        Assert.Equal(["target.id.weight"], changed);
        float[] ids = deep.Ids.Value.Values.ToArray();
        Assert.InRange(Math.Sqrt(ids.Average(x => (double)x * x)), 0.04, 0.06);
        Assert.InRange(ids.Average(), -0.01f, 0.01f);
    }

    private static int[] BestOf(IAdModel model, Dataset dataset, int user, int count)
    {
        using TargetVectors targets = TargetVectors.Compute(model, dataset.Items);
        using PreparedModel prepared = PreparedModel.Of(model, targets);
        var state = new float[prepared.Encoder.UserStateLength];
        prepared.Encoder.Encode(Array.ConvertAll(dataset.Users.Codes, field => field[user]), dataset.Train.ItemsOf(user), state);
        return new Retrieval.ExhaustiveSearch(prepared.Scorer).Search(state, count).Ordinals;
    }
}
