using System.Buffers.Binary;
using RecallCluster.Calibration.Maps;
using RecallCluster.Http.Shards;
using RecallCluster.Numerics;
using RecallCluster.Serving;
using RecallCluster.Serving.NewAds;
using RecallCluster.Serving.Replicas;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Http.Fuzzing;

/// <summary>
/// Frames between gateways and shard processes. Most are given the length and the checksum of what they were changed to, so that the
/// readers behind those see broken ones too.
/// </summary>
internal sealed class ShardFrameTarget : IFuzzTarget
{
    private static readonly FrameKind[] Kinds = Enum.GetValues<FrameKind>();
    private static readonly int[] Campaigns = [0, 1, -1], Facets = [0, 0, 1];
    private readonly byte[][] _seeds = [.. Kinds.Select(SeedOf)];

    public string Name => "shards";

    /// <summary>Which kind is expected (a byte), then the frame.</summary>
    public byte[] Next(SeededRandom random)
    {
        int number = random.NextInt(Kinds.Length);
        byte[] frame = _seeds[number];
        if (random.NextInt(4) == 0)
            return [(byte)number, .. ByteMutations.Break(frame, random)];
        byte[] payload = frame[FrameWriter.HeaderBytes..^FrameWriter.ChecksumBytes];
        for (int change = random.NextInt(3); change > 0; change--)
            payload = random.NextInt(3) == 0 ? Number(payload, random) : ByteMutations.Break(payload, random);
        byte[] whole = [.. frame[..FrameWriter.HeaderBytes], .. payload, .. new byte[FrameWriter.ChecksumBytes]];
        BinaryPrimitives.WriteInt32LittleEndian(whole.AsSpan(8), payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(
            whole.AsSpan(whole.Length - FrameWriter.ChecksumBytes), Crc32C.Of(whole.AsSpan(0, whole.Length - FrameWriter.ChecksumBytes)));
        return [(byte)number, .. whole];
    }

    public bool Accepts(byte[] input)
    {
        ReadOnlySpan<byte> frame = input.AsSpan(1);
        try
        {
            switch (Kinds[input[0]])
            {
                case FrameKind.Query:
                    ShardMessages.ReadQuery(frame);
                    break;
                case FrameKind.Answer:
                    ShardMessages.ReadAnswer(frame);
                    break;
                case FrameKind.Book:
                    ShardMessages.ReadBook(frame);
                    break;
                case FrameKind.Placements:
                    ShardMessages.ReadPlacements(frame);
                    break;
                case FrameKind.Additions:
                    ShardMessages.ReadAdditions(frame);
                    break;
                default:
                    ShardMessages.ReadStatus(frame);
                    break;
            }
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    // Lengths and numbers that programs get wrong.
    private static byte[] Number(byte[] payload, SeededRandom random)
    {
        byte[] changed = [.. payload];
        if (payload.Length >= sizeof(int))
        {
            int value = random.NextInt(4) switch { 0 => -1, 1 => int.MaxValue, 2 => int.MinValue, _ => random.NextInt(1 << 20) };
            BinaryPrimitives.WriteInt32LittleEndian(changed.AsSpan(random.NextInt(payload.Length - sizeof(int) + 1)), value);
        }
        return changed;
    }

    private static byte[] SeedOf(FrameKind kind)
    {
        using var frame = new FrameWriter(kind);
        switch (kind)
        {
            case FrameKind.Query:
                ShardMessages.Write(frame, 5, 2, new ShardQuery("v1", new float[] { 1, -0.5f, 0.25f }, 20)
                {
                    MaxScorings = 2000, TimeLeft = TimeSpan.FromMilliseconds(20), Seeds = ["ad1"], Exclude = ["ad2", "ad3"],
                    Value = new ValueQuery(new ulong[] { 7 }, new ulong[] { 1, 2 }),
                });
                break;
            case FrameKind.Answer:
                ShardMessages.Write(frame, new ShardAnswer(
                    [new ScoredAd("ad1", 0.5f) { Value = 1 }, new ScoredAd("ad2", 0.25f)], 300, SearchLimits.None));
                break;
            case FrameKind.Book:
                ShardMessages.Write(frame, 5, new BidBook(
                    3, [new BidBookEntry(7, "4/7", 0.5, 0, 1) { ConversionProbability = 0.1 }],
                    new CalibrationModel("raw", CalibrationMap.Identity)));
                break;
            case FrameKind.Placements:
                ShardMessages.Write(frame, 5, new ShardPlacements("v1", 2, Campaigns, Facets));
                break;
            case FrameKind.Additions:
                ShardMessages.Write(
                    frame, 5, "v1", 1,
                    [new ShardChange("new1", new EmbeddedAd([1, 0.5f], [2, 0.25f, 1], [])), new ShardChange("new0", null)]);
                break;
            default:
                ShardMessages.Write(frame, new ShardStatus(new ShardIdentity("m", "i", 0, 2, 500), 9, 5, 3, 2, 1));
                break;
        }
        return frame.End().ToArray();
    }
}
