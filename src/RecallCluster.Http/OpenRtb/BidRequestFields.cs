using System.Globalization;
using RecallCluster.Serving;

namespace RecallCluster.Http.OpenRtb;

/// <summary>Names of fields: the gateway complains of the request that it got, whose names are not those of OpenRTB.</summary>
internal static class BidRequestFields
{
    private const string Slots = "slots";

    /// <summary>The field of the bid request that a field of our request comes from.</summary>
    /// <param name="field">The gateway's name, e.g. <c>slots[0].floor</c>.</param>
    /// <param name="bid">The bid request.</param>
    /// <param name="asked">What was made of it; it may have fewer slots than there are impressions.</param>
    public static string NameOf(string field, BidRequest bid, AdRequest asked) => field switch
    {
        Slots => "imp",
        "user.id" => "user",
        "deadlineMs" => "tmax",
        "blocked.categories" => "bcat",
        "blocked.advertisers" => "badv",
        "allowedAdvertisers" => "wseat",
        _ => field.StartsWith(Slots, StringComparison.Ordinal) ? ImpressionField(field, bid, asked) : field,
    };

    private static string ImpressionField(string field, BidRequest bid, AdRequest asked)
    {
        int open = Slots.Length, close = field.IndexOf(']', open);
        if (field[open] != '[' || close < 0
            || !int.TryParse(field.AsSpan(open + 1, close - open - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int slot)
            || slot >= asked.Slots.Count)
            return "imp";
        int place = bid.Impressions.TakeWhile(impression => impression.Id != asked.Slots[slot].Id).Count();
        string rest = field[(close + 1)..] switch
        {
            ".id" => ".id",
            ".floor" => ".bidfloor",
            ".deals" => ".pmp.deals",
            ".dealsOnly" => ".pmp.private_auction",
            // Only a banner can have more sizes than we look at.
            ".formats" => ".banner.format",
            _ => "",
        };
        return string.Create(CultureInfo.InvariantCulture, $"imp[{place}]{rest}");
    }
}
