using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace RecallCluster.Silo.Membership;

/// <summary>
/// Declares dead, before this silo joins, those who stand in the table as alive but are not: a cluster that was killed whole leaves only
/// such rows, and a silo that joins waits for an answer from each of them. Who accepts a connection is left alone; of the others it is
/// watched whether they still say that they are alive, by this silo's clock only, so that clocks need not agree.
/// </summary>
/// <param name="own">This silo's address; rows of its former lives are Orleans' own to clear.</param>
/// <param name="patience">How long a silo may be silent.</param>
/// <param name="time">Time.</param>
/// <param name="logger">Told of each that is declared dead.</param>
internal sealed partial class PredecessorSweep(IPEndPoint own, TimeSpan patience, TimeProvider time, ILogger<PredecessorSweep> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250), ConnectTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Watches as long as a silo may be silent, and not at all where everybody answers.</summary>
    public async Task RunAsync(IMembershipTable table)
    {
        MembershipTableData first = await table.ReadAll().ConfigureAwait(false);
        Dictionary<SiloAddress, DateTime> silent = await SilentOfAsync(first).ConfigureAwait(false);
        long began = time.GetTimestamp();
        while (silent.Count > 0 && time.GetElapsedTime(began) < patience)
        {
            await Task.Delay(Pause, time).ConfigureAwait(false);
            MembershipTableData now = await table.ReadAll().ConfigureAwait(false);
            foreach ((SiloAddress silo, DateTime alive) in silent.ToArray())
            {
                if (now.TryGet(silo)?.Item1 is not { } row || IsGone(row.Status) || row.IAmAliveTime != alive)
                    silent.Remove(silo);
            }
        }
        foreach (SiloAddress silo in silent.Keys)
            await DeclareDeadAsync(table, silo).ConfigureAwait(false);
    }

    private static bool IsGone(SiloStatus status) => status is SiloStatus.Dead or SiloStatus.None;

    private async Task<Dictionary<SiloAddress, DateTime>> SilentOfAsync(MembershipTableData table)
    {
        MembershipEntry[] others =
            [.. table.Members.Select(m => m.Item1).Where(row => !IsGone(row.Status) && !row.SiloAddress.Endpoint.Equals(own))];
        bool[] answer = await Task.WhenAll(others.Select(row => AcceptsAsync(row.SiloAddress.Endpoint))).ConfigureAwait(false);
        var silent = new Dictionary<SiloAddress, DateTime>();
        for (int i = 0; i < others.Length; i++)
        {
            if (!answer[i])
                silent.Add(others[i].SiloAddress, others[i].IAmAliveTime);
        }
        return silent;
    }

    private async Task<bool> AcceptsAsync(IPEndPoint place)
    {
        using var socket = new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var patient = new CancellationTokenSource(ConnectTimeout, time);
        try
        {
            await socket.ConnectAsync(place, patient.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task DeclareDeadAsync(IMembershipTable table, SiloAddress silo)
    {
        const int Attempts = 20;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            MembershipTableData now = await table.ReadAll().ConfigureAwait(false);
            if (now.TryGet(silo) is not { } known || IsGone(known.Item1.Status))
                return;
            known.Item1.Status = SiloStatus.Dead;
            if (await table.UpdateRow(known.Item1, known.Item2, now.Version.Next()).ConfigureAwait(false))
            {
                LogDead(logger, known.Item1.SiloName, silo);
                return;
            }
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Name} ({Silo}) stands as alive but neither answers nor says so: it is declared dead.")]
    private static partial void LogDead(ILogger logger, string name, SiloAddress silo);
}
