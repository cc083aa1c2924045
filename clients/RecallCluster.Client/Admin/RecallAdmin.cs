using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace RecallCluster.Client;

/// <summary>
/// The administration of a front door: campaigns, ads, what is going on. Every call throws what <see cref="RecallClient.AdsAsync"/> throws.
/// Thread-safe.
/// </summary>
public sealed class RecallAdmin
{
    private const int PageSize = 200;
    private readonly RecallClient _client;

    /// <summary>The administration behind a client's door; the client stays with the caller.</summary>
    public RecallAdmin(RecallClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        _client = client;
    }

    /// <summary>All campaigns by id, page by page.</summary>
    public async IAsyncEnumerable<CampaignStanding> CampaignsAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        string? after = "0";
        while (after is not null)
        {
            CampaignPage page = await _client
                .GetAsync($"v1/campaigns?after={after}&limit={PageSize}", ClientJson.Default.CampaignPage, cancellation)
                    .ConfigureAwait(false);
            foreach (CampaignStanding campaign in page.Campaigns)
                yield return campaign;
            after = page.Next;
        }
    }

    /// <summary>One campaign.</summary>
    public Task<CampaignStanding> CampaignAsync(long id, CancellationToken cancellation = default) =>
        _client.GetAsync(PathOf(id), ClientJson.Default.CampaignStanding, cancellation);

    /// <summary>
    /// Creates a campaign, or replaces its settings. A change that is based on a version is not sent again when its answer is lost: the
    /// second would fail where the first was made.
    /// </summary>
    /// <param name="id">The campaign.</param>
    /// <param name="campaign">All of its settings.</param>
    /// <param name="ifVersion">The version that the change is based on: 0 to create only, null for whatever is there.</param>
    /// <param name="cancellation">The caller gave up; the change may have been made.</param>
    public Task<CampaignStanding> PutCampaignAsync(
        long id, Campaign campaign, long? ifVersion = null, CancellationToken cancellation = default) =>
        _client.CallAsync(
            HttpMethod.Put, PathOf(id), campaign, ClientJson.Default.Campaign, ClientJson.Default.CampaignStanding, ifVersion is null,
            cancellation,
            ifVersion is { } version ? version == 0 ? "*" : string.Create(CultureInfo.InvariantCulture, $"\"v{version}\"") : null);

    /// <summary>Changes a campaign's budget, or holds it back, or lets it go on; null leaves as it is.</summary>
    public Task<CampaignStanding> ChangeCampaignAsync(
        long id, decimal? dailyBudget = null, bool? isPaused = null, CancellationToken cancellation = default) =>
        _client.CallAsync(
            HttpMethod.Patch, PathOf(id), new CampaignPatch(dailyBudget, isPaused), ClientJson.Default.CampaignPatch,
            ClientJson.Default.CampaignStanding, true, cancellation);

    /// <summary>One ad.</summary>
    public Task<AdResource> AdAsync(string id, CancellationToken cancellation = default) =>
        _client.GetAsync(AdPathOf(id), ClientJson.Default.AdResource, cancellation);

    /// <summary>Adds an ad, or replaces it.</summary>
    public Task<AdResource> PutAdAsync(string id, AdResource ad, CancellationToken cancellation = default) =>
        _client.CallAsync(HttpMethod.Put, AdPathOf(id), ad, ClientJson.Default.AdResource, ClientJson.Default.AdResource, true,
            cancellation);

    /// <summary>Takes an ad away.</summary>
    /// <returns>Whether it was there.</returns>
    public async Task<bool> RemoveAdAsync(string id, CancellationToken cancellation = default)
    {
        using var message = new HttpRequestMessage(HttpMethod.Delete, AdPathOf(id));
        message.Options.Set(RetryHandler.IsIdempotent, true);
        (HttpStatusCode status, byte[] body, _) = await _client.SendAsync(message, cancellation).ConfigureAwait(false);
        return status switch
        {
            HttpStatusCode.NoContent => true,
            HttpStatusCode.NotFound => false,
            _ => throw RecallClient.Refusal(status, body),
        };
    }

    /// <summary>What is going on, as the dashboard shows it.</summary>
    /// <returns>The snapshot; dispose it after use.</returns>
    public async Task<JsonDocument> LiveAsync(CancellationToken cancellation = default)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, "v1/live");
        (HttpStatusCode status, byte[] body, _) = await _client.SendAsync(message, cancellation).ConfigureAwait(false);
        return status == HttpStatusCode.OK ? JsonDocument.Parse(body) : throw RecallClient.Refusal(status, body);
    }

    private static string PathOf(long id) => string.Create(CultureInfo.InvariantCulture, $"v1/campaigns/{id}");

    private static string AdPathOf(string id) => $"v1/ads/{Uri.EscapeDataString(id)}";
}
