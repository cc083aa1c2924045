using System.Text;
using RecallCluster.Numerics;
using RecallCluster.Serving.State;

namespace RecallCluster.Http.Fuzzing;

/// <summary>
/// Snapshots of every kind of machine: restored, taken anew from what was restored, which must be accepted again, and every command applied
/// on top.
/// </summary>
internal sealed class SnapshotTarget : IFuzzTarget
{
    // The sections of a campaign's snapshot; the others are JSON as a whole.
    private static readonly string[] Sections = ["ledger", "control"];

    private readonly (string Key, SnapshotSections? Sections, JsonMutator[] Mutators)[] _seeds = [.. Seeds()];

    public string Name => "snapshots";

    public int Cost => 2;

    /// <summary>Keys of the machines that there are snapshots of.</summary>
    public IReadOnlyList<string> Keys => [.. _seeds.Select(seed => seed.Key)];

    /// <summary>Which machine it is of (a byte), then the snapshot.</summary>
    public byte[] Next(SeededRandom random) => Next(random.NextInt(_seeds.Length), random);

    /// <summary>A snapshot of one machine, the number of its key before it.</summary>
    public byte[] Next(int number, SeededRandom random)
    {
        (_, SnapshotSections? sections, JsonMutator[] mutators) = _seeds[number];
        byte[] bytes;
        if (sections is null)
        {
            bytes = mutators[0].NextOrSameShape(random);
        }
        else
        {
            int changed = random.NextInt(Sections.Length);
            var mutated = new SnapshotSections();
            for (int i = 0; i < Sections.Length; i++)
                mutated.Add(Sections[i], i == changed ? mutators[i].NextOrSameShape(random) : sections.Get(Sections[i]));
            bytes = mutated.ToBytes();
        }
        return [(byte)number, .. random.NextInt(8) == 0 ? ByteMutations.Break(bytes, random) : bytes];
    }

    public bool Accepts(byte[] input)
    {
        string key = _seeds[input[0]].Key;
        StateMachines machines = MachineSeeds.NewMachines();
        try
        {
            machines.Restore(key, input.AsMemory(1));
        }
        catch (InvalidDataException)
        {
            return false;
        }
        RestoreAgain(key, machines.Get(key).Snapshot());
        try
        {
            MachineSeeds.Apply(machines, MachineSeeds.Records.Select(
                (record, i) => new JournalRecord(i + 1, record.Key, record.Followers, record.Payload)));
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static void RestoreAgain(string key, byte[] taken)
    {
        try
        {
            MachineSeeds.NewMachines().Restore(key, taken);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidOperationException("What was accepted and written again is not accepted.", e);
        }
    }

    private static IEnumerable<(string Key, SnapshotSections? Sections, JsonMutator[] Mutators)> Seeds()
    {
        StateMachines machines = MachineSeeds.NewMachines();
        MachineSeeds.Apply(machines, MachineSeeds.Records.Select(
            (record, i) => new JournalRecord(i + 1, record.Key, record.Followers, record.Payload)));
        foreach (string key in MachineSeeds.Records.SelectMany(record => record.Followers.Prepend(record.Key)).Distinct().Order())
        {
            byte[] snapshot = machines.Get(key).Snapshot();
            if (key.StartsWith("campaign/", StringComparison.Ordinal))
            {
                SnapshotSections sections = SnapshotSections.Read(snapshot, key);
                yield return (key, sections, [.. Sections.Select(name => MutatorOf(sections.Get(name).Span))]);
            }
            else
            {
                yield return (key, null, [MutatorOf(snapshot)]);
            }
        }
    }

    private static JsonMutator MutatorOf(ReadOnlySpan<byte> json) => new([Encoding.UTF8.GetString(json)]);
}
