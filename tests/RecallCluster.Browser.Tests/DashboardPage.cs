using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace RecallCluster.Browser.Tests;

/// <summary>The dashboard in a browser, and what it complained of.</summary>
internal sealed class DashboardPage : IAsyncDisposable
{
    // A busy machine draws slowly; nothing here waits this long when all is well.
    private const float PatienceMs = 60_000;

    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _complaints = new();

    private DashboardPage(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                _complaints.Enqueue(message.Text);
        };
        page.PageError += (_, error) => _complaints.Enqueue(error);
    }

    public IPage Page { get; }

    public ILocator Connection => Page.Locator("#connection-text");

    public ILocator TileValues => Page.Locator(".tile-value");

    public ILocator CampaignNames => Page.Locator("#campaigns tbody .link");

    public ILocator Detail => Page.Locator("dialog#campaign");

    /// <summary>All that the console said in anger, but for failed requests, which are the server's doing.</summary>
    public IEnumerable<string> Complaints => _complaints.Where(c => !c.StartsWith("Failed to load resource", StringComparison.Ordinal));

    /// <summary>Also requests that failed.</summary>
    public IEnumerable<string> AllComplaints => _complaints;

    public static async Task<DashboardPage> OpenAsync(IBrowserContext context, Uri address)
    {
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(PatienceMs);
        Assertions.SetDefaultExpectTimeout(PatienceMs);
        var dashboard = new DashboardPage(context, page);
        await page.GotoAsync(address.AbsoluteUri);
        return dashboard;
    }

    /// <summary>Waits until figures come in by the stream.</summary>
    public Task LiveAsync() => Assertions.Expect(Connection).ToHaveTextAsync("Live");

    /// <summary>Waits until an element's text is no longer what it was.</summary>
    public static async Task ChangesAsync(ILocator element)
    {
        string before = await element.InnerTextAsync();
        // Both as they are seen: a row's cells are apart there, and not in the text that the document has.
        await Assertions.Expect(element).Not.ToHaveTextAsync(before, new LocatorAssertionsToHaveTextOptions { UseInnerText = true });
    }

    /// <summary>The drawings with their labels, and how many of their pixels have a colour (axes and grids are grey).</summary>
    public Task<Drawing[]> DrawingsAsync(string within) => Page.EvaluateAsync<Drawing[]>(
        """
        (within) => [...document.querySelectorAll(`${within} .plot`)].map((plot) => {
          const canvas = plot.querySelector("canvas");
          if (!canvas || !canvas.width) return { label: plot.getAttribute("aria-label"), coloured: 0 };
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let coloured = 0;
          for (let i = 0; i < data.length; i += 4) {
            const [r, g, b, a] = [data[i], data[i + 1], data[i + 2], data[i + 3]];
            if (a > 128 && Math.max(r, g, b) - Math.min(r, g, b) > 60) coloured++;
          }
          return { label: plot.getAttribute("aria-label"), coloured };
        })
        """,
        within);

    /// <summary>What has the focus: its text, its label, or its name.</summary>
    public Task<string> FocusAsync() => Page.EvaluateAsync<string>(
        "() => { const e = document.activeElement; return (e.getAttribute('aria-label') || e.innerText || e.id || e.tagName).trim(); }");

    public ValueTask DisposeAsync() => _context.DisposeAsync();
}

/// <summary>A chart as it was drawn.</summary>
internal sealed class Drawing
{
    public string Label { get; set; } = "";

    public int Coloured { get; set; }
}
