using System.Globalization;
using System.Runtime.InteropServices;
using RecallCluster.Client;
using RecallCluster.Testing;

namespace RecallCluster.Cli.Tests.Faults;

/// <summary>A front door (<c>recall serve</c>) in a process of its own, with a state file that outlives it.</summary>
internal sealed partial class DoorProcess : IAsyncDisposable
{
    private const int FileSize = 1;
    private const ulong Unlimited = ulong.MaxValue;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly FaultWorld _world;
    private readonly string[] _further;
    private readonly DateTimeOffset _began = TimeProvider.System.GetUtcNow();
    private readonly SocketsHttpHandler _transport = new() { UseProxy = false, AllowAutoRedirect = false };
    private RecallProcess? _process;

    /// <summary>A door that is not running yet.</summary>
    /// <param name="world">What it serves.</param>
    /// <param name="further">Further arguments of <c>serve</c>.</param>
    public DoorProcess(FaultWorld world, params string[] further)
    {
        (_world, _further) = (world, further);
        State = world.NewState();
    }

    /// <summary>The state file.</summary>
    public string State { get; }

    /// <summary>How far the business clock of the next life is from where the first life's would be.</summary>
    public TimeSpan ClockShift { get; set; }

    /// <summary>Where it is, the same in every life.</summary>
    public Uri Address { get; } = RecallProcess.FreeAddress();

    /// <summary>A client that never repeats a call by itself.</summary>
    public RecallClient Client { get; private set; } = null!;

    public RecallAdmin Admin { get; private set; } = null!;

    /// <summary>A plain client that follows no redirects.</summary>
    public HttpClient Http { get; private set; } = null!;

    /// <summary>Begins a life; it is ready when the task completes.</summary>
    public async Task StartAsync()
    {
        // A process that ignores SIGXFSZ is told by its writes that a file must not grow, as one on a full disk is.
        _process = RecallProcess.StartIn(
            "trap '' XFSZ; exec \"$0\" \"$@\"",
            [
                "serve", "--model", _world.Model, "--index", _world.Index, "--market", _world.Market, "--state", State,
                "--urls", Address.GetLeftPart(UriPartial.Authority), "--threads", "1", "--json",
                "--clock-real-origin", Text(_began), "--clock-business-origin", Text(SmallMarket.Morning + ClockShift), .. _further,
            ]);
        await _process.ReadDocumentAsync();
        if (Client is not null)
            return;
        Client = ClientWith(null);
        Admin = new RecallAdmin(Client);
        Http = new HttpClient(_transport) { BaseAddress = Address, Timeout = Patience };
    }

    /// <summary>A client with a key.</summary>
    public RecallClient ClientWith(string? key) => new(new RecallClientOptions
    {
        Door = Address, ApiKey = key, Timeout = Patience, Retries = new RetryOptions { MaxAttempts = 1 },
    });

    /// <summary>Ends it as a power cut would.</summary>
    public async Task KillAsync()
    {
        await _process!.KillAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Kills it and begins its next life.</summary>
    public async Task RestartAsync()
    {
        await KillAsync();
        await StartAsync();
    }

    /// <summary>From now on no file of the process may grow beyond so many bytes: a disk that is full. Null for one with room.</summary>
    public void LimitFiles(ulong? bytes)
    {
        var limit = new ResourceLimit { Soft = bytes ?? Unlimited, Hard = Unlimited };
        Assert.Equal(0, SetLimit(_process!.Id, FileSize, in limit, 0));
    }

    /// <summary>Wins ads with one request.</summary>
    public Task<AdsAnswer> AskAsync(int count = 4, string user = "user1") => Client.AdsAsync(new AdsRequest
    {
        User = new AdsUser { Id = user }, Slots = [new AdsSlot { Id = "s", Count = count }],
    });

    /// <summary>All campaigns by id.</summary>
    public async Task<Dictionary<long, CampaignStanding>> CampaignsAsync()
    {
        var campaigns = new Dictionary<long, CampaignStanding>();
        await foreach (CampaignStanding campaign in Admin.CampaignsAsync())
            campaigns.Add(campaign.Id, campaign);
        return campaigns;
    }

    public ValueTask DisposeAsync()
    {
        Client?.Dispose();
        Http?.Dispose();
        _transport.Dispose();
        _process?.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string Text(DateTimeOffset time) => time.ToString("O", CultureInfo.InvariantCulture);

    [LibraryImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static partial int SetLimit(int process, int resource, in ResourceLimit limit, nint old);

    [StructLayout(LayoutKind.Sequential)]
    private struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
