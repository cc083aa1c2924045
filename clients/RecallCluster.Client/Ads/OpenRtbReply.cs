namespace RecallCluster.Client;

/// <summary>The answer to an OpenRTB bid request, as it came.</summary>
/// <param name="Status">200 with a body, 204 for no bid.</param>
/// <param name="Body">The bid response, JSON; empty for no bid.</param>
public sealed record OpenRtbReply(int Status, byte[] Body)
{
    /// <summary>Whether there is a bid response.</summary>
    public bool HasBid => Status == 200;
}
