using RecallCluster.Learning.Models;
using RecallCluster.Serving.Hosting;

namespace RecallCluster.Serving.Tests.Market;

public class ModelRankerTests
{
    [Theory]
    [InlineData(AttentionKind.Softmax)]
    [InlineData(AttentionKind.Linear)]
    public void Ads_are_scored_as_the_model_scores_them_and_unknown_ones_not_at_all(AttentionKind attention)
    {
        using var made = new HandMadeModel(40, attention: attention);
        using ModelRanker ranker = ModelRanker.Open(made.ModelPath, made.Dataset, new UserDirectory(made.Dataset));
        string[] ids = [.. made.Dataset.Items.Ids, "nobody knows it"];
        var scores = new float[ids.Length];

        ranker.Score(new UserFeatures { Id = "ann" }, ids, scores);

        Assert.True(float.IsNaN(scores[^1]));
        string[] ranked = [.. ids.Take(40).Zip(scores).OrderByDescending(ad => ad.Second).Select(ad => ad.First)];
        Assert.Equal(made.Best([1, 4], [0, 1, 2], 40), ranked);
    }
}
