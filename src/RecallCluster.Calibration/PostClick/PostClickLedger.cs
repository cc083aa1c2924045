using RecallCluster.Calibration.Counts;

namespace RecallCluster.Calibration.PostClick;

/// <summary>
/// PCCEM: keeps calibration counts of a post-click target (conversion, cart add, follow, …) while outcomes are still open. A click
/// enters with a soft label as soon as its short-term signals are complete; the label falls with age while nothing happens
/// (<see cref="SoftLabel"/>) and is replaced, exactly, by 1 at a conversion and by 0 at the end of the window.
/// </summary>
/// <remarks>
/// <code>
///  click ──► waiting for signals ──► open: p(1-F)/(1-pF) ──► 1 (conversion)
///                                          │ every Advance    └► 0 (end of window)
///  matured clicks ──► Train ──► model, delays ──┘
/// </code>
/// Until the first training there is no model: clicks then enter when their outcome is known (that is waiting). Not thread-safe.
/// </remarks>
public sealed class PostClickLedger
{
    private readonly PostClickOptions _options;
    private readonly Dictionary<long, Click> _unsettled = [];
    private readonly PriorityQueue<Click, double> _byTime = new();
    private readonly Queue<(MaturedClick Click, double Delay)> _matured = new();
    private readonly SortedDictionary<long, ContextCounts> _slices = [];
    private PostClickModel? _model;
    private DelayDistribution? _delays;

    /// <summary>An empty ledger.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A time of the options is not as its description says.</exception>
    public PostClickLedger(PostClickOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!(options.Window > 0 && double.IsFinite(options.Window)))
            throw new ArgumentOutOfRangeException(nameof(options), options.Window, "The attribution window must be finite and above 0.");
        if (!(options.SignalHorizon >= 0 && options.SignalHorizon < options.Window))
            throw new ArgumentOutOfRangeException(
                nameof(options), options.SignalHorizon, "The signals' horizon must lie inside the window.");
        if (!(options.Slice > 0 && double.IsFinite(options.Slice)))
            throw new ArgumentOutOfRangeException(nameof(options), options.Slice, "A slice must have a finite length above 0.");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxTrainingClicks);
        _options = options;
    }

    /// <summary>The latest time seen; a clock that goes back leaves it where it is.</summary>
    public double Now { get; private set; } = double.NegativeInfinity;

    /// <summary>Clicks whose outcome is open.</summary>
    public int Open => _unsettled.Count;

    /// <summary>Matured clicks at hand for training.</summary>
    public int Matured => _matured.Count;

    /// <summary>Conversions that found no open click (unknown, repeated, or after the window) and changed nothing.</summary>
    public long UnmatchedConversions { get; private set; }

    /// <summary>Takes in a click. One that repeats an open click's id, or is older than the window, changes nothing.</summary>
    /// <param name="id">The click's id.</param>
    /// <param name="time">Time of the click.</param>
    /// <param name="p">Raw prediction that is to be calibrated, made before the click.</param>
    /// <param name="context">Context path; may be null.</param>
    /// <param name="signals">Short-term signals, complete at the signals' horizon; the array may be filled in until then.</param>
    /// <returns>Whether it was taken in.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The prediction is outside [0, 1] or the time is not finite.</exception>
    public bool RecordClick(long id, double time, double p, string? context, double[] signals)
    {
        ArgumentNullException.ThrowIfNull(signals);
        Probability.Check(p);
        CheckTime(time);
        Now = Math.Max(Now, time);
        if (time + _options.Window <= Now || _unsettled.ContainsKey(id))
            return false;
        var click = new Click(id, time, p, context, signals);
        _unsettled.Add(id, click);
        _byTime.Enqueue(click, time);
        return true;
    }

    /// <summary>
    /// Takes in a conversion: its click's label becomes 1 (as soon as clicks of its age are counted at all). Applying one twice changes
    /// nothing.
    /// </summary>
    /// <returns>Whether an open click was found.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is not finite.</exception>
    public bool RecordConversion(long clickId, double time)
    {
        CheckTime(time);
        Now = Math.Max(Now, time);
        if (!_unsettled.TryGetValue(clickId, out Click? click) || click.ConvertedAt is not null || time > click.Time + _options.Window)
        {
            UnmatchedConversions++;
            return false;
        }
        click.ConvertedAt = Math.Max(time, click.Time);

        // A click that is not counted yet stays so until its peers of the same age are: counting only the quick ones would bias high.
        if (click.Label is not null)
            SetLabel(click, 1);
        return true;
    }

    /// <summary>
    /// Lets time pass: clicks at the end of their window are settled and become training examples, open ones get the soft label of
    /// their age. Costs time in proportion to the open clicks.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The time is not finite.</exception>
    public void Advance(double now)
    {
        CheckTime(now);
        Now = Math.Max(Now, now);
        while (_byTime.TryPeek(out Click? oldest, out _) && oldest.Time + _options.Window <= Now)
            Settle(_byTime.Dequeue());
        if (_model is null || _delays is null)
            return;
        foreach ((Click click, _) in _byTime.UnorderedItems)
        {
            double age = Now - click.Time;
            if (age < _options.SignalHorizon)
                continue;
            if (click.ConvertedAt is not null)
            {
                SetLabel(click, 1);
                continue;
            }
            click.Chance ??= _model.Predict(click.Signals);
            SetLabel(click, SoftLabel.OfPending(click.Chance.Value, _delays.ShareBy(age)));
        }
    }

    /// <summary>
    /// Trains the model and the delays on the matured clicks; open clicks are judged anew at the next <see cref="Advance"/>.
    /// </summary>
    /// <returns>False, and nothing changes, when there is no matured click yet.</returns>
    public bool Train()
    {
        if (_matured.Count == 0)
            return false;
        _model = PostClickModel.Train([.. _matured.Select(entry => entry.Click)]);
        _delays = new DelayDistribution([.. _matured.Where(entry => entry.Click.Converted).Select(entry => entry.Delay)], _options.Window);
        foreach ((Click click, _) in _byTime.UnorderedItems)
            click.Chance = null;
        return true;
    }

    /// <summary>The counts of all clicks since the start of the slice that holds <paramref name="since"/>.</summary>
    public ContextCounts Snapshot(double since)
    {
        CheckTime(since);
        var counts = new ContextCounts();
        foreach ((long slice, ContextCounts part) in _slices)
        {
            if (slice >= SliceOf(since))
                counts.Merge(part);
        }
        return counts;
    }

    /// <summary>Drops the counts of slices that end at or before <paramref name="time"/> and hold no open click.</summary>
    public void Forget(double time)
    {
        CheckTime(time);
        double firstOpen = _byTime.TryPeek(out Click? oldest, out _) ? Math.Min(time, oldest.Time) : time;
        foreach (long slice in _slices.Keys.Where(slice => slice < SliceOf(firstOpen)).ToArray())
            _slices.Remove(slice);
    }

    private void Settle(Click click)
    {
        _unsettled.Remove(click.Id);
        SetLabel(click, click.ConvertedAt is null ? 0 : 1);
        _matured.Enqueue((new MaturedClick(click.Signals, click.ConvertedAt is not null), (click.ConvertedAt ?? click.Time) - click.Time));
        while (_matured.Count > _options.MaxTrainingClicks)
            _matured.Dequeue();
    }

    private void SetLabel(Click click, double label)
    {
        if (click.Label == label)
            return;
        long slice = SliceOf(click.Time);
        if (!_slices.TryGetValue(slice, out ContextCounts? counts))
            _slices[slice] = counts = new ContextCounts();
        if (click.Label is { } old)
            counts.At(click.Context).ReplaceLabel(click.Prediction, old, label);
        else
            counts.Add(click.Context, click.Prediction, label);
        click.Label = label;
    }

    private long SliceOf(double time) => (long)Math.Floor(time / _options.Slice);

    private static void CheckTime(double time)
    {
        if (!double.IsFinite(time))
            throw new ArgumentOutOfRangeException(nameof(time), time, "A time must be finite.");
    }

    private sealed class Click(long id, double time, double prediction, string? context, double[] signals)
    {
        public long Id => id;

        public double Time => time;

        public double Prediction => prediction;

        public string? Context => context;

        public double[] Signals => signals;

        public double? ConvertedAt { get; set; }

        public double? Chance { get; set; }

        public double? Label { get; set; }
    }
}
