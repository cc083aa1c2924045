using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Money;
using RecallCluster.Grains;
using RecallCluster.Grains.Contracts;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Wire.Campaigns;
using RecallCluster.Wire.Events;
using StackExchange.Redis;

namespace RecallCluster.ClusterBench;

/// <summary>Impressions that campaigns' grains acknowledged: durable, and told to calibration's counts and the user.</summary>
/// <param name="Campaigns">Campaigns.</param>
/// <param name="InFlight">Callers.</param>
/// <param name="Events">Acknowledged events; their latency holds all of it.</param>
/// <param name="BareWrites">Records of the same size appended to lists, each acknowledged, by as many callers.</param>
/// <param name="WritesAnEvent">Bare writes a second over events a second.</param>
internal sealed record EventFigures(int Campaigns, int InFlight, CallRate Events, CallRate BareWrites, double WritesAnEvent);

/// <summary>Events a second of campaigns that are in another process, over Redis.</summary>
internal sealed class EventBench(IGrainFactory grains, IDatabase redis, Process other)
{
    private const int Gateway = 1, Users = 5_000, RecordBytes = 600;
    private const long Epoch = 1;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    public async Task<EventFigures> RunAsync(int campaigns, int callers, TimeSpan duration)
    {
        LeaseReply[] leases = await Task.WhenAll(Enumerable.Range(1, campaigns).Select(id => OpenAsync(id))).ConfigureAwait(false);
        await ClosedLoop.RunAsync(callers, WarmUp, ShowAsync, other).ConfigureAwait(false);
        CallRate events = await ClosedLoop.RunAsync(callers, duration, ShowAsync, other).ConfigureAwait(false);
        byte[] record = RandomNumberGenerator.GetBytes(RecordBytes);
        CallRate writes = await ClosedLoop.RunAsync(
            callers, duration, (caller, _) => redis.ListRightPushAsync($"bench/peer/{caller % campaigns}", record), other)
            .ConfigureAwait(false);
        return new EventFigures(campaigns, callers, events, writes, writes.PerSecond / events.PerSecond);

        async Task ShowAsync(int caller, int number)
        {
            int campaign = 1 + ((caller + number) % campaigns);
            EventReply reply = await grains.GetGrain<ICampaignGrain>(campaign).AcceptAsync(
                Impression(campaign, leases[campaign - 1], (caller * 7919) + number), Gateway).ConfigureAwait(false);
            if (reply.Outcome != (int)LedgerOutcome.Applied)
                throw new InvalidOperationException($"Campaign {campaign} refused an impression: {(LedgerOutcome)reply.Outcome}.");
        }
    }

    /// <summary>Makes the campaign and takes a lease that outlasts the bench.</summary>
    private async Task<LeaseReply> OpenAsync(long id)
    {
        var settings = new CampaignSettings
        {
            Id = id,
            Name = string.Create(CultureInfo.InvariantCulture, $"Campaign {id}"),
            AdvertiserId = 1,
            AdvertiserDomain = "advertiser.example",
            Product = BidProduct.Click.Name,
            Controller = "fb",
            StartWeights = [1],
            Terms = new CampaignTerms
            {
                CampaignId = id,
                TimeZone = "Etc/UTC",
                DailyBudget = new Micros(1_000_000 * Micros.PerUnit),
                FlightStart = DateTimeOffset.UnixEpoch,
                Pacing = PacingMode.AsFastAsPossible,
                LeaseTerm = TimeSpan.FromHours(2),
                EventWindow = TimeSpan.FromHours(2),
            },
        };
        ICampaignGrain campaign = grains.GetGrain<ICampaignGrain>(id);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(settings, GrainsJson.Default.CampaignSettings);
        CampaignReply made = await campaign.PutAsync(json, null).ConfigureAwait(false);
        if (made.Refusal is { } refusal)
            throw new InvalidOperationException($"Campaign {id}: {made.RefusedField}: {refusal}");
        LeaseReply lease = await campaign.RequestLeaseAsync(new LeaseRequest(Gateway, Epoch, 1_000 * Micros.PerUnit), null)
            .ConfigureAwait(false);
        return lease.Outcome == (int)LedgerOutcome.Applied
            ? lease
            : throw new InvalidOperationException($"Campaign {id} gave no lease: {(LedgerOutcome)lease.Outcome}.");
    }

    private static EventMessage Impression(long campaign, LeaseReply lease, int number)
    {
        Span<byte> id = stackalloc byte[16];
        RandomNumberGenerator.Fill(id);
        return new EventMessage
        {
            Kind = 0,
            Win = new WinMessage
            {
                IdHigh = BitConverter.ToUInt64(id),
                IdLow = BitConverter.ToUInt64(id[8..]),
                RequestId = string.Create(CultureInfo.InvariantCulture, $"r{number}"),
                CampaignId = campaign,
                AdId = string.Create(CultureInfo.InvariantCulture, $"ad{number % 50_000}"),
                UserId = string.Create(CultureInfo.InvariantCulture, $"user{number % Users}"),
                Gateway = Gateway,
                Lease = lease.Lease,
                AuctionAt = lease.GrantedAt,
                Price = 1,
                IsPerClick = false,
                RawClickProbability = 0.05,
                ClickModel = 1,
                ClickProbability = 0.05,
            },
        };
    }
}
