using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RecallCluster.Numerics;
using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Catalogue;

/// <summary>
/// The market of a data-set directory, beside its tables:
/// <code>
/// campaigns.json   an array of campaign settings: id, name, advertiserId, advertiserDomain, terms, product, ...; what may be left out
///                  has the default of <see cref="CampaignSettings"/>
/// ads.jsonl        a line of JSON for each ad: {"id":"ad1","campaign":7,"categories":["IAB2-3"],"kind":"banner","width":300,
///                  "height":250,"media":"https://...","mediaType":"image/png","title":"...","landingPage":"https://..."}
/// </code>
/// An ad is an item of the data set (its id is the item's); items without a line are not for sale. An ad that the index does not know is
/// found by its side information, "features":{"category":12,"brand":"acme"}, where it has any. Both files are UTF-8.
/// </summary>
public static class AdsDirectory
{
    /// <summary>Name of the file of campaigns.</summary>
    public const string CampaignsFile = "campaigns.json";

    /// <summary>Name of the file of ads.</summary>
    public const string AdsFile = "ads.jsonl";

    private const int LongestLine = 64 * 1024;

    /// <summary>Whether a directory has a market.</summary>
    public static bool HasMarket(string directory) =>
        File.Exists(Path.Combine(directory, CampaignsFile)) && File.Exists(Path.Combine(directory, AdsFile));

    /// <summary>Writes campaigns; the file appears only when it is complete.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    public static void WriteCampaigns(string directory, IEnumerable<CampaignSettings> campaigns)
    {
        CampaignSettings[] all = [.. campaigns];
        AtomicFile.Write(
            Path.Combine(directory, CampaignsFile), stream => JsonSerializer.Serialize(stream, all,
                CatalogueJson.Default.CampaignSettingsArray));
    }

    /// <summary>Writes ads; the file appears only when it is complete.</summary>
    /// <exception cref="InvalidRequestException">An ad makes no sense.</exception>
    /// <exception cref="IOException">It could not be written.</exception>
    public static void WriteAds(string directory, IEnumerable<Ad> ads)
    {
        ArgumentNullException.ThrowIfNull(ads);
        AtomicFile.Write(Path.Combine(directory, AdsFile), stream =>
        {
            foreach (Ad ad in ads)
            {
                AdChecks.Check(ad);
                JsonSerializer.Serialize(stream, AdLine.Of(ad), CatalogueJson.Default.AdLine);
                stream.WriteByte((byte)'\n');
            }
        });
    }

    /// <summary>Reads campaigns.</summary>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is broken; the message names file and place.</exception>
    public static IReadOnlyList<CampaignSettings> ReadCampaigns(string directory)
    {
        string path = Path.Combine(directory, CampaignsFile);
        try
        {
            using FileStream file = File.OpenRead(path);
            CampaignSettings[] campaigns = CampaignDefaults.Complete(JsonNode.Parse(file))
                .Deserialize(CatalogueJson.Default.CampaignSettingsArray)
                ?? throw new InvalidDataException($"{path}: the JSON says null.");
            var ids = new HashSet<long>();
            for (int i = 0; i < campaigns.Length; i++)
            {
                if (campaigns[i] is null)
                    throw new InvalidDataException($"{path}, entry {i}: it is null.");
                if (campaigns[i].Id <= 0 || !ids.Add(campaigns[i].Id))
                    throw new InvalidDataException($"{path}, entry {i}: id {campaigns[i].Id} is not positive, or there twice.");
            }
            return campaigns;
        }
        // A field that is there twice is an argument that the object model refuses.
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Reads ads one by one.</summary>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="InvalidDataException">A line is broken; the message names file, line and field.</exception>
    public static IEnumerable<Ad> ReadAds(string directory)
    {
        string path = Path.Combine(directory, AdsFile);
        using var reader = new StreamReader(path, new UTF8Encoding(false, throwOnInvalidBytes: true), true, 1 << 16);
        long number = 0;
        while (Next(reader, path, ++number) is { } line)
        {
            if (line.Length > 0)
                yield return Parse(line, path, number);
        }
    }

    private static string? Next(StreamReader reader, string path, long number)
    {
        try
        {
            string? line = reader.ReadLine();
            return line is null || line.Length <= LongestLine
                ? line
                : throw new InvalidDataException($"{path}, line {number}: {line.Length} characters; an ad has at most {LongestLine}.");
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"{path}, line {number}: the bytes are no UTF-8.", e);
        }
    }

    private static Ad Parse(string line, string path, long number)
    {
        try
        {
            AdLine ad = JsonSerializer.Deserialize(line, CatalogueJson.Default.AdLine)
                ?? throw new InvalidDataException($"{path}, line {number}: the JSON says null.");
            return ad.ToAd();
        }
        catch (Exception e) when (e is JsonException or InvalidRequestException)
        {
            throw new InvalidDataException($"{path}, line {number}: {e.Message}", e);
        }
    }
}
