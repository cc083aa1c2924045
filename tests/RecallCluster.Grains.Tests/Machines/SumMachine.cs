using System.Globalization;
using System.Text;
using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Tests.Machines;

/// <summary>Remembers every number that it was told, and every one that it followed, in order.</summary>
internal sealed class SumMachine : IStateMachine
{
    public List<long> Told { get; } = [];

    public List<(string Source, long Number)> Followed { get; } = [];

    public static byte[] Command(long number) => Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture));

    public Applied Apply(JournalRecord record)
    {
        long number = NumberOf(record);
        if (number < 0)
            return new Applied(new ArgumentException($"{number} is negative."), Applied.Failed);
        Told.Add(number);
        return new Applied(Told.Sum());
    }

    public void Follow(JournalRecord record, byte verdict) => Followed.Add((record.Key, NumberOf(record)));

    public byte[] Snapshot() => Encoding.UTF8.GetBytes(
        string.Join(',', Told) + "|" + string.Join(',', Followed.Select(f => $"{f.Source}:{f.Number}")));

    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        string[] parts = Encoding.UTF8.GetString(snapshot.Span).Split('|');
        Told.AddRange(parts[0].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse));
        foreach (string followed in parts[1].Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = followed.LastIndexOf(':');
            Followed.Add((followed[..colon], long.Parse(followed[(colon + 1)..], CultureInfo.InvariantCulture)));
        }
    }

    private static long NumberOf(JournalRecord record) =>
        long.Parse(Encoding.UTF8.GetString(record.Payload.Span), CultureInfo.InvariantCulture);
}
