using RecallCluster.Numerics;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Hosting;
using RecallCluster.Serving.Tests.Market;

namespace RecallCluster.Serving.Tests.Experiments;

/// <summary>The embedded host with a real index: an experiment tells that hardly any search budget costs money.</summary>
public sealed class SearchBudgetTests : IDisposable
{
    private const int Ads = 400, Users = 500, RequestsOfUser = 3;
    private const double ClicksOfTheBest = 0.5;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("recall-experiment-");

    [Fact]
    public async Task Hardly_any_search_budget_measurably_loses_and_the_same_budget_does_not()
    {
        using var made = new HandMadeModel(Ads);
        await using var host = new EmbeddedHost(threads: 2);
        host.Load(new EmbeddedHostOptions
        {
            ModelDirectory = made.ModelPath,
            IndexDirectory = made.Index(2),
            Parameters = new GuidedSearchParameters { Layers = [new LayerBudget(1_000, 1_000)] },
        });
        ClosedLoop loop = await host.OpenLoopAsync(Market());
        await loop.Experiments.PutAsync(
            Trial.Settings(1) with
            {
                Arms =
                [
                    new ExperimentArm("as tuned", 1),
                    new ExperimentArm("hardly any", 1, new Treatment { MaxScorings = 4 }),
                    new ExperimentArm("the same", 1),
                ],
            },
            null, default);

        AdAnswer trial = await loop.Gateway.AnswerAsync(LoopWorld.Request("trial", "ann") with { IsTest = true }, default);
        // A model that was never trained is sure that nobody clicks: those of this test click so many times as often.
        double keenness = ClicksOfTheBest / trial.Ads[0].Win.ClickProbability;
        var random = new SeededRandom(11);
        for (int i = 0; i < Users * RequestsOfUser; i++)
            await VisitAsync(loop, $"user-{i % Users}", i, keenness, random);
        await loop.PassAsync();

        ExperimentResults results = (await loop.Experiments.FindAsync(1, default))!.Results!;
        Assert.Equal(Users * RequestsOfUser, results.Arms.Sum(arm => arm.Requests));
        Assert.Null(results.Arms[0].RevenuePerThousand.Lift);
        Lift poor = results.Arms[1].RevenuePerThousand.Lift!.Value, same = results.Arms[2].RevenuePerThousand.Lift!.Value;
        Assert.True(poor.High < -0.05, $"{poor}");
        Assert.True(same.Low < 0 && same.High > 0, $"{same}");
        Assert.InRange(results.SampleRatioP, 0.001, 1);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>A request, and the click on its ad in proportion to what the model says.</summary>
    private static async Task VisitAsync(ClosedLoop loop, string user, int number, double keenness, SeededRandom random)
    {
        AdRequest request = LoopWorld.Request($"r{number}", user) with
        {
            User = new UserFeatures { Id = user, Sequence = [$"ad{random.NextInt(Ads)}", $"ad{random.NextInt(Ads)}"] },
        };
        AdAnswer answer = await loop.Gateway.AnswerAsync(request, default);
        foreach (PlacedAd ad in answer.Ads)
        {
            AdEvent[] events = random.NextDouble() < keenness * ad.Win.ClickProbability
                ? [new(AdEventKind.Impression, ad.Win), new(AdEventKind.Click, ad.Win)] : [new(AdEventKind.Impression, ad.Win)];
            await loop.Feedback.AcceptAsync(events, default);
        }
    }

    private ClosedLoopOptions Market()
    {
        double[] prices = [.. Enumerable.Range(0, 20).Select(i => 0.2 + (0.1 * i))];
        AdsDirectory.WriteCampaigns(_directory.FullName, prices.Select((price, i) => LoopWorld.Campaign(i + 1, price)));
        AdsDirectory.WriteAds(
            _directory.FullName, Enumerable.Range(0, Ads).Select(i => LoopWorld.Ad($"ad{i}", (i % prices.Length) + 1)));
        return new ClosedLoopOptions
        {
            MarketDirectory = _directory.FullName,
            StateFile = Path.Combine(_directory.FullName, "state.db"),
            BusinessClock = new BusinessTime(LoopWorld.Start),
            Seed = 5,
        };
    }
}
