using RecallCluster.Bidding.Money;

namespace RecallCluster.Serving.Users;

/// <summary>What is remembered of a user, at one moment. Immutable: readers on other threads keep what they found.</summary>
/// <param name="Id">The user.</param>
/// <param name="Sequence">Ads clicked, oldest first.</param>
/// <param name="Exposures">Impressions, oldest first.</param>
/// <param name="Consent">Whether the data may be used; null when the user never said.</param>
internal sealed record UserRecord(string Id, string[] Sequence, Exposure[] Exposures, bool? Consent = null)
{
    /// <summary>Nothing is known of the user.</summary>
    public static UserRecord Unknown(string id) => new(id, [], []);

    /// <summary>The record as others see it.</summary>
    public UserMemory ToMemory() => new(Sequence, Consent) { Exposures = Exposures };

    /// <summary>With one more click; of more than <paramref name="longest"/> the oldest go.</summary>
    public UserRecord WithClick(string ad, int longest) =>
        this with { Sequence = Sequence.Length < longest ? [.. Sequence, ad] : [.. Sequence[^(longest - 1)..], ad] };

    /// <summary>
    /// With one more impression, in order of time; those before <paramref name="oldest"/> and beyond <paramref name="most"/> go.
    /// </summary>
    public UserRecord WithExposure(Exposure exposure, DateTimeOffset oldest, int most)
    {
        List<Exposure> kept = [.. Exposures.Where(one => one.At > oldest)];
        int place = kept.Count;
        while (place > 0 && kept[place - 1].At > exposure.At)
            place--;
        kept.Insert(place, exposure);
        if (kept.Count > most)
            kept.RemoveRange(0, kept.Count - most);
        return this with { Exposures = [.. kept] };
    }

    /// <summary>Whether the user may see a campaign under all of its rules; see <see cref="FrequencyCaps"/>.</summary>
    public bool Allows(long campaign, IReadOnlyList<FrequencyRule> rules, DateTimeOffset now)
    {
        for (int r = 0; r < rules.Count; r++)
        {
            int seen = 0;
            for (int i = Exposures.Length - 1; i >= 0 && now - Exposures[i].At < rules[r].Within; i--)
            {
                if (Exposures[i].Campaign == campaign && ++seen >= rules[r].Impressions)
                    return false;
            }
        }
        return true;
    }
}

/// <summary>A partition's users as its snapshot keeps them.</summary>
/// <param name="Users">The one touched longest ago first.</param>
/// <param name="Refused">Users who do not want to be remembered, the oldest refusal first.</param>
/// <param name="Erased">Hashes of users who were erased, the oldest first; null in states of before there were any.</param>
internal sealed record UserPartitionState(List<UserRecord> Users, List<string> Refused, List<string>? Erased = null);
