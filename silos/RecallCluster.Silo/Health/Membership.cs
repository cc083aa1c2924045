namespace RecallCluster.Silo.Health;

/// <summary>The cluster as this process sees it.</summary>
internal interface IMembership
{
    /// <summary>How many silos there are, and why this process does not belong to them; null where it does.</summary>
    ValueTask<(int Silos, string? Missing)> ReadAsync(CancellationToken cancellation);
}

/// <summary>As a silo sees it.</summary>
internal sealed class MembershipFromWithin(ISiloStatusOracle members) : IMembership
{
    public ValueTask<(int Silos, string? Missing)> ReadAsync(CancellationToken cancellation) => ValueTask.FromResult(
        (members.GetApproximateSiloStatuses(onlyActive: true).Count,
            members.CurrentStatus == SiloStatus.Active ? null : $"the silo is {members.CurrentStatus.ToString().ToLowerInvariant()}"));
}

/// <summary>As a door sees it, which is no member and asks one.</summary>
internal sealed class MembershipFromOutside(IGrainFactory grains) : IMembership
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public async ValueTask<(int Silos, string? Missing)> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            Dictionary<SiloAddress, SiloStatus> hosts = await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true)
                .WaitAsync(Patience, cancellation).ConfigureAwait(false);
            return (hosts.Count, null);
        }
        // A client that has never been connected knows no grain at all, and says so as if it were misused.
        catch (Exception e) when (e is OrleansException or TimeoutException or InvalidOperationException or ArgumentException)
        {
            return (0, $"no silo can be reached: {e.Message}");
        }
    }
}
