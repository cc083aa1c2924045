using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Calibration;

/// <summary>Counts of a slice of time.</summary>
internal sealed class ClickSlice
{
    /// <summary>By click model and campaign, over raw pCTR.</summary>
    public SortedDictionary<(uint Model, long Campaign), ClickCells> Raw { get; } = [];

    /// <summary>Over the pCTR that was bid with.</summary>
    public ClickCells Calibrated { get; private init; } = new();

    /// <summary>Wins whose click came before their impression.</summary>
    public HashSet<UInt128> EarlyClicks { get; } = [];

    public static ClickSlice Of(SliceState state)
    {
        var slice = new ClickSlice { Calibrated = ClickCells.Read(state.Calibrated) };
        foreach (CampaignCells cells in state.Raw)
            slice.Raw[(cells.Model, cells.Campaign)] = ClickCells.Read(cells.Cells);
        slice.EarlyClicks.UnionWith(state.EarlyClicks);
        return slice;
    }

    public void Show(Win win)
    {
        CellsOf(win).Show(win.RawClickProbability);
        Calibrated.Show(win.ClickProbability);
    }

    /// <summary>Labels a win's impression.</summary>
    /// <returns>False when there is none to label.</returns>
    public bool Click(Win win) => CellsOf(win).Click(win.RawClickProbability) && (Calibrated.Click(win.ClickProbability) || true);

    public SliceState ToState(long number) => new(
        number,
        [.. Raw.Select(campaign => new CampaignCells(campaign.Key.Campaign, campaign.Value.ToBytes()) { Model = campaign.Key.Model })],
        Calibrated.ToBytes(),
        [.. EarlyClicks.Order()]);

    private ClickCells CellsOf(Win win)
    {
        if (!Raw.TryGetValue((win.ClickModel, win.CampaignId), out ClickCells? cells))
            Raw[(win.ClickModel, win.CampaignId)] = cells = new ClickCells();
        return cells;
    }
}

/// <summary>A slice as a snapshot keeps it.</summary>
internal sealed record SliceState(long Slice, List<CampaignCells> Raw, byte[] Calibrated, List<UInt128> EarlyClicks);

/// <summary>A campaign's counts as a snapshot keeps them.</summary>
internal sealed record CampaignCells(long Campaign, byte[] Cells)
{
    /// <summary>The click model that the raw pCTR is of.</summary>
    public uint Model { get; init; }
}

/// <summary>An hour's impressions and clicks.</summary>
/// <param name="Hour">Hours since 1970.</param>
/// <param name="Impressions">Impressions of the hour.</param>
/// <param name="Clicks">Those that were clicked.</param>
/// <param name="Raw">Sum of raw pCTR.</param>
/// <param name="Calibrated">Sum of the pCTR that was bid with.</param>
internal sealed record HourSums(long Hour, long Impressions, long Clicks, double Raw, double Calibrated);

/// <summary>All that a shard remembers.</summary>
internal sealed class ClickCountsState
{
    [JsonRequired]
    public List<SliceState> Slices { get; init; } = [];

    [JsonRequired]
    public List<HourSums> Hours { get; init; } = [];

    [JsonRequired]
    public List<ClickFact> Clicks { get; init; } = [];

    public long Total { get; init; }
}

/// <summary>What a user did after a click.</summary>
/// <param name="At">The business clock.</param>
/// <param name="Event">The engagement.</param>
internal sealed record EngagementCommand(DateTimeOffset At, AdEvent Event)
{
    /// <summary>The command as a log keeps it.</summary>
    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, ServingJson.Default.EngagementCommand);
}

/// <summary>Hours since 1970.</summary>
internal static class BusinessHours
{
    public static double Of(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).TotalHours;
}
