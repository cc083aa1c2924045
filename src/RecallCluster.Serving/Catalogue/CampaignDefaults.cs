using System.Text.Json;
using System.Text.Json.Nodes;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Catalogue;

/// <summary>
/// Fills in what a campaigns file leaves out. The generated reader would take zero and null for a missing field that only an initialiser
/// can set, not the default that stands beside it.
/// </summary>
internal static class CampaignDefaults
{
    private static readonly JsonObject Complement = Defaults();

    /// <summary>The document, with defaults in every campaign. What is no array of objects is left to the reader.</summary>
    public static JsonNode? Complete(JsonNode? document)
    {
        foreach (JsonNode? campaign in document as JsonArray ?? [])
        {
            if (campaign is JsonObject fields)
                Fill(fields, Complement);
        }
        return document;
    }

    private static void Fill(JsonObject fields, JsonObject defaults)
    {
        foreach ((string name, JsonNode? value) in defaults)
        {
            if (!fields.TryGetPropertyValue(name, out JsonNode? given))
                fields[name] = value?.DeepClone();
            else if (given is JsonObject inner && value is JsonObject innerDefaults)
                Fill(inner, innerDefaults);
        }
    }

    private static JsonObject Defaults()
    {
        var settings = new CampaignSettings
        {
            Id = 1,
            Name = "",
            AdvertiserId = 1,
            AdvertiserDomain = "",
            Product = "",
            Terms = new CampaignTerms { CampaignId = 1, TimeZone = "", DailyBudget = default, FlightStart = default },
        };
        JsonObject defaults =
            JsonSerializer.SerializeToNode(new[] { settings }, CatalogueJson.Default.CampaignSettingsArray)![0]!.AsObject();

        // These must be there, terms too: an empty one would only lack others.
        foreach (string name in (string[])["id", "name", "advertiserId", "advertiserDomain", "product"])
            defaults.Remove(name);
        foreach (string name in (string[])["campaignId", "timeZone", "dailyBudget", "flightStart"])
            defaults["terms"]!.AsObject().Remove(name);
        return defaults;
    }
}
