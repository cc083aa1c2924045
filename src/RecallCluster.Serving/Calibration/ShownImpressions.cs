using System.Runtime.InteropServices;
using RecallCluster.Calibration.Counts;
using RecallCluster.Serving.Feedback;

namespace RecallCluster.Serving.Calibration;

/// <summary>
/// Impressions and clicks that are alike to whoever watches what is being shown and what comes of it.
/// </summary>
/// <param name="Model">The click model that the raw pCTR is of.</param>
/// <param name="Campaign">The campaign.</param>
/// <param name="Slot">
/// When: a slot of <see cref="ShownCounter.SlotHours"/> since 1970; that of the auction for impressions, of its arrival for a click.
/// </param>
/// <param name="Cell">Cell of the <see cref="LogitGrid"/> that the raw pCTR lies in.</param>
/// <param name="Count">How many impressions.</param>
/// <param name="Clicks">How many clicks, of these or of earlier impressions.</param>
internal readonly record struct ShownImpressions(uint Model, long Campaign, long Slot, int Cell, long Count, long Clicks)
{
    /// <summary>A raw pCTR of the cell.</summary>
    public double Probability => (LogitGrid.LowerEdge(Cell) + LogitGrid.LowerEdge(Cell + 1)) / 2;

    /// <summary>A time of the slot, in hours since 1970.</summary>
    public double Hours => (Slot + 0.5) * ShownCounter.SlotHours;
}

/// <summary>
/// Counts impressions and clicks by what they have in common, from one asking to the next; nothing before the first, and nothing that is
/// older than some hours. No part of a machine's memory: after a restart it begins anew. Not thread-safe.
/// </summary>
/// <param name="hours">Hours that are of interest.</param>
internal sealed class ShownCounter(int hours)
{
    /// <summary>Length of a slot of time.</summary>
    public const double SlotHours = 0.25;

    private readonly long _slots = (long)Math.Ceiling(hours / SlotHours);
    private Dictionary<(uint Model, long Campaign, long Slot, int Cell), (long Count, long Clicks)>? _counts;
    private long _newest = long.MinValue;

    /// <summary>Counts an impression.</summary>
    /// <param name="win">Its win.</param>
    /// <param name="time">Hours since 1970.</param>
    public void Count(Win win, double time) => Add(win, time, 1, 0);

    /// <summary>Counts a click.</summary>
    /// <param name="win">Its win.</param>
    /// <param name="time">When it came, in hours since 1970.</param>
    public void Click(Win win, double time) => Add(win, time, 0, 1);

    /// <summary>Takes what was counted since the last call.</summary>
    public IEnumerable<ShownImpressions> Take()
    {
        Dictionary<(uint Model, long Campaign, long Slot, int Cell), (long Count, long Clicks)> taken = _counts ?? [];
        _counts = [];
        return taken.Select(pair => new ShownImpressions(
            pair.Key.Model, pair.Key.Campaign, pair.Key.Slot, pair.Key.Cell, pair.Value.Count, pair.Value.Clicks));
    }

    private void Add(Win win, double time, long count, long clicks)
    {
        if (_counts is null)
            return;
        long slot = (long)Math.Floor(time / SlotHours);
        if (slot > _newest)
        {
            _newest = slot;
            foreach ((uint Model, long Campaign, long Slot, int Cell) old in _counts.Keys.Where(key => key.Slot <= slot - _slots).ToArray())
                _counts.Remove(old);
        }
        if (slot > _newest - _slots)
        {
            var key = (win.ClickModel, win.CampaignId, slot, LogitGrid.CellOf(win.RawClickProbability));
            ref (long Count, long Clicks) known = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, key, out _);
            known = (known.Count + count, known.Clicks + clicks);
        }
    }
}
