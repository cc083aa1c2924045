using System.Text.Json;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using RecallCluster.Grains.Placement;
using RecallCluster.Serving.State;
using RecallCluster.Serving.Users;
using RecallCluster.Wire.Users;

namespace RecallCluster.Grains.Users;

/// <summary>One user: a partition of the user store that holds this one alone.</summary>
[RolePlacement(SiloRoles.Control)]
internal sealed class UserGrain(MachineServices services, UserStoreOptions options)
    : MachineGrain<UserPartition>(services), IUserGrain
{
    // A user's record is small and seldom written: most of what a snapshot would save is the user's last few clicks.
    private const int SnapshotEvery = 32;

    private string UserId => this.GetPrimaryKeyString();

    public Task<UserMessage?> FindAsync()
    {
        UserRecord? known = Machine.Find(UserId);
        bool isErased = Machine.IsErased(UserId);
        return Task.FromResult(known is null && !isErased ? null : new UserMessage
        {
            Sequence = known?.Sequence ?? [],
            Consent = known?.Consent,
            IsErased = isErased,
            ExposureCampaigns = Array.ConvertAll(known?.Exposures ?? [], e => e.Campaign),
            ExposureTimes = Array.ConvertAll(known?.Exposures ?? [], e => e.At.UtcTicks),
        });
    }

    public async Task SetConsentAsync(bool mayPersonalise)
    {
        await TellAsync(new ConsentCommand(UserId, mayPersonalise)).ConfigureAwait(true);
        if (!mayPersonalise)
            await Host.SnapshotAsync().ConfigureAwait(true);
    }

    public async Task<bool> EraseAsync()
    {
        bool changed = await TellAsync(new EraseCommand(UserId)).ConfigureAwait(true);
        // No record of before the erasure stays in the log.
        await Host.SnapshotAsync().ConfigureAwait(true);
        return changed;
    }

    protected override MachineKind<UserPartition> Describe()
    {
        string key = MachineKeys.Of(MachineKeys.Users, UserId);
        return new MachineKind<UserPartition>(key, () => new UserPartition(key, capacity: 1, options));
    }

    protected override MachineHostOptions OptionsOf(MachineHostOptions usual) => usual with { SnapshotEvery = SnapshotEvery };

    private async Task<bool> TellAsync(UserCommand command) =>
        (bool)(await Host.TellAsync(JsonSerializer.SerializeToUtf8Bytes(command, ServingJson.Default.UserCommand)).ConfigureAwait(true))!;
}
