using RecallCluster.Cli.Infrastructure;
using RecallCluster.Serving.Campaigns;
using RecallCluster.Serving.Live;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace RecallCluster.Cli.Reports;

/// <summary>A server's snapshot as text: figures, campaigns by spend, shards.</summary>
internal sealed class TopDrawing(Uri server)
{
    private const int BarWidth = 20;

    // Lines that are not rows of campaigns: the title, the figures, two tables' frames, and a spare one for the cursor.
    private const int FixedLines = 16;
    private const int LeastCampaigns = 3, TableFrame = 5;

    /// <param name="snapshot">What to draw.</param>
    /// <param name="height">Lines that there are; campaigns that do not fit are left out, and their number is said.</param>
    /// <param name="trouble">Why the figures stand still, or null.</param>
    public IRenderable Draw(TopSnapshot snapshot, int height, string? trouble = null)
    {
        int replicas = snapshot.Shards.Sum(s => Math.Max(1, s.Replicas.Count));
        int troubles = snapshot.Background is { Length: > 0 } some ? some.Length + TableFrame : 0;
        int rows = (int)Math.Clamp((long)height - FixedLines - replicas - troubles, LeastCampaigns, int.MaxValue);
        var parts = new List<IRenderable> { Title(snapshot, trouble), Figures(snapshot) };
        if (snapshot.Campaigns.Length > 0)
            parts.Add(Campaigns(snapshot.Campaigns, rows));
        if (snapshot.Shards.Length > 0)
            parts.Add(Shards(snapshot.Shards));
        if (snapshot.Background is { Length: > 0 } background)
            parts.Add(Background(background));
        return new Rows(parts);
    }

    private Markup Title(TopSnapshot snapshot, string? trouble)
    {
        string versions = string.Join("  ", snapshot.Versions.Select(v => $"{v.Key} {v.Value}"));
        string state = trouble is null ? "[green]live[/]" : $"[red]{Markup.Escape(trouble)}[/]";
        return new Markup($"[bold]RecallCluster[/] {Markup.Escape(server.Authority)}  {state}  "
            + $"[grey]business clock {snapshot.At:yyyy-MM-dd HH:mm:ss}  {Markup.Escape(versions)}[/]");
    }

    private static Grid Figures(TopSnapshot snapshot)
    {
        (LiveTraffic traffic, LiveRetrieval retrieval, LiveMarket market) = (snapshot.Traffic, snapshot.Retrieval, snapshot.Market);
        var grid = new Grid();
        for (int i = 0; i < 8; i++)
            grid.AddColumn(new GridColumn { NoWrap = true, Alignment = i % 2 == 0 ? Justify.Left : Justify.Right });
        Line("requests/s", Drawing.Fixed(traffic.RequestsPerSecond, 1), "p50", Drawing.Milliseconds(traffic.P50Ms),
            "value recall", retrieval.ValueRecall is { } recall ? Drawing.Percent(recall) : "–",
            "revenue", Drawing.Fixed(market.Revenue));
        Line("shed/s", Drawing.Fixed(traffic.ShedPerSecond, 1), "p99", Drawing.Milliseconds(traffic.P99Ms),
            "ads scored", Drawing.Percent(retrieval.ScoredShare), "impressions", Drawing.Count(market.Impressions));
        Line("failed/s", Drawing.Fixed(traffic.ErrorsPerSecond, 1), "ads", Drawing.Count(retrieval.Ads),
            "coverage", Drawing.Percent(retrieval.Coverage), "clicks", Drawing.Count(market.Clicks));
        return grid;

        void Line(params string[] cells) => grid.AddRow(
            [.. cells.Select((cell, i) => new Markup(i % 2 == 0 ? $"[grey]{Markup.Escape(cell)}[/]" : $"[bold]{Markup.Escape(cell)}[/]"))]);
    }

    private static Table Campaigns(TopCampaign[] campaigns, int rows)
    {
        string title = campaigns.Length > rows ? $"Campaigns, {rows} of {campaigns.Length}, by spend" : "Campaigns, by spend";
        Table table = Drawing.Table(
            title, "campaign", "status", "spent of budget, | is the plan", "spent>", "pace>", "KPI>", "weights>", "clicks>");
        foreach (TopCampaign campaign in campaigns.OrderByDescending(c => c.Today.Spent).ThenBy(c => c.Id).Take(rows))
        {
            table.AddRow(
                new Markup(Markup.Escape(campaign.Settings.Name)),
                new Markup(StatusOf(campaign.Status)),
                new Markup($"{Bar(campaign.SpentShare, campaign.PlannedShare)} {Percent(campaign.SpentShare),5}"),
                new Markup(Drawing.Fixed(campaign.Today.Spent)),
                new Markup(Points(campaign.SpentShare - campaign.PlannedShare)),
                new Markup(KpiOf(campaign.Kpis)),
                new Markup(string.Join(' ', campaign.Weights.Select(w => Drawing.Fixed(w, 3)))),
                new Markup(Drawing.Count(campaign.Today.Clicks)));
        }
        return table;
    }

    private static Table Shards(LiveShard[] shards)
    {
        Table table = Drawing.Table("Shards", "shard", "ads>", "replica", "state", "version", "in flight>", "p95>");
        foreach (LiveShard shard in shards)
        {
            if (shard.Replicas.Count == 0)
                table.AddRow($"{shard.Number}", Drawing.Count(shard.Ads), "nobody", StateOf("down"), "", "", "");
            foreach ((int i, LiveReplica replica) in shard.Replicas.Index())
            {
                table.AddRow(
                    i == 0 ? $"{shard.Number}" : "",
                    i == 0 ? Drawing.Count(shard.Ads) : "",
                    Markup.Escape(replica.Address),
                    StateOf(replica.State),
                    Markup.Escape(replica.Version),
                    Drawing.Count(replica.InFlight),
                    Drawing.Milliseconds(replica.P95Ms));
            }
        }
        return table;
    }

    /// <summary>Work that no request waits for, as far as it ever failed.</summary>
    private static Table Background(LiveBackground[] parts)
    {
        Table table = Drawing.Table("Background work that failed", "part", "state", "failures>", "the last");
        foreach (LiveBackground part in parts)
        {
            table.AddRow(
                Markup.Escape(part.Part), part.IsFailing ? StateOf("down") : "[green]● recovered[/]", Drawing.Count(part.Failures),
                Markup.Escape(part.LastFailure));
        }
        return table;
    }

    /// <summary>A bar of what is spent, with a mark where the plan is.</summary>
    private static string Bar(double spent, double planned)
    {
        int filled = Cells(spent), mark = Math.Min(BarWidth - 1, Cells(planned));
        Span<char> bar = stackalloc char[BarWidth];
        bar.Fill('·');
        bar[..filled].Fill('█');
        bar[mark] = '|';
        return $"[blue]{bar}[/]";
    }

    private static int Cells(double share) => double.IsFinite(share) ? (int)Math.Round(Math.Clamp(share, 0, 1) * BarWidth) : 0;

    private static string Percent(double share) => $"{100 * share:F0} %";

    private static string Points(double difference) => $"{(difference < 0 ? "−" : "+")}{Math.Abs(100 * difference):F1} pp";

    /// <summary>The first KPI that is missed, else the first; a bound on 1/CTR from above is said as one on CTR from below.</summary>
    private static string KpiOf(TopKpi[] kpis)
    {
        if (kpis.Length == 0)
            return "–";
        int missed = Array.FindIndex(kpis, k => k.Value > k.Limit);
        TopKpi kpi = kpis[Math.Max(0, missed)];
        string text = kpi.Name.StartsWith("1/", StringComparison.Ordinal)
            ? $"{kpi.Name[2..].ToUpperInvariant()} {Drawing.Percent(1 / kpi.Value)} (>= {Drawing.Percent(1 / kpi.Limit)})"
            : $"{kpi.Name.ToUpperInvariant()} {Drawing.Fixed(kpi.Value, 3)} (<= {Drawing.Fixed(kpi.Limit, 3)})";
        return missed >= 0 ? $"[red]{Markup.Escape(text)} ✕[/]" : Markup.Escape(text);
    }

    private static string StatusOf(CampaignStatus status) => status switch
    {
        CampaignStatus.Active => "[green]active[/]",
        CampaignStatus.Paused => "[yellow]paused[/]",
        CampaignStatus.BudgetSpent => "[blue]budget spent[/]",
        CampaignStatus.NotStarted => "not started",
        CampaignStatus.Ended => "ended",
        _ => Markup.Escape(status.ToString()),
    };

    private static string StateOf(string state) => state switch
    {
        "healthy" => "[green]● healthy[/]",
        "suspect" => "[yellow]▲ suspect[/]",
        "down" => "[red]✕ down[/]",
        _ => Markup.Escape(state),
    };
}
