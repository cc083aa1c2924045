using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Serving.NewAds;

/// <summary>Somebody who puts a catalogue's ads that an index does not know into its shards.</summary>
internal interface INewAdSink
{
    /// <summary>Whether it sees all shards of its version, so that it can say what becomes of any ad.</summary>
    bool SeesAll { get; }

    /// <summary>Checks whether an ad that is about to be put could be taken in, and keeps room for it.</summary>
    /// <returns>To be disposed when it was, or was not; null where no room is needed.</returns>
    /// <exception cref="InvalidRequestException">A feature is not the model's; the message names it.</exception>
    /// <exception cref="NewAdsFullException">There is no room.</exception>
    IDisposable? Admit(Ad ad);

    /// <summary>Says that the features of an ad may have changed. Must be quick.</summary>
    void Touch(string id);

    /// <summary>Completes when all changes told before are in the shards of this process.</summary>
    Task SettledAsync(CancellationToken cancellation);

    /// <summary>How the search stands to an ad.</summary>
    AdStanding StandingOf(string id);
}
