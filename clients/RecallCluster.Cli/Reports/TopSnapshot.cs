using System.Text.Json;
using RecallCluster.Cli.Infrastructure;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Live;

namespace RecallCluster.Cli.Reports;

/// <summary>The part of a server's snapshot that <c>recall top</c> draws; a newer server may say more.</summary>
internal sealed record TopSnapshot(
    DateTimeOffset At,
    LiveTraffic Traffic,
    LiveRetrieval Retrieval,
    LiveMarket Market,
    TopCampaign[] Campaigns,
    LiveShard[] Shards,
    Dictionary<string, string> Versions,
    LiveBackground[]? Background = null)
{
    /// <exception cref="InvalidDataException">It is no snapshot; the message says where.</exception>
    public static TopSnapshot Of(JsonElement document)
    {
        try
        {
            TopSnapshot? snapshot = document.Deserialize<TopSnapshot>(JsonOutput.Options);
            return snapshot is { Traffic: not null, Retrieval: not null, Market: not null }
                and { Campaigns: not null, Shards: not null, Versions: not null }
                ? snapshot
                : throw new InvalidDataException("The server's answer is no snapshot: a part of it is missing.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The server's answer is no snapshot: {e.Message}", e);
        }
    }
}

/// <summary>A campaign as <c>recall top</c> draws it.</summary>
internal sealed record TopCampaign(
    long Id, CampaignStatus Status, TopSettings Settings, TopDay Today, double PlannedShare, double[] Weights, TopKpi[] Kpis)
{
    public double SpentShare => Today.Budget > 0 ? Today.Spent / Today.Budget : 0;
}

/// <summary>Which campaign it is.</summary>
internal sealed record TopSettings(string Name);

/// <summary>Its books of today, in units of the currency.</summary>
internal sealed record TopDay(double Budget, double Spent, long Impressions, long Clicks);

/// <summary>A KPI and the highest value that is wanted.</summary>
internal sealed record TopKpi(string Name, double Value, double Limit);
