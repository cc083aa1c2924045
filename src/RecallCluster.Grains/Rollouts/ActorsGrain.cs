using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Market;
using RecallCluster.Grains.Placement;
using RecallCluster.Serving.Rollouts;
using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Rollouts;

/// <summary>The versions of actors. Campaigns try a version where they are, with the actors that their silo has read from here.</summary>
[RolePlacement(SiloRoles.Control)]
internal sealed class ActorsGrain : RolloutGrain<ActorVersion, ActorLimits>, IActorsGrain
{
    private const int AskedAtOnce = 32, CampaignsNamed = 5;

    private readonly IGrainFactory _grains;
    private readonly BookReader _book;
    private readonly ActorLimits _limits;
    private readonly News _news;

    public ActorsGrain(
        MachineServices services, IGrainFactory grains, BookReader book, MachineFactory factory, RolloutOptions options,
        ClusterClock clock)
        : base(
            services, MachineFactory.ActorsKey, MachineFactory.ActorsType, ActorVersion.Own, clock.Business,
            clock.ToReal(factory.Campaigns.TickCheck))
    {
        options.Check();
        (_grains, _book, _limits) = (grains, book, options.Actors);
        _news = new News(services.Time);
    }

    public Task<byte[]> PublishAsync(string name, Dictionary<string, byte[]> files, byte[]? limits) => BeginAsync(
        number => ActorVersion.Of(name, files, number),
        limits is null ? _limits : GrainsJson.Read(limits, GrainsJson.Default.ActorLimits, "limits"));

    public Task<long> RevisionAsync() => Task.FromResult(Plan.Revision);

    public async Task<byte[]?> NextAsync(long revision)
    {
        if (Plan.Revision == revision)
            await _news.WaitAsync().ConfigureAwait(true);
        return Plan.Revision == revision ? null : Machine.Snapshot();
    }

    // Silos read it from the plan; a campaign whose silo has not yet says so.
    public override Task PrepareAsync(ActorVersion version) => Task.CompletedTask;

    public override async Task<RolloutVerdict> JudgeAsync(ActorVersion version, ActorLimits limits)
    {
        var tally = new ActorTally();
        var without = new List<long>();
        foreach (long[] some in limits.Campaigns == 0 ? [] : Asked().Chunk(AskedAtOnce))
        {
            ActorTally?[] tried = await Task.WhenAll(some.Select(campaign => TryAsync(campaign, version))).ConfigureAwait(true);
            foreach ((long campaign, ActorTally? found) in some.Zip(tried))
            {
                if (found is null)
                    without.Add(campaign);
                tally = tally.Plus(found ?? new ActorTally());
            }
        }
        RolloutVerdict verdict = limits.Judge(tally);
        return without.Count == 0 ? verdict : new RolloutVerdict(null, false, verdict.Figures) { Waits = WaitsFor(without) };
    }

    /// <summary>What a version waits for that has not come to some campaigns, for people.</summary>
    internal static string WaitsFor(IReadOnlyList<long> campaigns)
    {
        string named = string.Join(", ", campaigns.Take(CampaignsNamed));
        string others = campaigns.Count > CampaignsNamed ? $" and {campaigns.Count - CampaignsNamed} more" : "";
        return $"the silos of campaigns {named}{others} have not read the version yet";
    }

    public override Task DropAsync(ActorVersion version) => Task.CompletedTask;

    public override TimeSpan PatienceOf(ActorLimits limits) => limits.Patience;

    protected override void OnChanged() => _news.Tell();

    /// <summary>Campaigns with a trained controller, as far as this silo knows them; those first that spend the most.</summary>
    private IEnumerable<long> Asked()
    {
        IReadOnlyList<long> spent = _book.SpentToday;
        return ActorTrial.InOrder(_book.Current.Settings.Zip(spent), one => one.First.Controller, one => one.Second)
            .Take(ActorTrial.MostCampaigns).Select(one => one.First.Id);
    }

    /// <summary>
    /// What a campaign found; nothing of one that cannot be reached, or cannot replay its auctions: the others are tried all the same. Null
    /// of one that has not got the version yet.
    /// </summary>
    private async Task<ActorTally?> TryAsync(long campaign, ActorVersion version)
    {
        try
        {
            byte[]? tally = await GrainCalls.AskAsync(
                _grains.GetGrain<ICampaignGrain>(campaign).TryActorsAsync(version.Name), $"Campaign {campaign}", CancellationToken.None)
                .ConfigureAwait(true);
            return tally is null ? null : GrainsJson.Read(tally, GrainsJson.Default.ActorTally, "tally");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Telemetry.AskFailed(e);
            return new ActorTally();
        }
    }
}
