using RecallCluster.Serving.Catalogue;

namespace RecallCluster.Serving.Gateway;

/// <summary>Puts one request's answer together, with the time that each stage took.</summary>
internal sealed class AnswerBuilder(AdRequest request, BookView book, TimeProvider time, long start)
{
    private long? _mark;
    private TimeSpan _user, _search, _rank, _bid, _auction;
    private RetrievalAnswer? _found;

    /// <summary>User and eligible sets are there.</summary>
    public void UserDone() => _user = Lap();

    /// <summary>The shards have answered.</summary>
    public void Found(RetrievalAnswer found)
    {
        Lap();
        _found = found;
        _user += found.Timings.Prepare;
        _search = found.Timings.Search;
        _rank = found.Timings.Merge;
    }

    /// <summary>The candidates have their scores.</summary>
    public void RankDone() => _rank += Lap();

    /// <summary>The candidates have their bids.</summary>
    public void BidDone() => _bid = Lap();

    /// <summary>An answer without an auction: nothing to search for, or no time.</summary>
    public AdAnswer Without(NoAdReason reason, string version) => new()
    {
        RequestId = request.Id,
        Ads = [],
        NoAd = reason,
        Version = version,
        BookVersion = book.Book.Version,
        Coverage = reason == NoAdReason.Deadline ? 0 : 1,
        Scorings = _found?.Scorings ?? 0,
        Limits = reason == NoAdReason.Deadline ? SearchLimits.Deadline : SearchLimits.None,
        User = _found?.User ?? default,
        Failures = _found?.Failures ?? [],
        Timings = new LoopTimings(_user, _search, _rank, _bid, _auction),
        Explanation = request.Explain ? new Explanation([]) : null,
    };

    /// <summary>The answer.</summary>
    public AdAnswer With(
        in AuctionContext context, GatewayScratch scratch, List<SoldPlace> sold, int bidding, AdCatalogue catalogue, int gateway)
    {
        var ads = new List<PlacedAd>(sold.Count);
        foreach (SoldPlace place in sold)
        {
            ref readonly Candidate candidate = ref scratch.Candidates[place.Candidate];
            // Taken away since it was found: its win is never told, and its reserve comes free with its window.
            if (!catalogue.TryGet(candidate.Id, out Ad? ad))
                continue;
            ads.Add(new PlacedAd
            {
                SlotId = place.Slot.Id,
                Position = place.Position,
                Ad = ad!,
                AdvertiserDomain = candidate.Campaign.AdvertiserDomain,
                Ecpm = place.Ecpm,
                Win = place.ToWin(in context, in candidate, gateway),
                EventWindow = candidate.Campaign.Terms.EventWindow,
                DealId = place.Deal < 0 ? null : place.Slot.Deals[place.Deal].Id,
            });
        }
        Explanation? explanation = request.Explain ? Explainer.Of(scratch, book, sold) : null;
        _auction = Lap();
        RetrievalAnswer found = _found!;
        return new AdAnswer
        {
            RequestId = request.Id,
            Ads = ads,
            NoAd = ads.Count > 0 ? NoAdReason.None : ReasonOf(found, scratch, bidding),
            Version = found.Version,
            BookVersion = book.Book.Version,
            Coverage = found.Coverage,
            Scorings = found.Scorings,
            Limits = found.Limits,
            User = found.User,
            Failures = found.Failures,
            Timings = new LoopTimings(_user, _search, _rank, _bid, _auction),
            Explanation = explanation,
        };
    }

    private NoAdReason ReasonOf(RetrievalAnswer found, GatewayScratch scratch, int bidding)
    {
        if (found.Coverage == 0)
            return request.Deadline is { } deadline && time.GetElapsedTime(start) >= deadline * 0.5
                ? NoAdReason.Deadline : NoAdReason.NoShardAnswered;
        if (bidding == 0)
            return AnyWith(scratch, Fate.NoBid) ? NoAdReason.BelowFloor : NoAdReason.NothingEligible;
        return AnyWith(scratch, Fate.Bidding) || !AnyWith(scratch, Fate.NoRoom) ? NoAdReason.BelowFloor : NoAdReason.NoBudget;
    }

    private static bool AnyWith(GatewayScratch scratch, Fate fate)
    {
        for (int i = 0; i < scratch.Count; i++)
        {
            if (scratch.Candidates[i].Fate == fate)
                return true;
        }
        return false;
    }

    private TimeSpan Lap()
    {
        long now = time.GetTimestamp();
        TimeSpan lap = time.GetElapsedTime(_mark ?? start, now);
        _mark = now;
        return lap;
    }
}
