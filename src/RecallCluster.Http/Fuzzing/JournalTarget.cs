using System.Buffers;
using System.Text;
using RecallCluster.Numerics;
using RecallCluster.Serving.State;

namespace RecallCluster.Http.Fuzzing;

/// <summary>
/// Transactions of the journal: records are read and applied to the machines that they are addressed to. Most are framed anew after one of
/// their commands was changed, so that what lies behind the checksums sees broken ones too.
/// </summary>
internal sealed class JournalTarget : IFuzzTarget
{
    private const int Records = 12;

    private readonly JsonMutator[] _mutators =
        [.. MachineSeeds.Records.Select(record => new JsonMutator([Encoding.UTF8.GetString(record.Payload)]))];

    public string Name => "journal";

    public int Cost => 4;

    public byte[] Next(SeededRandom random)
    {
        var frames = new ArrayBufferWriter<byte>();
        int changed = random.NextInt(Records);
        for (int i = 0; i < Records; i++)
        {
            // The first makes the campaign; the others come in any order, as they would from a journal that was mixed up.
            int number = i == 0 ? 0 : random.NextInt(MachineSeeds.Records.Count);
            SeedRecord record = MachineSeeds.Records[number];
            byte[] payload = i == changed ? _mutators[number].NextOrSameShape(random) : record.Payload;
            RecordFrames.Write(frames, i + 1, record.Key, record.Followers, payload);
        }
        byte[] bytes = frames.WrittenSpan.ToArray();
        return random.NextInt(4) == 0 ? ByteMutations.Break(bytes, random) : bytes;
    }

    public bool Accepts(byte[] input)
    {
        try
        {
            MachineSeeds.Apply(MachineSeeds.NewMachines(), RecordFrames.Read(1, Records, input));
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
