using RecallCluster.Data;
using RecallCluster.Serving;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.State;

namespace RecallCluster.Cli.Workflows;

/// <summary>
/// The market of a directory as a <see cref="ValueMarket"/>: the campaigns that own the ads, with the bids that they make.
/// </summary>
internal static class MarketBids
{
    /// <summary>Reads campaigns and ads.</summary>
    /// <param name="directory">Directory with campaigns.json and ads.jsonl.</param>
    /// <param name="state">
    /// State file of a front door that served the market: weights and calibration as they stand there. Null: the weights that campaigns
    /// start with, no calibration. The file is copied, and its front door may be running.
    /// </param>
    /// <param name="dataset">The data set of the ads.</param>
    /// <param name="scale">From the model's scores to raw click probabilities.</param>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    /// <exception cref="InvalidDataException">A file is broken; the message names the place.</exception>
    public static async Task<ValueMarket> ReadAsync(string directory, string? state, Dataset dataset, ClickScale scale)
    {
        IReadOnlyList<CampaignSettings> campaigns = AdsDirectory.ReadCampaigns(directory);
        DirectoryInfo scratch = Directory.CreateTempSubdirectory("recall-value-");
        try
        {
            string file = Path.Combine(scratch.FullName, "state.db");
            foreach (string part in state is null ? [] : (string[])["", "-wal"])
            {
                if (part.Length == 0 || File.Exists(state + part))
                    File.Copy(state + part, file + part);
            }
            await using ServingState opened = await ServingState.OpenAsync(file, TimeProvider.System).ConfigureAwait(false);
            await Task.WhenAll(campaigns.Where(campaign => opened.Directory.NumberOf(campaign.Id) < 0)
                .Select(campaign => opened.Campaigns.PutAsync(campaign, 0, default))).ConfigureAwait(false);
            // The book with all of them was asked for before this.
            await opened.Journal.ReadAsync(() => true, default).ConfigureAwait(false);
            Dictionary<string, int> rowOf = dataset.Items.Ids.Index().ToDictionary(x => x.Item, x => x.Index, StringComparer.Ordinal);
            int[] campaignOf = new int[dataset.Items.Count];
            Array.Fill(campaignOf, -1);
            foreach (Ad ad in AdsDirectory.ReadAds(directory))
            {
                if (rowOf.TryGetValue(ad.Id, out int row))
                    campaignOf[row] = opened.Directory.NumberOf(ad.CampaignId);
            }
            return new ValueMarket(campaignOf, opened.Directory.Current.Book, state is not null, scale);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }
}
