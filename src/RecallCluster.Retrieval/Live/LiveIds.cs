using System.Collections.Concurrent;
using RecallCluster.Retrieval.Files;

namespace RecallCluster.Retrieval.Live;

/// <summary>
/// The ids of a live index: those of the file below it, and those of ads added since. One writer, readers without a lock.
/// </summary>
internal sealed class LiveIds(AdIndex file)
{
    private readonly ConcurrentDictionary<string, int> _added = new(StringComparer.Ordinal);
    private string[] _ids = [];

    /// <summary>Notes the id of the next ordinal.</summary>
    public void Append(int ordinal, string id)
    {
        int at = ordinal - file.Count;
        if (at == _ids.Length)
        {
            var larger = new string[Math.Max(16, 2 * at)];
            _ids.CopyTo(larger, 0);
            Volatile.Write(ref _ids, larger);
        }
        _ids[at] = id;
    }

    /// <summary>The id of an ordinal that is published.</summary>
    public string this[int ordinal] => ordinal < file.Count ? file.IdOf(ordinal) : Volatile.Read(ref _ids)[ordinal - file.Count];

    /// <summary>The ordinal that an id has or had last.</summary>
    public bool TryFind(string id, out int ordinal) => _added.TryGetValue(id, out ordinal) || file.TryOrdinalOf(id, out ordinal);

    /// <summary>Makes an id lead to another ordinal.</summary>
    public void Move(string id, int ordinal) => _added[id] = ordinal;
}
