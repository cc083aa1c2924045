using System.Text.Json;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Calibration;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Experiments;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Users;

namespace RecallCluster.Http.Fuzzing;

/// <summary>A command as a journal holds it.</summary>
internal sealed record SeedRecord(string Key, string[] Followers, byte[] Payload);

/// <summary>Commands of every kind, in an order in which they can happen, and the machines that take them.</summary>
internal static class MachineSeeds
{
    private const long CampaignId = 7, ExperimentId = 3;
    private const string User = "user-7";
    private static readonly DateTimeOffset Now = FuzzSeeds.Now;

    private static readonly BidControllers Own = new();

    /// <summary>The commands; the first makes the campaign.</summary>
    public static IReadOnlyList<SeedRecord> Records { get; } = [.. Commands()];

    /// <summary>New machines of every kind, without memory.</summary>
    public static StateMachines NewMachines()
    {
        var machines = new StateMachines();
        var controllers = new ControllerVersions(Own);
        machines.AddFamily(CampaignDirectory.KeyOf(CampaignId), key => new Campaign(key, new CampaignOptions(), controllers));
        machines.Add(MachineFactory.ActorsKey, NewPlan(controllers.Use));
        var options = new CalibrationOptions();
        machines.AddFamily("calibration/", key => new CalibrationShard(key, options));
        var users = new UserStoreOptions();
        machines.AddFamily("users/", key => new UserPartition(key, 100, users));
        machines.Add(CatalogueEdits.Key, new CatalogueEdits());
        _ = new ExperimentFamily(machines);
        machines.Add(CalibratorVersions.Key, MachineFactory.CalibratorPlan());
        return machines;
    }

    /// <summary>Applies records as a journal does: addressee first, then followers.</summary>
    /// <exception cref="InvalidDataException">One cannot be read.</exception>
    public static void Apply(StateMachines machines, IEnumerable<JournalRecord> records)
    {
        foreach (JournalRecord record in records)
        {
            Applied applied = machines.Apply(record);
            if (applied.Answer is NullReferenceException or IndexOutOfRangeException or KeyNotFoundException or InvalidCastException)
                throw new InvalidOperationException($"{record.Key} tripped over record {record.Sequence}.", (Exception)applied.Answer);
            foreach (string follower in record.Followers)
                machines.Follow(follower, record, applied.Verdict);
        }
    }

    private static RolloutPlan<ActorVersion, ActorLimits> NewPlan(Action<RolloutState<ActorVersion, ActorLimits>>? changed) =>
        new(MachineFactory.ActorsKey, MachineFactory.ActorsType, ActorVersion.Own) { Changed = changed };

    private static IEnumerable<SeedRecord> Commands()
    {
        var terms = new CampaignTerms
        {
            CampaignId = CampaignId,
            TimeZone = "UTC",
            DailyBudget = new Micros(100_000_000),
            FlightStart = Now.AddDays(-1),
            Pacing = PacingMode.AsFastAsPossible,
        };
        var settings = new CampaignSettings
        {
            Id = CampaignId,
            Name = "Spring",
            AdvertiserId = 4,
            AdvertiserDomain = "adv.example",
            Terms = terms,
            Product = "click-cpc",
            MaxCpc = 0.5,
            Controller = "replan",
            StartWeights = [1, 0.5],
            Targeting = new Targeting { Countries = ["DEU"], Hours = [8, 9] },
            Caps = [new FrequencyRule(3, TimeSpan.FromDays(1))],
        };
        yield return Command(new PutCommand(Now, settings, [1, 0.5]));
        yield return Command(new LeaseCommand(Now.AddSeconds(1), 2, 1, new Micros(5_000_000)));
        var experiment = new ExperimentSettings
        {
            Id = ExperimentId,
            Name = "Less search",
            Layer = "search",
            Share = 0.5,
            Arms = [new ExperimentArm("a", 1), new ExperimentArm("b", 2.5, new Treatment { MaxScorings = 9, SkipRanker = true })],
        };
        yield return OfExperiments(new PutExperiment(Now, ExperimentId, experiment));
        Win win = FuzzSeeds.Wins[0] with
        {
            Lease = 1, AuctionAt = Now.AddSeconds(5), UserId = User, Arms = [new WonArm(ExperimentId, 1)],
        };
        yield return Command(new EventCommand(Now.AddSeconds(9), new AdEvent(AdEventKind.Impression, win)));
        yield return Command(new EventCommand(Now.AddSeconds(10), new AdEvent(AdEventKind.Click, win)));
        yield return new SeedRecord(
            CalibrationCountsFamily.KeyOf(CampaignId), [],
            JsonSerializer.SerializeToUtf8Bytes(
                new EngagementCommand(Now.AddSeconds(20), new AdEvent(AdEventKind.Engagement, win) { Signals = [1, 2.5] }),
                ServingJson.Default.EngagementCommand));
        yield return Command(new EventCommand(Now.AddMinutes(2), new AdEvent(AdEventKind.Conversion, win) { Number = 5 }));
        long[] counts = new long[UserSplit.Blocks];
        yield return new SeedRecord(
            Experiment.KeyOf(ExperimentId), [],
            new ReportExposures(Now, ExperimentId, 2, 1, 1, [new(counts, counts, counts), new(counts, counts, counts)]).Write());
        yield return OfExperiments(new StopExperiment(Now.AddMinutes(3), ExperimentId) { IfVersion = 1 });
        yield return Command(new ReportCommand(Now.AddMinutes(5), new BidReport
        {
            Auctions = 100,
            Wins = 10,
            Value = 0.3,
            Numerators = [0.1],
            Denominators = [0.3],
            Sample = [new AuctionSample(0.02f, 0.01f), new AuctionSample(0.03f, 0.02f)],
            SampleWeight = 50,
            ConversionProbability = 0.1,
        }));
        yield return Command(new TickCommand(Now.AddMinutes(31)));
        yield return Command(new CloseCommand(Now.AddMinutes(32), 1, 1, new Micros(1_000)));
        yield return OfUser(new ConsentCommand(User, true));
        yield return OfUser(new ConsentCommand("user-8", false));
        yield return OfUser(new EraseCommand("user-9"));
        var ad = new Ad
        {
            Id = "ad-1",
            CampaignId = CampaignId,
            Categories = ["IAB2-3"],
            Creative = new Creative
            {
                Kind = CreativeKind.Banner,
                Width = 300,
                Height = 250,
                Media = new Uri("https://cdn.example/a.png"),
                MediaType = "image/png",
            },
            LandingPage = new Uri("https://adv.example/"),
            Features = new Dictionary<string, RecallCluster.Serving.ProfileValue>
            {
                ["category"] = RecallCluster.Serving.ProfileValue.OfCode(3), ["brand"] = RecallCluster.Serving.ProfileValue.OfLabel("acme"),
            },
        };
        yield return new SeedRecord(CatalogueEdits.Key, [], CatalogueEdits.Write(new CatalogueEdit("ad-1", AdLine.Of(ad))));
        yield return new SeedRecord(CatalogueEdits.Key, [], CatalogueEdits.Write(new CatalogueEdit("ad-2", null)));
        yield return OfExperiments(new DeleteExperiment(Now.AddHours(2), ExperimentId + 1));
        RolloutPlan<CalibratorVersion, CalibratorLimits> calibrators = MachineFactory.CalibratorPlan();
        RolloutState<CalibratorVersion, CalibratorLimits> changed = calibrators.State.Begin(
            CalibratorVersion.Of("quick", 1, new CalibratorSettings()), new CalibratorLimits(), Now)!;
        yield return new SeedRecord(calibrators.Key, [], calibrators.Write(changed with { Revision = 1 }));
        yield return Command(new TickCommand(Now.AddDays(1)));
        RolloutPlan<ActorVersion, ActorLimits> plan = NewPlan(null);
        RolloutState<ActorVersion, ActorLimits> begun = plan.State.Begin(ActorVersion.Own, new ActorLimits(), Now)!;
        yield return new SeedRecord(plan.Key, [], plan.Write(begun with { Revision = 1 }));
        yield return Command(new TickCommand(Now.AddDays(1).AddMinutes(31), null, "00c0ffee.1"));
    }

    private static SeedRecord Command(CampaignCommand command) => new(
        CampaignDirectory.KeyOf(CampaignId),
        command is EventCommand
            ? [CalibrationCountsFamily.KeyOf(CampaignId), UserMemories.KeyOf(User), Experiment.KeyOf(ExperimentId)] : [],
        JsonSerializer.SerializeToUtf8Bytes(command, ServingJson.Default.CampaignCommand));

    private static SeedRecord OfExperiments(ExperimentCommand command) =>
        new(ExperimentList.Key, JournalExperiments.FollowersOf(command), command.Write());

    private static SeedRecord OfUser(UserCommand command) => new(
        UserMemories.KeyOf(User), [], JsonSerializer.SerializeToUtf8Bytes(command, ServingJson.Default.UserCommand));
}
