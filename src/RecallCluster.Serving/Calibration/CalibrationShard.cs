using System.Text.Json;
using RecallCluster.Calibration.Counts;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Calibration;

/// <summary>
/// What calibration counts of a part of the campaigns, as their ledgers applied it: impressions and clicks by raw and by calibrated pCTR in
/// a sliding
/// window, and clicks with their signals and conversions. It only counts; fitting is done elsewhere, from copies.
/// </summary>
internal sealed class CalibrationShard(string key, CalibrationOptions options) : IStateMachine
{
    private readonly int _mostClicks = Math.Max(1, options.MostClicks / CalibrationCountsFamily.Shards);
    private readonly SortedDictionary<long, ClickSlice> _slices = [];
    private readonly SortedDictionary<long, HourSums> _hours = [];
    private readonly Dictionary<UInt128, ClickFact> _clicks = [];
    private readonly Queue<UInt128> _clickOrder = new();

    /// <summary>Impressions and clicks counted since somebody asked last; not in snapshots.</summary>
    public ShownCounter Shown { get; } = new(options.Calibrator.MixHours);

    /// <summary>Clicks ever counted.</summary>
    public long Clicks { get; private set; }

    /// <inheritdoc/>
    public Applied Apply(JournalRecord record)
    {
        EngagementCommand command = record.Read(ServingJson.Default.EngagementCommand);
        if (!_clicks.TryGetValue(command.Event.Win.Id, out ClickFact? click))
            return new Applied(false);
        var signals = new double[options.Signals];
        IReadOnlyList<double> given = command.Event.Signals ?? [];
        for (int i = 0; i < Math.Min(signals.Length, given.Count); i++)
            signals[i] = given[i];
        click.Signals = signals;
        return new Applied(true);
    }

    /// <inheritdoc/>
    public void Follow(JournalRecord record, byte verdict)
    {
        if (verdict != 0 || record.Read(ServingJson.Default.CampaignCommand) is not EventCommand { Event: var happened } command)
            return;
        Win win = happened.Win;
        switch (happened.Kind)
        {
            case AdEventKind.Impression:
                Show(win);
                break;
            case AdEventKind.Click:
                Click(win, BusinessHours.Of(command.At));
                break;
            case AdEventKind.Conversion when _clicks.TryGetValue(win.Id, out ClickFact? click):
                click.ConvertedAt ??= Math.Max(click.Time, BusinessHours.Of(command.At));
                break;
        }
    }

    /// <summary>Adds the window's counts: by campaign over the raw pCTR of one click model, and over calibrated pCTR.</summary>
    public void AddTo(uint model, Func<long, string> contextOf, ContextCounts raw, CalibrationCounts calibrated)
    {
        foreach (ClickSlice slice in _slices.Values)
        {
            foreach (((uint of, long campaign), ClickCells cells) in slice.Raw)
            {
                if (of == model)
                    cells.AddTo(raw.At(contextOf(campaign)));
            }
            slice.Calibrated.AddTo(calibrated);
        }
    }

    /// <summary>Sums by hour since 1970.</summary>
    public IReadOnlyDictionary<long, HourSums> Hours => _hours;

    /// <summary>Copies of the clicks remembered, oldest first.</summary>
    public IEnumerable<ClickFact> CopyClicks() => _clickOrder.Select(win => Copy(_clicks[win]));

    /// <inheritdoc/>
    public byte[] Snapshot()
    {
        var state = new ClickCountsState
        {
            Slices = [.. _slices.Select(slice => slice.Value.ToState(slice.Key))],
            Hours = [.. _hours.Select(hour => hour.Value with { Hour = hour.Key })],
            Clicks = [.. _clickOrder.Select(win => _clicks[win])],
            Total = Clicks,
        };
        return JsonSerializer.SerializeToUtf8Bytes(state, ServingJson.Default.ClickCountsState);
    }

    /// <inheritdoc/>
    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        ClickCountsState state = SnapshotSections.ReadJson(snapshot, ServingJson.Default.ClickCountsState, $"The snapshot of {key}");
        foreach (SliceState slice in state.Slices)
            _slices[slice.Slice] = ClickSlice.Of(slice);
        foreach (HourSums hour in state.Hours)
            _hours[hour.Hour] = hour;
        foreach (ClickFact click in state.Clicks)
            Remember(click);
        Clicks = state.Total;
    }

    private static ClickFact Copy(ClickFact click) => new()
    {
        Win = click.Win,
        Campaign = click.Campaign,
        Time = click.Time,
        Prediction = click.Prediction,
        Signals = click.Signals,
        ConvertedAt = click.ConvertedAt,
    };

    private void Show(Win win)
    {
        double time = BusinessHours.Of(win.AuctionAt);
        if (SliceOf(time) is not { } slice || slice.EarlyClicks.Remove(win.Id))
            return;
        slice.Show(win);
        HourSums hour = HourOf(time);
        _hours[hour.Hour] = hour with
        {
            Impressions = hour.Impressions + 1,
            Raw = hour.Raw + win.RawClickProbability,
            Calibrated = hour.Calibrated + win.ClickProbability,
        };
        Shown.Count(win, time);
    }

    private void Click(Win win, double now)
    {
        Clicks++;
        Remember(new ClickFact
        {
            Win = win.Id,
            Campaign = win.CampaignId,
            Time = now,
            Prediction = win.RawConversionProbability,
            Signals = new double[options.Signals],
        });
        Forget(now);
        double time = BusinessHours.Of(win.AuctionAt);
        if (SliceOf(time) is not { } slice)
            return;
        if (!slice.Click(win))
        {
            // The click came before its impression: count both now, and not the impression again.
            Show(win);
            slice.Click(win);
            slice.EarlyClicks.Add(win.Id);
        }
        HourSums hour = HourOf(time);
        _hours[hour.Hour] = hour with { Clicks = hour.Clicks + 1 };
        Shown.Click(win, now);
    }

    private void Remember(ClickFact click)
    {
        if (_clicks.TryAdd(click.Win, click))
            _clickOrder.Enqueue(click.Win);
    }

    private void Forget(double now)
    {
        while (_clickOrder.Count > _mostClicks
            || (_clickOrder.TryPeek(out UInt128 oldest) && _clicks[oldest].Time < now - options.ClickMemory.TotalHours))
            _clicks.Remove(_clickOrder.Dequeue());
    }

    private HourSums HourOf(double time)
    {
        long hour = (long)Math.Floor(time);
        while (_hours.Count > 0 && _hours.Keys.First() < hour - 48)
            _hours.Remove(_hours.Keys.First());
        return _hours.GetValueOrDefault(hour, new HourSums(hour, 0, 0, 0, 0));
    }

    /// <summary>The slice of a time; null when it lies before the window.</summary>
    private ClickSlice? SliceOf(double time)
    {
        long number = (long)Math.Floor(time / options.SliceHours), kept = options.WindowHours / options.SliceHours;
        if (_slices.Count > 0 && number <= _slices.Keys.Last() - kept)
            return null;
        if (!_slices.TryGetValue(number, out ClickSlice? slice))
        {
            _slices[number] = slice = new ClickSlice();
            while (_slices.Keys.First() <= _slices.Keys.Last() - kept)
                _slices.Remove(_slices.Keys.First());
        }
        return slice;
    }
}
