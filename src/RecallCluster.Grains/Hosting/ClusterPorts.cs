using System.Text.Json;
using RecallCluster.Bidding.Money;
using RecallCluster.Grains.Calibration;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Market;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.Gateway;
using RecallCluster.Serving.Users;
using RecallCluster.Wire.Campaigns;
using RecallCluster.Wire.Users;

namespace RecallCluster.Grains.Hosting;

/// <summary>Leases of the campaigns' grains.</summary>
internal sealed class GrainLeases(IGrainFactory grains, IGatewayObserver observer) : ILeases
{
    /// <inheritdoc/>
    public async Task<LeaseGrant> RequestAsync(long campaign, int gateway, long epoch, Micros wanted, CancellationToken cancellation) =>
        WireMap.ToGrant(
            await GrainCalls.AskAsync(
                grains.GetGrain<ICampaignGrain>(campaign).RequestLeaseAsync(new LeaseRequest(gateway, epoch, wanted.Value), observer),
                $"Campaign {campaign}", cancellation).ConfigureAwait(false),
            gateway, epoch);

    /// <inheritdoc/>
    public async Task<LedgerOutcome> CloseAsync(long campaign, long lease, long epoch, Micros keep, CancellationToken cancellation) =>
        (LedgerOutcome)await GrainCalls.AskAsync(
            grains.GetGrain<ICampaignGrain>(campaign).CloseLeaseAsync(new LeaseClose(lease, epoch, keep.Value)), $"Campaign {campaign}",
            cancellation).ConfigureAwait(false);
}

/// <summary>The users' grains as a user store.</summary>
internal sealed class GrainUsers(IGrainFactory grains, TimeSpan patience) : IUserStore
{
    private const string Whom = "The user's grain";

    // Search and auction want most of a request's time.
    private const int ShareOfRequest = 4;

    // Whoever cannot be asked may have refused: nothing of the user is used then.
    private static readonly UserMemory Unreachable = new([], Consent: false);

    /// <inheritdoc/>
    public ValueTask<UserMemory?> FindAsync(string userId, CancellationToken cancellation) => FindAsync(userId, null, cancellation);

    /// <inheritdoc/>
    public async ValueTask<UserMemory?> FindAsync(string userId, TimeSpan? within, CancellationToken cancellation)
    {
        TimeSpan wait = within / ShareOfRequest is { } share && share < patience ? share : patience;
        try
        {
            UserMessage? found = await GrainCalls.AskAsync(
                grains.GetGrain<IUserGrain>(userId).FindAsync().WaitAsync(wait, cancellation), Whom, cancellation).ConfigureAwait(false);
            return found is null ? null : WireMap.ToMemory(found);
        }
        catch (IOException e)
        {
            Telemetry.AskFailed(e.InnerException ?? e);
            Telemetry.UserUnreachable();
            return Unreachable;
        }
    }

    /// <inheritdoc/>
    public Task SetConsentAsync(string userId, bool mayPersonalise, CancellationToken cancellation) =>
        GrainCalls.AskAsync(grains.GetGrain<IUserGrain>(userId).SetConsentAsync(mayPersonalise), Whom, cancellation);

    /// <inheritdoc/>
    public Task<bool> EraseAsync(string userId, CancellationToken cancellation) =>
        GrainCalls.AskAsync(grains.GetGrain<IUserGrain>(userId).EraseAsync(), Whom, cancellation);
}

/// <summary>Events to the campaigns' grains; those of a click's aftermath to the counts.</summary>
/// <param name="grains">The grains.</param>
/// <param name="gateway">Number of the gateway that they come to; 0 for none.</param>
/// <param name="deferral">What becomes of events that cannot be delivered now; null leaves them to the sender.</param>
internal sealed class GrainDelivery(IGrainFactory grains, int gateway, Deferral? deferral) : EventDelivery(deferral)
{
    /// <inheritdoc/>
    protected override Task<bool> EngageAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation) => GrainCalls.AskAsync(
        grains.GetGrain<ICalibrationCountsGrain>(CountsKeys.PartOf(happened.Win.CampaignId)).EngageAsync(WireMap.ToWire(happened)),
        "Calibration", cancellation);

    /// <inheritdoc/>
    protected override async Task<AdEventResult> ChargeAsync(AdEvent happened, DateTimeOffset at, CancellationToken cancellation) =>
        WireMap.ToResult(await GrainCalls.AskAsync(
            grains.GetGrain<ICampaignGrain>(happened.Win.CampaignId).AcceptAsync(WireMap.ToWire(happened), gateway),
            $"Campaign {happened.Win.CampaignId}", cancellation).ConfigureAwait(false));

    /// <inheritdoc/>
    /// <remarks>The campaign knows how to reach the gateway whose reserve it is.</remarks>
    protected override Task<AdEventResult> LoseAsync(AdEvent happened, CancellationToken cancellation) =>
        happened.Win.Gateway == gateway ? base.LoseAsync(happened, cancellation) : ChargeAsync(happened, default, cancellation);
}

/// <summary>Catalogue edits to the catalogue's grain; they are here, too, when an edit is acknowledged.</summary>
internal sealed class GrainCatalogueLog(IGrainFactory grains, SiloMarket market) : ICatalogueLog
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public async Task AppendAsync(CatalogueEdit edit, CancellationToken cancellation)
    {
        (Guid life, long place) = await GrainCalls.AskAsync(
            grains.GetGrain<ICatalogueGrain>(0).EditAsync(CatalogueEdits.Write(edit)), "The catalogue", cancellation).ConfigureAwait(false);
        try
        {
            await market.WaitForEditAsync(life, place, cancellation).WaitAsync(Patience, CancellationToken.None).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw new IOException($"The edit of ad '{edit.Id}' is durable, but was not read here within {Patience.TotalSeconds} s.", e);
        }
    }
}

/// <summary>
/// The campaigns' grains. A change is acknowledged when this silo's gateway knows it, too; where the bid book cannot be reached just then,
/// when it is durable, and gateways hear of it as soon as the book can.
/// </summary>
internal sealed class GrainCampaigns(IGrainFactory grains, BookReader book) : ICampaigns, IBidReports
{
    private const string TheBook = "The bid book";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<CampaignView>> ListAsync(long after, int limit, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        CampaignView?[] views = await Task.WhenAll(
            book.Campaigns.Where(id => id > after).Order().Take(limit).Select(id => FindAsync(id, cancellation))).ConfigureAwait(false);
        return [.. views.OfType<CampaignView>()];
    }

    /// <summary>Campaigns with the highest spend of today, as far as is known here.</summary>
    public async Task<IReadOnlyList<CampaignView>> TopAsync(int count, CancellationToken cancellation)
    {
        IReadOnlyList<long> spent = book.SpentToday, campaigns = book.Campaigns;
        CampaignView?[] views = await Task.WhenAll(
            Enumerable.Range(0, Math.Min(spent.Count, campaigns.Count)).OrderByDescending(n => spent[n]).ThenBy(n => campaigns[n])
                .Take(count).Select(n => FindAsync(campaigns[n], cancellation))).ConfigureAwait(false);
        return [.. views.OfType<CampaignView>()];
    }

    /// <inheritdoc/>
    public async Task<CampaignView?> FindAsync(long id, CancellationToken cancellation)
    {
        byte[]? view = await GrainCalls.AskAsync(grains.GetGrain<ICampaignGrain>(id).ViewAsync(), $"Campaign {id}", cancellation)
            .ConfigureAwait(false);
        return view is null ? null : GrainsJson.Read(view, CampaignViewJson.Type, "campaign's view");
    }

    /// <inheritdoc/>
    public async Task<CampaignView> PutAsync(CampaignSettings settings, long? ifVersion, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(settings);
        IBidBookGrain books = grains.GetGrain<IBidBookGrain>(0);
        // Its number first: were the campaign made and this process gone, nobody would know of it.
        await GrainCalls.AskAsync(books.EnrolAsync([settings.Id]), TheBook, cancellation).ConfigureAwait(false);
        CampaignReply reply = await GrainCalls.AskAsync(
            grains.GetGrain<ICampaignGrain>(settings.Id).PutAsync(
                JsonSerializer.SerializeToUtf8Bytes(settings, GrainsJson.Default.CampaignSettings), ifVersion),
            $"Campaign {settings.Id}", cancellation).ConfigureAwait(false);
        if (reply.ConflictingVersion is { } actual)
            throw new VersionConflictException(ifVersion ?? 0, actual);
        if (reply.Refusal is { } refusal)
            throw new InvalidRequestException(reply.RefusedField ?? "campaign", refusal);
        (Guid life, long version) = await GrainCalls.AskAsync(books.VersionAsync(), TheBook, cancellation).ConfigureAwait(false);
        await book.WaitForAsync(life, version, cancellation).ConfigureAwait(false);
        return GrainsJson.Read(reply.View!, CampaignViewJson.Type, "campaign's view");
    }

    /// <summary>Tells a campaign what this gateway did for it.</summary>
    public Task ReportAsync(long campaign, BidReport report, CancellationToken cancellation) => GrainCalls.AskAsync(
        grains.GetGrain<ICampaignGrain>(campaign).ReportAsync(JsonSerializer.SerializeToUtf8Bytes(report, GrainsJson.Default.BidReport)),
        $"Campaign {campaign}", cancellation);
}
