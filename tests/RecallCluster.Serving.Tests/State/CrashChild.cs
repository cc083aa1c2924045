using System.Globalization;
using RecallCluster.Bidding.Money;
using RecallCluster.Numerics;
using RecallCluster.Serving.Feedback;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests.State;

/// <summary>
/// A process to be killed: it opens a state file and sends events as fast as they are acknowledged, writing the id of each acknowledged win
/// to its output.
/// </summary>
internal static class CrashChild
{
    private const int Writers = 8;

    public static async Task<int> Main(string[] args)
    {
        await using ServingState state = await ServingState.OpenAsync(args[0], TimeProvider.System);
        await state.Campaigns.PutAsync(Some.Campaign(1, DateTimeOffset.UtcNow.AddDays(-1), budget: 1e6), null, default);
        LeaseGrant grant = await state.Campaigns.RequestLeaseAsync(1, 1, state.Epoch, Some.Units(1000));
        Console.WriteLine($"lease {grant.Lease.Id.ToString(CultureInfo.InvariantCulture)}");
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => SendAsync(state, grant.Lease, (ulong)writer))));
        return 0;
    }

    private static async Task SendAsync(ServingState state, Lease lease, ulong writer)
    {
        var random = new SeededRandom(((ulong)Environment.ProcessId << 8) + writer);
        while (true)
        {
            var id = new UInt128(random.NextUInt64(), random.NextUInt64());
            Win win = Some.Win(1, lease, DateTimeOffset.UtcNow, id, user: $"u{writer}");
            IReadOnlyList<AdEventResult> results = await state.Feedback.AcceptAsync(
                [Some.Event(AdEventKind.Impression, win), Some.Event(AdEventKind.Click, win)], default);
            if (results.Any(result => result.Outcome != LedgerOutcome.Applied))
                throw new InvalidOperationException($"An event was {results[0].Outcome}, {results[1].Outcome}.");
            lock (Console.Out)
            {
                Console.WriteLine($"{id} {win.AuctionAt.UtcTicks.ToString(CultureInfo.InvariantCulture)} {writer}");
                Console.Out.Flush();
            }
        }
    }
}
