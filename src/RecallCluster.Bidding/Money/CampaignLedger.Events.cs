namespace RecallCluster.Bidding.Money;

/// <content>How a ledger takes in what happened to delivered ads.</content>
public sealed partial class CampaignLedger
{
    /// <summary>
    /// Takes in what happened to a delivered ad. It is charged to its lease first, then to what its day has left; beyond that it is free,
    /// counted and reported. One that is repeated, late or without a lease changes nothing.
    /// </summary>
    /// <remarks>
    /// What tells an event from another is its id, never its time or its price. An id is remembered for as long as anything could still
    /// count under its lease, whatever time of auction it named: a charge until the lease is released, a conversion until the conversion
    /// window of the lease's day is over. So a repetition finds the id, or no lease to count under.
    /// </remarks>
    /// <param name="at">The ledger's clock.</param>
    /// <param name="feedback">The event.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The price is negative or above <see cref="FeedbackEvent.MaxPrice"/>, or the kind is none; the message names the event.
    /// </exception>
    public FeedbackResult Feedback(DateTimeOffset at, in FeedbackEvent feedback)
    {
        feedback.Check();
        Advance(at);
        bool isFree = feedback.Kind == FeedbackKind.Conversion && feedback.Price == Micros.Zero;
        if (Now - feedback.AuctionAt >= (isFree ? Terms.ConversionWindow : Terms.EventWindow))
            return new FeedbackResult(Counted(LedgerOutcome.Late));

        // Nothing is charged for a free conversion: its lease may long be forgotten, so long as it is known on which day it was granted.
        bool isOpen = _leases.TryGetValue(feedback.Lease, out LeaseAccount? lease);
        DayAccount? day = isOpen ? _days[lease!.Date] : isFree ? DayOf(in feedback) : null;
        if (day is null)
            return new FeedbackResult(Counted(LedgerOutcome.UnknownLease));
        DateTimeOffset wonAt = feedback.AuctionAt;
        if (isOpen ? !lease!.CanCover(wonAt, Terms.ClockMargin) : !day.CanContain(wonAt, Terms.ClockMargin))
            return new FeedbackResult(Counted(LedgerOutcome.OutsideLease));

        // All sums are known before anything is changed.
        Charge charge = lease is null ? default : ChargeOf(day, lease, feedback.Price);
        DateTimeOffset forgetAt = feedback.Kind == FeedbackKind.Conversion
            ? EndOfAll(day) + Terms.ClockMargin + Terms.ConversionWindow : lease!.ReleaseAt(Terms);
        if (!_seen.Add(feedback.Id, forgetAt))
            return new FeedbackResult(Counted(LedgerOutcome.Duplicate));
        day.Count(feedback.Kind);
        if (lease is not null)
            Book(day, lease, in charge);
        return new FeedbackResult(Counted(LedgerOutcome.Applied), charge.Charged, charge.Free);
    }

    private Charge ChargeOf(DayAccount day, LeaseAccount lease, Micros price)
    {
        Micros fromLease = Micros.Min(price, lease.Remaining), beyond = Micros.Min(price - fromLease, Left(day));
        return new Charge(fromLease, beyond, price - fromLease - beyond);
    }

    private void Book(DayAccount day, LeaseAccount lease, in Charge charge)
    {
        lease.Remaining -= charge.FromLease;
        day.Leased -= charge.FromLease;
        day.Spent += charge.Charged;
        day.SpentBeyondLeases += charge.Beyond;
        TotalLeased -= charge.FromLease;
        TotalSpent += charge.Charged;
        if (charge.Free > Micros.Zero)
        {
            day.FreeEvents++;
            day.FreeAmount += charge.Free;
        }
    }

    /// <summary>The day on which a lease was granted, also of a lease that is forgotten; null for none.</summary>
    private DayAccount? DayOf(in FeedbackEvent feedback)
    {
        if (feedback.Lease < 1 || feedback.Lease >= _nextLease)
            return null;
        foreach (DayAccount day in _days.Values.Reverse())
        {
            // Accounts from before leases told their day have only the time to go by.
            if (day.FirstLease is { } first ? first <= feedback.Lease : day.CanContain(feedback.AuctionAt, TimeSpan.Zero))
                return day;
        }
        return null;
    }

    // Where a day does not tell its leases, another time of auction may lead to any other such day.
    private DateTimeOffset EndOfAll(DayAccount day) =>
        day.FirstLease is null ? _days.Values.Last(other => other.FirstLease is null).Day.End : day.Day.End;

    /// <summary>A price, by who pays it.</summary>
    private readonly record struct Charge(Micros FromLease, Micros Beyond, Micros Free)
    {
        public Micros Charged => FromLease + Beyond;
    }
}
