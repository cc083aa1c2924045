namespace RecallCluster.Bidding.Optimization;

/// <summary>Puts logs one behind the other.</summary>
internal static class LogJoin
{
    /// <summary>One log with the auctions of all, which have the same KPIs.</summary>
    public static AuctionLog Join(ReadOnlySpan<AuctionLog> parts)
    {
        if (parts.Length == 1)
            return parts[0];
        int count = 0;
        foreach (AuctionLog part in parts)
            count += part.Count;
        double[] value = new double[count], cost = new double[count];
        int kpis = parts.IsEmpty ? 0 : parts[0].KpiCount;
        var p = new double[kpis][];
        var q = new double[kpis][];
        for (int j = 0; j < kpis; j++)
        {
            p[j] = new double[count];
            q[j] = parts[0].Q(j).IsEmpty ? [] : new double[count];
        }
        int at = 0;
        foreach (AuctionLog part in parts)
        {
            part.Value.CopyTo(value.AsSpan(at));
            part.Cost.CopyTo(cost.AsSpan(at));
            for (int j = 0; j < kpis; j++)
            {
                part.P(j).CopyTo(p[j].AsSpan(at));
                if (q[j].Length > 0)
                    part.Q(j).CopyTo(q[j].AsSpan(at));
            }
            at += part.Count;
        }
        return new AuctionLog(
            value, cost, [.. p.Select(column => (ReadOnlyMemory<double>)column)], [.. q.Select(column => (ReadOnlyMemory<double>)column)]);
    }
}
