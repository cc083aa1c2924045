using RecallCluster.Calibration.Counts;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Indexes;

namespace RecallCluster.Serving.Tests;

public sealed class ClickScaleTests
{
    [Fact]
    public void Probabilities_rise_with_the_score_and_never_become_certain()
    {
        var scale = new ClickScale(0.1, -4);
        float[] scores = [.. Enumerable.Range(0, 200).Select(i => i - 100f)];

        Assert.Equal(scores.Length, scores.Select(scale.Probability).Distinct().Count());
        Assert.Equal(scores.Select(scale.Probability).Order(), scores.Select(scale.Probability));
        Assert.Equal(1 / (1 + Math.Exp(4)), scale.Probability(0), 1e-15);
        Assert.InRange(ClickScale.Logits.Probability(1e6f), 0.999, 1 - 1e-10);
        Assert.InRange(ClickScale.Logits.Probability(-1e6f), 1e-10, 0.001);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-1, 0)]
    [InlineData(double.NaN, 0)]
    [InlineData(1, double.PositiveInfinity)]
    public void Not_every_pair_of_numbers_is_a_scale(double slope, double shift) => Assert.False(new ClickScale(slope, shift).IsValid);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-500, 900)]
    [InlineData(1e-3, 2e-3)]
    public void Wherever_a_model_puts_its_scores_the_best_keep_their_order_on_the_grid(double ordinary, double best)
    {
        ClickScale scale = ClickScaleEstimate.Between(best - ordinary, best, best, best);

        Assert.True(scale.IsValid);
        Assert.Equal(-10, scale.Logit((float)ordinary), 0.01);
        Assert.Equal(-3, scale.Logit((float)best), 0.01);
        // Twice as far up as the best of the sample: still inside the calibration's grid, a cell for each hundredth of the way.
        int[] cells = [.. Enumerable.Range(0, 100).Select(
            i => LogitGrid.CellOf(scale.Probability((float)(best + ((best - ordinary) * i / 100)))))];
        Assert.Equal(100, cells.Distinct().Count());
    }

    [Fact]
    public void Users_far_apart_fit_on_the_grid_together()
    {
        ClickScale scale = ClickScaleEstimate.Between(spread: 5, low: -100, middle: 0, high: 60);

        Assert.Equal(12, scale.Logit(60) - scale.Logit(-100), 0.01);
        Assert.Equal(-3, scale.Logit(0), 0.01);
    }

    [Fact]
    public void Scores_that_do_not_differ_are_taken_as_logits() =>
        Assert.Equal(ClickScale.Logits, ClickScaleEstimate.Between(0, 3, 3, 3));

    [Fact]
    public async Task An_index_knows_the_scale_of_its_model_and_a_host_answers_with_it()
    {
        using var made = new HandMadeModel(400);
        string index = made.Index(2);
        ClickScale scale = IndexDirectory.ReadManifest(index).Clicks!;

        Assert.Equal(scale, ClickScaleEstimate.Of(made.Model, made.Dataset));
        Assert.NotEqual(ClickScale.Logits, scale);
        await using var host = new EmbeddedHost(1);
        host.Load(new EmbeddedHostOptions { ModelDirectory = made.ModelPath, IndexDirectory = index });
        RetrievalAnswer answer = await host.Retriever.AnswerAsync(new RetrievalRequest(new UserFeatures(), 5), default);

        Assert.Equal(ClickModel.Of(ModelFingerprint.Of(made.ModelPath), scale), answer.Clicks);
        Assert.All(answer.Ads, ad => Assert.InRange(answer.Clicks.Scale.Logit(ad.Score), -15.9, 15.9));
    }

    [Fact]
    public void Click_models_are_told_apart_by_model_and_by_scale()
    {
        var scale = new ClickScale(0.5, -2);

        Assert.Equal(ClickModel.Of("a", scale), ClickModel.Of("a", new ClickScale(0.5, -2)));
        Assert.NotEqual(ClickModel.Of("a", scale).Id, ClickModel.Of("b", scale).Id);
        Assert.NotEqual(ClickModel.Of("a", scale).Id, ClickModel.Of("a", scale with { Shift = -2.1 }).Id);
    }

    [Fact]
    public void A_manifest_whose_scale_makes_no_sense_is_refused()
    {
        using var made = new HandMadeModel(50);
        string index = made.Index(1);
        IndexDirectory.WriteManifest(index, IndexDirectory.ReadManifest(index) with { Clicks = new ClickScale(-1, 0) });

        var error = Assert.Throws<InvalidDataException>(() => IndexDirectory.ReadManifest(index));

        Assert.Contains("slope -1", error.Message, StringComparison.Ordinal);
    }
}
