using RecallCluster.Bidding.Money;

namespace RecallCluster.Bidding.Tests.Money;

public class CalendarTests
{
    private static DateTimeOffset Utc(string time) => DateTimeOffset.Parse(time + "Z");

    [Theory]
    [InlineData("Europe/Berlin", "2026-03-29T12:00", "2026-03-28T23:00", 23)]
    [InlineData("Europe/Berlin", "2026-10-25T12:00", "2026-10-24T22:00", 25)]
    [InlineData("Europe/Berlin", "2026-06-01T12:00", "2026-05-31T22:00", 24)]
    [InlineData("America/New_York", "2026-03-08T12:00", "2026-03-08T05:00", 23)]
    [InlineData("America/Sao_Paulo", "2018-11-04T12:00", "2018-11-04T03:00", 23)]
    [InlineData("America/Havana", "2025-11-02T12:00", "2025-11-02T04:00", 25)]
    [InlineData("Australia/Lord_Howe", "2026-04-05T02:00", "2026-04-04T13:00", 24.5)]
    [InlineData("Asia/Kathmandu", "2026-04-05T02:00", "2026-04-04T18:15", 24)]
    public void A_day_has_the_hours_that_its_clocks_give_it(string zone, string inside, string start, double hours)
    {
        BudgetDay day = new CampaignCalendar(zone).DayOf(Utc(inside));
        Assert.Equal(Utc(start), day.Start);
        Assert.Equal(hours, (day.End - day.Start).TotalHours);
    }

    [Theory]
    [InlineData("Europe/Berlin")]
    [InlineData("America/Sao_Paulo")]
    [InlineData("America/St_Johns")]
    [InlineData("America/Havana")]
    [InlineData("Africa/Cairo")]
    [InlineData("Pacific/Apia")]
    [InlineData("Australia/Lord_Howe")]
    public void Days_follow_each_other_without_gap_or_overlap(string zone)
    {
        var calendar = new CampaignCalendar(zone);
        BudgetDay day = calendar.DayOf(Utc("2005-01-01T12:00"));
        while (day.Start.Year < 2027)
        {
            BudgetDay next = calendar.DayOf(day.End);
            Assert.Equal(day.End, next.Start);
            Assert.True(next.Date > day.Date);
            Assert.Equal(day, calendar.DayOf(day.Start));
            Assert.Equal(day, calendar.DayOf(day.End - TimeSpan.FromTicks(1)));
            Assert.Equal(day, calendar.DayOf(day.Start + TimeSpan.FromMinutes(40)));
            day = next;
        }
    }

    [Fact]
    public void An_unknown_time_zone_is_named() =>
        Assert.Contains("Mars/Olympus", Assert.Throws<ArgumentException>(() => new CampaignCalendar("Mars/Olympus")).Message);

    [Fact]
    public void Even_pacing_spreads_over_the_real_hours()
    {
        BudgetDay day = new CampaignCalendar("Europe/Berlin").DayOf(Utc("2026-03-29T12:00"));
        var pacing = new EvenPacing();
        Assert.Equal(1 / 23.0, pacing.ShareBy(day.Start, day.End, day.Start.AddHours(1)), 12);
        Assert.Equal(0, pacing.ShareBy(day.Start, day.End, day.Start.AddHours(-1)));
        Assert.Equal(1, pacing.ShareBy(day.Start, day.End, day.End));
    }

    [Theory]
    [InlineData("2026-03-29T12:00")]
    [InlineData("2026-10-25T12:00")]
    [InlineData("2026-06-01T12:00")]
    public void Traffic_pacing_never_falls_and_gives_every_hour_its_share(string inside)
    {
        var calendar = new CampaignCalendar("Europe/Berlin");
        BudgetDay day = calendar.DayOf(Utc(inside));
        double[] curve = [.. Enumerable.Range(0, 24).Select(hour => hour < 6 ? 0.0 : hour)];
        var pacing = new TrafficPacing(calendar, curve);
        double last = 0;
        for (DateTimeOffset now = day.Start; now < day.End; now += TimeSpan.FromMinutes(10))
        {
            double share = pacing.ShareBy(day.Start, day.End, now);
            Assert.InRange(share, last, 1);
            last = share;
        }
        DateTimeOffset eight = day.End.AddHours(-16), nine = day.End.AddHours(-15);
        double ofEight = pacing.ShareBy(day.Start, day.End, nine) - pacing.ShareBy(day.Start, day.End, eight);
        Assert.Equal(8 / curve.Sum(), ofEight, 12);
    }

    [Fact]
    public void A_traffic_curve_that_makes_no_sense_is_refused()
    {
        var calendar = new CampaignCalendar("Europe/Berlin");
        Assert.Throws<ArgumentException>(() => new TrafficPacing(calendar, new double[23]));
        Assert.Throws<ArgumentException>(() => new TrafficPacing(calendar, new double[24]));
        Assert.Throws<ArgumentException>(() => new TrafficPacing(calendar, [.. Enumerable.Repeat(double.NaN, 24)]));
        // A night whose clocks are put back would have more traffic than there are numbers.
        Assert.Throws<ArgumentException>(() => new TrafficPacing(calendar, [0, 0, 1.7e308, .. new double[21]]));
        var night = new TrafficPacing(calendar, [1, .. new double[23]]);
        Assert.Equal(0.5, night.ShareBy(Utc("2026-06-01T10:00"), Utc("2026-06-01T12:00"), Utc("2026-06-01T11:00")));
    }
}
