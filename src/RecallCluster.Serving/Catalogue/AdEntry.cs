namespace RecallCluster.Serving.Catalogue;

/// <summary>What an auction has to know of an ad.</summary>
/// <param name="Row">Number of the ad in the catalogue: stable, and equal wherever the same ads file was loaded; breaks ties.</param>
/// <param name="Campaign">Number of its campaign.</param>
/// <param name="Facet">Number of its facet.</param>
/// <param name="IsPaused">Whether it is held back.</param>
public readonly record struct AdEntry(int Row, int Campaign, int Facet, bool IsPaused);
