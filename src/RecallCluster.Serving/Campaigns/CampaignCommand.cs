using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Campaigns;

/// <summary>Something that a campaign is told, as the journal keeps it.</summary>
/// <param name="At">The business clock when it was told.</param>
[JsonDerivedType(typeof(PutCommand), "put")]
[JsonDerivedType(typeof(LeaseCommand), "lease")]
[JsonDerivedType(typeof(CloseCommand), "close")]
[JsonDerivedType(typeof(EventCommand), "event")]
[JsonDerivedType(typeof(ReportCommand), "report")]
[JsonDerivedType(typeof(TickCommand), "tick")]
internal abstract record CampaignCommand(DateTimeOffset At)
{
    /// <summary>The command as a log keeps it.</summary>
    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, ServingJson.Default.CampaignCommand);
}

/// <summary>Make or change the campaign.</summary>
/// <param name="At">The business clock.</param>
/// <param name="Settings">All of its settings.</param>
/// <param name="Estimate">Weights to begin with where the settings name none.</param>
/// <param name="IfVersion">The version that the change is based on.</param>
/// <param name="Actors">The version of actors that a new campaign begins with; null for the host's own.</param>
internal sealed record PutCommand(
    DateTimeOffset At, CampaignSettings Settings, double[] Estimate, long? IfVersion = null, string? Actors = null) : CampaignCommand(At);

/// <summary>A gateway wants to spend.</summary>
internal sealed record LeaseCommand(DateTimeOffset At, int Gateway, long Epoch, Micros Wanted) : CampaignCommand(At);

/// <summary>A gateway ends a lease.</summary>
internal sealed record CloseCommand(DateTimeOffset At, long Lease, long Epoch, Micros Keep) : CampaignCommand(At);

/// <summary>Something happened to a delivered ad.</summary>
internal sealed record EventCommand(DateTimeOffset At, AdEvent Event) : CampaignCommand(At);

/// <summary>A gateway reports.</summary>
internal sealed record ReportCommand(DateTimeOffset At, BidReport Report) : CampaignCommand(At);

/// <summary>Time passes.</summary>
/// <param name="At">The business clock.</param>
/// <param name="Closing">The report on the day that this tick closes, worked out by whoever sent it; null for none.</param>
/// <param name="Actors">The version of actors that decides; null for the host's own.</param>
internal sealed record TickCommand(DateTimeOffset At, CampaignDayReport? Closing = null, string? Actors = null) : CampaignCommand(At);
