namespace RecallCluster.Cli.Workflows;

/// <summary>Collects the rows of a log, checking each value.</summary>
internal sealed class CalibrateLogBuilder(bool hasWeights, bool hasGroups, bool hasHours)
{
    private readonly List<double> _predictions = [];
    private readonly List<byte> _labels = [];
    private readonly List<double> _weights = [];
    private readonly List<int> _groups = [];
    private readonly List<double> _hours = [];
    private readonly List<string> _names = [];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);

    public int Count => _predictions.Count;

    /// <exception cref="FormatException">A value is outside its range; the message names the column.</exception>
    public void Add(double p, double y, double weight, ReadOnlySpan<char> group, double hours)
    {
        if (!(p >= 0 && p <= 1))
            throw new FormatException($"column 'p': {p} is not in [0, 1]");
        if (y is not (0 or 1))
            throw new FormatException($"column 'y': {y} is neither 0 nor 1");
        _predictions.Add(p);
        _labels.Add((byte)y);
        if (hasWeights)
        {
            if (!(weight >= 0 && weight <= Calibration.Counts.CalibrationCounts.MaxWeight))
                throw new FormatException($"column 'weight': {weight} is not in [0, {Calibration.Counts.CalibrationCounts.MaxWeight}]");
            _weights.Add(weight);
        }
        if (hasGroups)
            _groups.Add(IdOf(group));
        if (hasHours)
        {
            if (!double.IsFinite(hours))
                throw new FormatException("column 'time': not a finite number");
            _hours.Add(hours);
        }
    }

    public CalibrateLog Build() => new(
        [.. _predictions],
        [.. _labels],
        hasWeights ? [.. _weights] : null,
        hasGroups ? [.. _groups] : null,
        [.. _names],
        hasHours ? [.. _hours] : null);

    private int IdOf(ReadOnlySpan<char> group)
    {
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(group, out int id))
            return id;
        string name = group.ToString();
        if (name.Length > 0 && name.Split('/').Any(part => part.Length == 0))
            throw new FormatException($"column 'group': '{name}' has an empty name between its slashes");
        _names.Add(name);
        return _ids[name] = _names.Count - 1;
    }
}
