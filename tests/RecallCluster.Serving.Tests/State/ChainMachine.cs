using System.Text;
using RecallCluster.Numerics;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests.State;

/// <summary>
/// A machine whose state is a hash of everything it was told, in order, verdicts included: one command lost, doubled or out of order is
/// seen. It accepts
/// a command by a rule that depends on its state.
/// </summary>
internal sealed class ChainMachine : IStateMachine
{
    public uint Hash { get; private set; }

    public int Told { get; private set; }

    public Applied Apply(JournalRecord record)
    {
        if (record.Payload.Span.SequenceEqual("fail"u8))
            throw new InvalidOperationException("asked to fail");
        Add(record.Payload.Span, 7);
        byte verdict = (byte)(Hash % 3);
        return new Applied(Told, verdict);
    }

    public void Follow(JournalRecord record, byte verdict) => Add(record.Payload.Span, verdict);

    public byte[] Snapshot() => Encoding.UTF8.GetBytes($"{Hash} {Told}");

    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        string[] parts = Encoding.UTF8.GetString(snapshot.Span).Split(' ');
        (Hash, Told) = (uint.Parse(parts[0]), int.Parse(parts[1]));
    }

    private void Add(ReadOnlySpan<byte> payload, byte verdict)
    {
        Hash = Crc32C.Finish(Crc32C.Update(Crc32C.Update(Hash, payload), [verdict]));
        Told++;
    }
}
