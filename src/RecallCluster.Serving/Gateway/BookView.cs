using RecallCluster.Calibration.Maps;
using RecallCluster.Serving.ValueRanking;

namespace RecallCluster.Serving.Gateway;

/// <summary>A bid book with each campaign's calibration map found already: looking one up by its context costs more than using it.</summary>
internal sealed class BookView
{
    private readonly CalibrationMap[] _click;

    public BookView(BidBook book)
    {
        Book = book;
        _click = new CalibrationMap[book.Campaigns.Length];
        for (int number = 0; number < _click.Length; number++)
            _click[number] = book.Click.For(book.Campaigns[number].Context);
    }

    public BidBook Book { get; }

    /// <summary>A campaign's bid parameters; nothing where the book does not have it.</summary>
    public BidBookEntry EntryOf(int campaign) =>
        (uint)campaign < (uint)_click.Length ? Book.Campaigns[campaign] : default;

    /// <summary>The calibrated click probability of a campaign's ad.</summary>
    public double Click(int campaign, double raw) => (uint)campaign < (uint)_click.Length ? _click[campaign].Apply(raw) : raw;
}
