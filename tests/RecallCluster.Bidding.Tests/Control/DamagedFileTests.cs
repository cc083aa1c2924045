using System.Buffers.Binary;
using RecallCluster.Bidding.Control.Drlb;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Control.Uscb;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Training;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Tests.Control;

/// <summary>A flipped bit in what a training wrote is noticed, for a wrong weight looks like any other.</summary>
public sealed class DamagedFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bid-damage-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_damaged_actor_is_refused()
    {
        string stem = Path.Combine(_folder.FullName, "actor");
        UscbTrainer trainer = Uscb();
        trainer.Run();
        trainer.Result.Save(stem);
        TrainedActor.Load(stem);
        AssertRefused(stem + ".safetensors", _ => TrainedActor.Load(stem));
    }

    [Fact]
    public void A_damaged_checkpoint_of_uscb_is_refused()
    {
        string path = Path.Combine(_folder.FullName, "uscb.safetensors");
        Uscb().SaveCheckpoint(path);
        Uscb().LoadCheckpoint(path);
        AssertRefused(path, Uscb().LoadCheckpoint);
    }

    [Fact]
    public void A_damaged_checkpoint_of_drlb_is_refused()
    {
        string path = Path.Combine(_folder.FullName, "drlb.safetensors");
        Drlb().SaveCheckpoint(path);
        Drlb().LoadCheckpoint(path);
        AssertRefused(path, Drlb().LoadCheckpoint);
    }

    // The lowest bit of the first weight: every other check would let it pass.
    private static void AssertRefused(string path, Action<string> load)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[sizeof(ulong) + (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes)] ^= 1;
        File.WriteAllBytes(path, bytes);
        InvalidDataException exception = Assert.Throws<InvalidDataException>(() => load(path));
        Assert.Contains("checksum", exception.Message, StringComparison.Ordinal);
        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
    }

    private static UscbTrainer Uscb() => new(
        Days(), new UscbOptions { Rounds = 1, DaysPerRound = 1, StepsPerRound = 1, ValidationDays = 1 }, new SeededRandom(1));

    private static DrlbTrainer Drlb() => new(
        Days(), new DrlbOptions { Rounds = 1, Days = 2, DaysPerRound = 1, StepsPerRound = 1, ValidationDays = 1 }, new SeededRandom(1));

    private static LogDays Days()
    {
        AuctionLog log = Logs.TwoKpis(3000, 77);
        return new LogDays(log, Logs.TwoKpiGoal(log, 0.2).Kpis, new LogDaysOptions { Auctions = 500, Ticks = 24 });
    }
}
