using FsCheck;
using FsCheck.Fluent;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;

namespace RecallCluster.Bidding.Tests.Money;

/// <summary>Sequences of whatever can happen to a ledger, with restarts in between.</summary>
public class LedgerPropertyTests
{
    [Fact]
    public void No_sequence_overspends_counts_twice_or_loses_a_micro_unit() =>
        Prop.ForAll<int, byte[]>((seed, steps) =>
        {
            var run = new LedgerRun(seed);
            foreach (byte step in steps)
                run.Step(step);
            run.Finish();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(400).WithEndSize(300));

    [Fact]
    public void A_snapshot_at_any_point_and_what_was_told_since_give_the_same_ledger() =>
        Prop.ForAll<int, byte[]>((seed, steps) =>
        {
            var run = new LedgerRun(seed);
            foreach (byte step in steps)
            {
                run.Step(step);
                run.Remember();
            }
            run.ReviveFromEverySnapshot();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60).WithEndSize(80));

    [Fact]
    public void The_sequences_reach_the_corners_that_they_are_meant_to()
    {
        var outcomes = new HashSet<LedgerOutcome>();
        int free = 0, shortFlights = 0;
        for (int seed = 0; seed < 40; seed++)
        {
            var run = new LedgerRun(seed);
            var steps = new SeededRandom((ulong)seed);
            for (int step = 0; step < 500; step++)
                run.Step(steps.NextInt(LedgerRun.Steps));
            outcomes.UnionWith(Enum.GetValues<LedgerOutcome>().Where(outcome => run.Ledger.CountOf(outcome) > 0));
            free += run.HasFree ? 1 : 0;
            shortFlights += run.FlightWasShort ? 1 : 0;
        }
        // Two are said where there is no ledger to ask.
        LedgerOutcome[] elsewhere = [LedgerOutcome.UnknownCampaign, LedgerOutcome.Pending];
        Assert.Equal(Enum.GetValues<LedgerOutcome>().Except(elsewhere).Order(), outcomes.Order());
        Assert.True(free > 20, $"{free} runs delivered something free");
        Assert.True(shortFlights > 10, $"{shortFlights} runs came to the end of the flight's budget");
    }
}
