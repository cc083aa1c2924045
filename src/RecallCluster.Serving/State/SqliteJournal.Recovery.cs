using System.Globalization;

namespace RecallCluster.Serving.State;

/// <content>How a journal comes back: snapshots, then the records that each machine's snapshot has not seen.</content>
public sealed partial class SqliteJournal
{
    private void Recover()
    {
        foreach ((string name, string value) in _file.Meta())
            _meta[name] = value;
        long first = Number(FirstName, 1);
        _applied = first - 1;
        var seen = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach ((string key, long sequence, byte[] state) in _file.Snapshots())
        {
            _machines.Restore(key, state);
            seen[key] = sequence;
            _applied = Math.Max(_applied, sequence);
        }
        long next = first;
        foreach ((long start, int count, byte[] records, byte[]? verdicts) in _file.Batches())
        {
            if (start != next || count < 1 || (verdicts is not null && verdicts.Length != count))
                throw new InvalidDataException($"the transaction of record {start} stands where record {next} should.");
            ReplayBatch(start, count, records, verdicts, seen);
            _batches.Enqueue(start);
            next += count;
        }
        if (next <= _applied && _batches.Count > 0)
            throw new InvalidDataException($"the journal ends at record {next - 1}, but a snapshot has seen record {_applied}.");
        _applied = Math.Max(_applied, next - 1);
        Epoch = 1 + Number(EpochName, 0);
        _file.Transact(() => _file.PutMeta(EpochName, Epoch.ToString(CultureInfo.InvariantCulture)));
    }

    private long Number(string name, long otherwise) =>
        !_meta.TryGetValue(name, out string? text) ? otherwise
        : long.TryParse(text, CultureInfo.InvariantCulture, out long number) ? number
        : throw new InvalidDataException($"the value '{name}' is '{text}', no number.");

    private void ReplayBatch(long start, int count, byte[] records, byte[]? known, Dictionary<string, long> seen)
    {
        var verdicts = new byte[count];
        bool followed = false;
        foreach (JournalRecord record in RecordFrames.Read(start, count, records))
        {
            int place = (int)(record.Sequence - start);
            verdicts[place] = Replay(record, known?[place], seen);
            followed |= record.Followers.Count > 0;
        }

        // The verdicts on the last batch of a life were never written; they have to be before a snapshot is that has seen it.
        if (known is null && followed)
            (_verdictsFirst, _verdicts) = (start, verdicts);
    }

    private byte Replay(JournalRecord record, byte? known, Dictionary<string, long> seen)
    {
        byte verdict;
        if (record.Sequence > seen.GetValueOrDefault(record.Key))
        {
            verdict = Apply(record).Verdict;
            Replayed++;
        }
        else if (record.Followers.Count == 0)
        {
            return 0;
        }
        else
        {
            verdict = known ?? throw new InvalidDataException($"the verdict on journal record {record.Sequence} is missing.");
        }
        foreach (string follower in record.Followers)
        {
            if (record.Sequence > seen.GetValueOrDefault(follower))
                Follow(record, follower, verdict);
        }
        return verdict;
    }
}
