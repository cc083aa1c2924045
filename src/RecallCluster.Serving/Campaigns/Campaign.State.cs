using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Campaigns;

/// <content>How a campaign becomes bytes and bytes a campaign.</content>
internal sealed partial class Campaign
{
    private const string BooksSection = "ledger", ControlSection = "control";

    /// <inheritdoc/>
    public byte[] Snapshot()
    {
        var sections = new SnapshotSections();
        if (!Exists)
            return sections.ToBytes();
        sections.Add(BooksSection, MoneyFormat.ToBytes(Ledger.ToState()));
        var memory = new CampaignMemory
        {
            Settings = Settings,
            Version = Version,
            CreatedAt = _createdAt,
            LeasedUntil = _leasedUntil,
            NextWeights = _nextWeights,
            Day = _day?.State,
            Past = _past,
            Reports = _reports,
            Actors = _actors,
        };
        sections.Add(ControlSection, JsonSerializer.SerializeToUtf8Bytes(memory, ServingJson.Default.CampaignMemory));
        return sections.ToBytes();
    }

    /// <inheritdoc/>
    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        SnapshotSections sections = SnapshotSections.Read(snapshot, Key);
        if (sections.Find(ControlSection) is not { } control)
            return;
        CampaignMemory memory = SnapshotSections.ReadJson(control, ServingJson.Default.CampaignMemory, $"The snapshot of {Key}");
        _ledger = new CampaignLedger(MoneyFormat.ReadCampaignState(sections.Get(BooksSection).Span));
        _calendar = new CampaignCalendar(_ledger.Terms.TimeZone);
        _settings = memory.Settings with { Terms = _ledger.Terms };
        (Version, _createdAt, _leasedUntil, _nextWeights) = (memory.Version, memory.CreatedAt, memory.LeasedUntil, memory.NextWeights);
        memory.Past?.First?.Check();
        (_past, _reports, _actors) = (memory.Past, memory.Reports, memory.Actors);
        _day = memory.Day is { } day ? CampaignDay.Resume(_settings, day, _past, _controllers, _actors) : null;
        Changed?.Invoke(this);
    }
}

/// <summary>A campaign's memory beside its ledger.</summary>
internal sealed class CampaignMemory
{
    public required CampaignSettings Settings { get; init; }

    public required long Version { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset LeasedUntil { get; init; }

    public required double[] NextWeights { get; init; }

    public DayState? Day { get; init; }

    public PastDay? Past { get; init; }

    public string? Actors { get; init; }

    [JsonRequired]
    public List<CampaignDayReport> Reports { get; init; } = [];
}
