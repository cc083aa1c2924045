namespace RecallCluster.Grains.Machines;

/// <summary>The last number of each of those who wrote to a machine's log lately.</summary>
internal sealed class WriterTable
{
    /// <summary>Two write at the same time at most for a moment; the rest is margin.</summary>
    private const int Remembered = 8;

    private readonly List<(Guid Writer, long Number)> _writers = [];

    /// <summary>A copy of it.</summary>
    public IReadOnlyDictionary<Guid, long> Last => _writers.ToDictionary(w => w.Writer, w => w.Number);

    /// <summary>The last number of a writer; 0 for none.</summary>
    public long LastOf(Guid writer) => _writers.Find(w => w.Writer == writer).Number;

    /// <summary>Somebody wrote.</summary>
    public void Wrote(Guid writer, long number)
    {
        if (_writers.Count > 0 && _writers[^1].Writer == writer)
        {
            _writers[^1] = (writer, Math.Max(number, _writers[^1].Number));
            return;
        }
        long known = LastOf(writer);
        _writers.RemoveAll(w => w.Writer == writer);
        _writers.Add((writer, Math.Max(known, number)));
        if (_writers.Count > Remembered)
            _writers.RemoveAt(0);
    }
}
