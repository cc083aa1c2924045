using RecallCluster.AdServer;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Cli.Workflows;
using RecallCluster.Data;
using RecallCluster.Learning.Models;
using RecallCluster.Learning.Training;
using RecallCluster.Numerics;
using RecallCluster.Retrieval;
using RecallCluster.Retrieval.Files;
using RecallCluster.Retrieval.Guided;
using RecallCluster.Retrieval.Tuning;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Gateway;
using RecallCluster.Serving.Indexes;
using RecallCluster.Simulation;
using RecallCluster.Simulation.Traffic;

namespace RecallCluster.Cli.Benches;

/// <summary>
/// The market that <c>bench serve</c> serves: world, model, tuned index and campaigns in a folder, made where a former run has not left
/// them.
/// </summary>
internal sealed class ServeMarket(ServeBenchOptions options)
{
    private const double Unlimited = 1e6;
    private const int ClickUsers = 1_000, ValueUsers = 300;

    private string Data => Path.Combine(options.Work, "data");

    private string Models => Path.Combine(options.Work, "models");

    private string Index => Path.Combine(options.Work, $"index-{options.Shards}");

    private string State => Path.Combine(options.Work, "state.db");

    /// <summary>Shards of its index.</summary>
    public int Shards => options.Shards;

    /// <summary>File of the traffic, once it is prepared.</summary>
    public string Traffic => Path.Combine(options.Work, TrafficFile.Name);

    /// <summary>Arguments of <c>serve</c> for this market.</summary>
    public string[] ServeArguments() =>
        ["--model", Models, "--index", Index, "--data", Data, "--state", State, "--threads", $"{options.Threads}"];

    /// <summary>Settings of a silo for this market.</summary>
    public string[] SiloSettings() =>
    [
        $"--directories:model={ModelFolders.DeepIn(Models)}", $"--directories:index={Index}", $"--directories:market={Data}",
        $"--directories:data={Data}",
    ];

    /// <summary>Numbers of a prepared user state.</summary>
    public int UserStateLength()
    {
        var indexed = IndexedModel.Load(ModelFolders.DeepIn(Models), Index);
        using AdIndex index = indexed.OpenShard(0);
        IScorer scorer = IndexScorer.Of(indexed.Model, index);
        using (scorer as IDisposable)
            return scorer.UserStateLength;
    }

    /// <summary>Makes what is missing.</summary>
    /// <returns>The traffic.</returns>
    /// <exception cref="InvalidDataException">The folder holds a market of another size.</exception>
    public TrafficWorld Prepare(IStages stages, CancellationToken cancellation)
    {
        var worldOptions = new SyntheticWorldOptions { Ads = options.Items, Users = options.Users, Seed = options.Seed };
        var world = new SyntheticWorld(worldOptions, options.Threads);
        using var team = new WorkerTeam(options.Threads);
        Dataset dataset = World(world, stages);
        if (ModelFolders.FindBeside(Models, ModelFolders.Deep) is null)
        {
            var training = new TrainingOptions
            {
                BatchSize = 128, Negatives = 128, Epochs = 1, TimeLimit = TimeSpan.FromMinutes(options.TrainMinutes),
                ValidationK = options.K, ValidationUsers = 300, Seed = options.Seed,
            };
            new TrainWorkflow(dataset, Models, training, team) { WithoutSideInformation = false }.Run(stages, cancellation);
        }
        string deep = ModelFolders.DeepIn(Models);
        if (!Directory.Exists(Index))
        {
            var build = new IndexBuildOptions { Shards = options.Shards, Threads = options.Threads, Graph = new() { Seed = options.Seed } };
            IndexWorkflow.Build(dataset, deep, Index, build, stages, cancellation);
        }
        Tune(dataset, deep, stages, team);
        var trafficOptions = new TrafficOptions { Campaigns = options.Campaigns, Seed = options.Seed };
        var traffic = new TrafficWorld(world, trafficOptions);
        new TrafficFile(worldOptions, trafficOptions).Write(Traffic);
        if (!AdsDirectory.HasMarket(Data))
            Write(traffic, stages);

        // Every run begins with the same budgets.
        foreach (string leftOver in Directory.EnumerateFiles(options.Work, Path.GetFileName(State) + "*"))
            File.Delete(leftOver);
        return traffic;
    }

    /// <summary>
    /// Recall of what was served: by the index's shards, under the bids and the calibration that the door left behind.
    /// </summary>
    /// <param name="stages">Progress.</param>
    /// <param name="cancellation">Gives up.</param>
    public ServeRecall Recall(IStages stages, CancellationToken cancellation)
    {
        Dataset dataset = stages.Run("Read the world", () => DatasetDirectory.Read(Data));
        string folder = ModelFolders.DeepIn(Models);
        DeepAdModel deep = IndexWorkflow.LoadDeep(folder);
        using var team = new WorkerTeam(options.Threads);
        using var ads = new IndexedAds(Index, folder, deep, dataset);
        int k = new GatewayOptions().Candidates;
        GuidedSearchParameters[] settings = [IndexDirectory.ReadTuned(Index, ads.Fingerprint)!.Parameters];
        RetrievalRow found = new EvalWorkflow(dataset, new ComparedModels(folder, null, null), team)
        {
            K = options.K, MaxUsers = ClickUsers, Seed = options.Seed,
        }.Run(deep, ads, settings, stages, cancellation).Single(row => row.Method == RetrievalRow.Guided);
        var workflow = new EvalValueWorkflow(dataset, ads, deep, team)
        {
            K = k,
            Slots = 1,
            PerCampaign = 2,
            MaxUsers = ValueUsers,
            Market = (_, scale) => MarketBids.ReadAsync(Data, State, dataset, scale).GetAwaiter().GetResult(),
            Bids = State,
            ClickRate = double.NaN,
            Seed = options.Seed,
        };
        ValueRow served = workflow.Run(settings, stages, cancellation).Rows
            .Single(row => row.Method == ValueRow.ValueAware);
        return new ServeRecall(found.RelativeRecall, found.TopKOverlap, served.ValueRecall, served.SlotRecall, k);
    }

    private Dataset World(SyntheticWorld world, IStages stages)
    {
        if (!Directory.Exists(Data))
        {
            return stages.Run("Make the world", stage =>
            {
                Dataset made = world.ToDataset(stage);
                DatasetDirectory.Write(made, Data);
                return made;
            });
        }
        Dataset kept = stages.Run("Read the world", () => DatasetDirectory.Read(Data));
        return kept.Items.Count == options.Items && kept.Users.Count == options.Users
            ? kept
            : throw new InvalidDataException(
                $"{Data}: holds {kept.Items.Count} ads and {kept.Users.Count} users; "
                + $"--items {options.Items} --users {options.Users} is wanted. "
                + "Name another --work folder.");
    }

    private void Tune(Dataset dataset, string deepFolder, IStages stages, WorkerTeam team)
    {
        DeepAdModel deep = IndexWorkflow.LoadDeep(deepFolder);
        using var ads = new IndexedAds(Index, deepFolder, deep, dataset);
        if (IndexDirectory.ReadTuned(Index, ads.Fingerprint) is { } known && known.K == options.K && known.Wanted == options.Recall)
            return;
        new TuneWorkflow(dataset, ads, deep, Index)
        {
            K = options.K, Wanted = options.Recall, Goal = TuningGoal.TopKOverlap, MaxScorings = options.Scorings, Users = 100,
            Seed = options.Seed,
        }.Run(stages, team);
    }

    /// <summary>Campaigns whose budgets outlast the bench: what is measured is answering, not running out.</summary>
    private void Write(TrafficWorld traffic, IStages stages)
    {
        using IStage stage = stages.Begin("Write the market");
        MarketFiles.WriteAds(Data, traffic);
        CampaignPlan[] plans = [.. traffic.Campaigns.Select(campaign => new CampaignPlan(
            campaign.Id, Bidding.Goals.BidProduct.Click, Bidding.Auctions.PricingModel.Cpc, Unlimited, null, null, campaign.ClickWorth,
            new Bidding.Formula.BidWeights(campaign.ClickWorth)))];
        CampaignSettings[] settings = MarketFiles.Settings(traffic, plans, "fb", DateTimeOffset.UnixEpoch);
        AdsDirectory.WriteCampaigns(Data, settings);
    }
}
