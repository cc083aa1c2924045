using System.Runtime.InteropServices;

namespace RecallCluster.Serving;

/// <summary>Joins the shards' answers into one.</summary>
public static class ShardMerge
{
    /// <summary>
    /// The <paramref name="k"/> best ads of all answers, best first. An ad that several shards returned (it is moving from one to another)
    /// appears once, with its best value; an ad whose value is not a number is left out. Equal values keep the order of the shards. With a
    /// bound of ads per campaign, under which the shards answered too, it is the best of all ads under that bound.
    /// </summary>
    /// <param name="answers">The answers.</param>
    /// <param name="k">Most ads wanted.</param>
    /// <param name="mostPerCampaign">Most ads of one campaign.</param>
    public static IReadOnlyList<ScoredAd> Top(IReadOnlyList<ShardAnswer> answers, int k, int mostPerCampaign = int.MaxValue)
    {
        var heads = new PriorityQueue<(int Answer, int Position), (float Value, int Answer)>(answers.Count, BestFirst.Instance);
        for (int i = 0; i < answers.Count; i++)
            Push(heads, answers, i, 0);
        int capacity = Math.Min(k, answers.Sum(a => a.Ads.Count));
        var merged = new List<ScoredAd>(capacity);
        var seen = answers.Count > 1 ? new HashSet<string>(capacity, StringComparer.Ordinal) : null;
        Dictionary<int, int>? had = mostPerCampaign < int.MaxValue && answers.Count > 1 ? [] : null;
        while (merged.Count < k && heads.TryDequeue(out (int Answer, int Position) at, out _))
        {
            ScoredAd ad = answers[at.Answer].Ads[at.Position];
            if ((seen is null || seen.Add(ad.Id)) && HasRoom(had, ad.Campaign, mostPerCampaign))
                merged.Add(ad);
            Push(heads, answers, at.Answer, at.Position + 1);
        }
        return merged;
    }

    /// <summary>
    /// The shards that were asked for less than K, gave all of that, and may have more of the K best: their worst ad is among them.
    /// </summary>
    internal static int[] Exhausted(Outcome[] outcomes, RetrieverVersion version, RetrievalRequest request)
    {
        IReadOnlyList<ScoredAd>? top = null;
        var exhausted = new List<int>();
        for (int shard = 0; shard < outcomes.Length; shard++)
        {
            int quota = version.QuotaOf(request, shard);
            if (quota == request.K || outcomes[shard].Answer is not { } answer || answer.Ads.Count < quota)
                continue;
            top ??= Top(Outcome.AnswersOf(outcomes), request.K);
            if (top.Count < request.K || answer.Ads[^1].Value >= top[^1].Value)
                exhausted.Add(shard);
        }
        return [.. exhausted];
    }

    private static bool HasRoom(Dictionary<int, int>? had, int campaign, int most)
    {
        if (had is null || campaign < 0)
            return true;
        ref int count = ref CollectionsMarshal.GetValueRefOrAddDefault(had, campaign, out _);
        return count < most && ++count > 0;
    }

    private static void Push(PriorityQueue<(int, int), (float, int)> heads, IReadOnlyList<ShardAnswer> answers, int answer, int position)
    {
        IReadOnlyList<ScoredAd> ads = answers[answer].Ads;
        while (position < ads.Count && float.IsNaN(ads[position].Value))
            position++;
        if (position < ads.Count)
            heads.Enqueue((answer, position), (ads[position].Value, answer));
    }

    private sealed class BestFirst : IComparer<(float Value, int Answer)>
    {
        public static readonly BestFirst Instance = new();

        public int Compare((float Value, int Answer) x, (float Value, int Answer) y)
        {
            int byValue = y.Value.CompareTo(x.Value);
            return byValue != 0 ? byValue : x.Answer.CompareTo(y.Answer);
        }
    }
}
