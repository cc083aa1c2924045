namespace RecallCluster.Serving;

/// <summary>Joins the shards' answers into one.</summary>
public static class ShardMerge
{
    /// <summary>
    /// The <paramref name="k"/> best ads of all answers, best first. An ad that several shards returned (it is moving from one to another)
    /// appears once, with its best score; an ad whose score is not a number is left out. Equal scores keep the order of the shards.
    /// </summary>
    public static IReadOnlyList<ScoredAd> Top(IReadOnlyList<ShardAnswer> answers, int k)
    {
        var heads = new PriorityQueue<(int Answer, int Position), (float Score, int Answer)>(answers.Count, BestFirst.Instance);
        for (int i = 0; i < answers.Count; i++)
            Push(heads, answers, i, 0);
        int capacity = Math.Min(k, answers.Sum(a => a.Ads.Count));
        var merged = new List<ScoredAd>(capacity);
        var seen = answers.Count > 1 ? new HashSet<string>(capacity, StringComparer.Ordinal) : null;
        while (merged.Count < k && heads.TryDequeue(out (int Answer, int Position) at, out _))
        {
            ScoredAd ad = answers[at.Answer].Ads[at.Position];
            if (seen is null || seen.Add(ad.Id))
                merged.Add(ad);
            Push(heads, answers, at.Answer, at.Position + 1);
        }
        return merged;
    }

    /// <summary>
    /// The shards that were asked for less than K, gave all of that, and may have more of the K best: their worst ad is among them.
    /// </summary>
    internal static int[] Exhausted(Outcome[] outcomes, RetrieverVersion version, int k)
    {
        IReadOnlyList<ScoredAd>? top = null;
        var exhausted = new List<int>();
        for (int shard = 0; shard < outcomes.Length; shard++)
        {
            int quota = version.QuotaOf(k, shard);
            if (quota == k || outcomes[shard].Answer is not { } answer || answer.Ads.Count < quota)
                continue;
            top ??= Top(Outcome.AnswersOf(outcomes), k);
            if (top.Count < k || answer.Ads[^1].Score >= top[^1].Score)
                exhausted.Add(shard);
        }
        return [.. exhausted];
    }

    private static void Push(PriorityQueue<(int, int), (float, int)> heads, IReadOnlyList<ShardAnswer> answers, int answer, int position)
    {
        IReadOnlyList<ScoredAd> ads = answers[answer].Ads;
        while (position < ads.Count && float.IsNaN(ads[position].Score))
            position++;
        if (position < ads.Count)
            heads.Enqueue((answer, position), (ads[position].Score, answer));
    }

    private sealed class BestFirst : IComparer<(float Score, int Answer)>
    {
        public static readonly BestFirst Instance = new();

        public int Compare((float Score, int Answer) x, (float Score, int Answer) y)
        {
            int byScore = y.Score.CompareTo(x.Score);
            return byScore != 0 ? byScore : x.Answer.CompareTo(y.Answer);
        }
    }
}
