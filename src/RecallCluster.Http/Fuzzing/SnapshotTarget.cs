using System.Text;
using RecallCluster.Numerics;
using RecallCluster.Serving.State;

namespace RecallCluster.Http.Fuzzing;

/// <summary>Snapshots of every kind of machine: restored, and taken anew from what was restored.</summary>
internal sealed class SnapshotTarget : IFuzzTarget
{
    // The sections of a campaign's snapshot; the others are JSON as a whole.
    private static readonly string[] Sections = ["ledger", "control"];

    private readonly (string Key, SnapshotSections? Sections, JsonMutator[] Mutators)[] _seeds = [.. Seeds()];

    public string Name => "snapshots";

    public int Cost => 2;

    /// <summary>Which machine it is of (a byte), then the snapshot.</summary>
    public byte[] Next(SeededRandom random)
    {
        int number = random.NextInt(_seeds.Length);
        (_, SnapshotSections? sections, JsonMutator[] mutators) = _seeds[number];
        byte[] bytes;
        if (sections is null)
        {
            bytes = mutators[0].Next(random);
        }
        else
        {
            int changed = random.NextInt(Sections.Length);
            var mutated = new SnapshotSections();
            for (int i = 0; i < Sections.Length; i++)
                mutated.Add(Sections[i], i == changed ? mutators[i].Next(random) : sections.Get(Sections[i]));
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
        machines.Get(key).Snapshot();
        return true;
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
