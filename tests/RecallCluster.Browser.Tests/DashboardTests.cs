using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace RecallCluster.Browser.Tests;

/// <summary>The dashboard in a real browser over a real server.</summary>
public class DashboardTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    [ChromiumFact]
    public async Task Figures_move_with_the_stream_and_the_console_stays_silent()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new MovingFigures());
        await using DashboardPage dashboard = await browser.OpenAsync(host);
        await dashboard.LiveAsync();

        await DashboardPage.ChangesAsync(dashboard.TileValues.Nth(0));
        await DashboardPage.ChangesAsync(dashboard.TileValues.Nth(5));
        await DashboardPage.ChangesAsync(dashboard.Page.Locator("#clock"));
        await DashboardPage.ChangesAsync(dashboard.Page.Locator("#campaigns tbody tr").First);
        await DashboardPage.ChangesAsync(dashboard.Page.Locator("#versions dd").Nth(2));

        Assert.Empty(dashboard.AllComplaints);
    }

    [ChromiumFact]
    public async Task Every_chart_draws_and_its_data_can_be_read_as_a_table()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new MovingFigures());
        await using DashboardPage dashboard = await browser.OpenAsync(host);
        await dashboard.LiveAsync();
        await Expect(dashboard.Page.Locator("main canvas")).ToHaveCountAsync(7);

        await dashboard.Page.Locator("main details").EvaluateAllAsync<int>("all => all.forEach((one) => { one.open = true; }) ?? 0");
        await Expect(dashboard.Page.Locator("main details table")).ToHaveCountAsync(7);
        await Expect(dashboard.Page.Locator("#traffic #rate details tbody tr").Nth(4)).ToBeVisibleAsync();
        Drawing[] drawings = await dashboard.DrawingsAsync("main");

        Assert.Equal(7, drawings.Length);
        Assert.All(drawings, drawing => Assert.True(drawing.Coloured > 100, $"{drawing.Label}: {drawing.Coloured} coloured pixels"));
        // An hour without clicks has no PCOC; JSON has no infinity.
        Assert.DoesNotContain("01:00", await dashboard.Page.Locator("#pcoc tbody").InnerTextAsync());
        Assert.Contains("02:00", await dashboard.Page.Locator("#pcoc tbody").InnerTextAsync());
        Assert.Empty(dashboard.AllComplaints);
    }

    [ChromiumFact]
    public async Task The_keyboard_reaches_everything_and_opens_a_campaign()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new MovingFigures());
        await using DashboardPage dashboard = await browser.OpenAsync(host);
        await dashboard.LiveAsync();
        await Expect(dashboard.CampaignNames.First).ToBeVisibleAsync();

        var order = new List<string>();
        string first = await dashboard.CampaignNames.First.InnerTextAsync();
        while (order.Count < 60 && order.LastOrDefault() != first)
        {
            await dashboard.Page.Keyboard.PressAsync("Tab");
            order.Add(await dashboard.FocusAsync());
        }

        string[] landmarks = ["Skip to the figures", "Traffic", "Campaigns", "Calibration", "Shards", "Versions", "Theme: Auto"];
        Assert.Equal(landmarks, order.Take(landmarks.Length));
        Assert.Contains("campaign-filter", order);
        Assert.Equal(first, order[^1]);

        await dashboard.Page.Keyboard.PressAsync("Enter");
        await Expect(dashboard.Detail).ToBeVisibleAsync();
        await Expect(dashboard.Page.Locator("#campaign-title")).ToHaveTextAsync(first);
        await Expect(dashboard.Detail.Locator("canvas").First).ToBeVisibleAsync();
        Assert.All(await dashboard.DrawingsAsync("dialog"), drawing => Assert.True(drawing.Coloured > 100, drawing.Label));
        Assert.Matches("#campaign=\\d+$", dashboard.Page.Url);

        await dashboard.Page.Keyboard.PressAsync("Escape");
        await Expect(dashboard.Detail).ToBeHiddenAsync();
        Assert.Equal(first, await dashboard.FocusAsync());
        Assert.Empty(dashboard.AllComplaints);
    }

    [ChromiumFact]
    public async Task Campaigns_are_found_and_sorted_and_a_link_opens_one()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new MovingFigures());
        await using DashboardPage dashboard = await browser.OpenAsync(host, fragment: "#campaign=103");
        await Expect(dashboard.Page.Locator("#campaign-title")).ToHaveTextAsync("Fjord Outdoor");
        await dashboard.Page.Keyboard.PressAsync("Escape");

        ILocator byName = dashboard.Page.GetByRole(AriaRole.Columnheader, new PageGetByRoleOptions { Name = "Campaign", Exact = true });
        await byName.GetByRole(AriaRole.Button).FocusAsync();
        await dashboard.Page.Keyboard.PressAsync("Enter");
        await Expect(byName).ToHaveAttributeAsync("aria-sort", "ascending");
        IReadOnlyList<string> names = await dashboard.CampaignNames.AllInnerTextsAsync();
        Assert.Equal(names.Order(StringComparer.OrdinalIgnoreCase), names);

        await dashboard.Page.Locator("#campaign-filter").FillAsync("kite");
        await Expect(dashboard.CampaignNames).ToHaveTextAsync(["Zephyr Kites"]);
        await dashboard.Page.Locator("#campaign-filter").FillAsync("");
        await dashboard.Page.Locator("#campaign-status").SelectOptionAsync("paused");
        await Expect(dashboard.CampaignNames).ToHaveTextAsync(["Pine Street Bikes"]);
        await dashboard.Page.Locator("#campaign-filter").FillAsync("no such campaign");
        await Expect(dashboard.Page.Locator("#campaign-scroll .empty")).ToHaveTextAsync("No campaign matches.");
        Assert.Empty(dashboard.AllComplaints);
    }

    [ChromiumFact]
    public async Task A_campaigns_name_is_text_whatever_it_says()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new MovingFigures());
        await using DashboardPage dashboard = await browser.OpenAsync(host);
        await dashboard.LiveAsync();

        await dashboard.CampaignNames.GetByText(MovingFigures.HostileName).ClickAsync();
        await Expect(dashboard.Page.Locator("#campaign-title")).ToHaveTextAsync(MovingFigures.HostileName);

        Assert.Equal(0, await dashboard.Page.Locator("img").CountAsync());
        Assert.Equal("RecallCluster", await dashboard.Page.TitleAsync());
    }

    [ChromiumFact]
    public async Task Background_work_that_failed_is_told()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new MovingFigures());
        await using DashboardPage dashboard = await browser.OpenAsync(host);
        await dashboard.LiveAsync();

        ILocator parts = dashboard.Page.Locator("#background li");
        await Expect(parts).ToHaveCountAsync(2);
        await Expect(parts.Nth(0)).ToContainTextAsync("Reports● Recovered2 failures. The last: The disk is full.");
        await Expect(parts.Nth(1)).ToContainTextAsync("Value recall✕ Failing");
        await Expect(parts.Nth(1)).ToContainTextAsync(MovingFigures.HostileName);
        await Expect(dashboard.Page.Locator("#background .empty")).ToBeHiddenAsync();
    }

    [ChromiumFact]
    public async Task Light_and_dark_follow_the_system_until_one_is_chosen()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new MovingFigures());
        await using DashboardPage dashboard = await browser.OpenAsync(host, ColorScheme.Dark);
        await dashboard.LiveAsync();
        Assert.True(await LightnessAsync(dashboard) < 60);

        await dashboard.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Light });
        await Expect(dashboard.Page.Locator("html")).ToHaveAttributeAsync("data-theme", "light");
        Assert.True(await LightnessAsync(dashboard) > 200);

        ILocator toggle = dashboard.Page.Locator("#theme");
        await toggle.ClickAsync();
        await Expect(toggle).ToHaveAttributeAsync("aria-label", "Theme: Light");
        await toggle.ClickAsync();
        await Expect(toggle).ToHaveAttributeAsync("aria-label", "Theme: Dark");
        Assert.True(await LightnessAsync(dashboard) < 60);

        await dashboard.Page.ReloadAsync();
        await dashboard.LiveAsync();
        Assert.True(await LightnessAsync(dashboard) < 60);
        Assert.Empty(dashboard.Complaints);
    }

    [ChromiumFact]
    public async Task The_page_says_when_the_server_is_gone_and_goes_on_when_it_is_back()
    {
        var figures = new MovingFigures();
        DashboardHost host = await DashboardHost.StartAsync(figures);
        int port = host.Address.Port;
        await using DashboardPage dashboard = await browser.OpenAsync(host);
        await dashboard.LiveAsync();

        await host.DisposeAsync();
        await Expect(dashboard.Connection).ToHaveTextAsync("Disconnected");
        await Expect(dashboard.Page.Locator("#notice")).ToContainTextAsync(
            "No connection to the server; trying again. The figures are those of");

        await using DashboardHost again = await DashboardHost.StartAsync(figures, new HostSettings { Port = port });
        await dashboard.LiveAsync();
        await Expect(dashboard.Page.Locator("#notice")).ToBeHiddenAsync();
        await DashboardPage.ChangesAsync(dashboard.TileValues.Nth(0));
        Assert.Empty(dashboard.Complaints);
    }

    [ChromiumFact]
    public async Task Without_a_stream_it_polls()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new MovingFigures(), new HostSettings { Streams = false });
        await using DashboardPage dashboard = await browser.OpenAsync(host);

        await Expect(dashboard.Connection).ToHaveTextAsync("Live (polling)");
        await DashboardPage.ChangesAsync(dashboard.TileValues.Nth(0));
        Assert.Empty(dashboard.Complaints);
    }

    [ChromiumFact]
    public async Task A_locked_server_is_opened_with_a_key()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new MovingFigures(), new HostSettings { IsLocked = true });
        await using DashboardPage dashboard = await browser.OpenAsync(host);
        await Expect(dashboard.Connection).ToHaveTextAsync("Locked");

        await dashboard.Page.GetByLabel("API key").FillAsync("a wrong one");
        await dashboard.Page.Keyboard.PressAsync("Enter");
        await Expect(dashboard.Page.Locator("#notice-text")).ToHaveTextAsync("That key does not open this page.");

        await dashboard.Page.GetByLabel("API key").FillAsync(host.Key);
        await dashboard.Page.Keyboard.PressAsync("Enter");
        await dashboard.LiveAsync();
        await DashboardPage.ChangesAsync(dashboard.TileValues.Nth(0));
        Assert.Empty(dashboard.Complaints);
    }

    [ChromiumFact]
    public async Task Arms_of_experiments_are_shown_with_their_intervals()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new MovingFigures());
        await using DashboardPage dashboard = await browser.OpenAsync(host);
        await dashboard.LiveAsync();

        ILocator rows = dashboard.Page.Locator("#experiments tbody tr");
        await Expect(rows).ToHaveCountAsync(2);
        await Expect(rows.Nth(0)).ToContainTextAsync("Less <b>search</b> · as tuned");
        await Expect(rows.Nth(1)).ToContainTextAsync("−12.0\u202f% (−15.0\u202f% to −9.0\u202f%)");
        await Expect(dashboard.Page.Locator("#experiments [data-lift=less]")).ToHaveCountAsync(1);
        Assert.Empty(dashboard.Complaints);
    }

    [ChromiumFact]
    public async Task A_server_with_nothing_to_show_says_so_everywhere()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new NoFigures());
        await using DashboardPage dashboard = await browser.OpenAsync(host);
        await dashboard.LiveAsync();

        await Expect(dashboard.Page.Locator("#campaign-scroll .empty")).ToContainTextAsync("No campaign yet");
        await Expect(dashboard.Page.Locator("#shards .empty")).ToContainTextAsync("No shard yet");
        await Expect(dashboard.Page.Locator("#reliability .empty")).ToBeVisibleAsync();
        await Expect(dashboard.Page.Locator("#experiments .empty")).ToBeVisibleAsync();
        await Expect(dashboard.Page.Locator("#background .empty")).ToContainTextAsync("All is well");
        string page = await dashboard.Page.Locator("main").InnerTextAsync();
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", page, StringComparison.Ordinal);
        Assert.DoesNotContain("undefined", page, StringComparison.Ordinal);
        Assert.Empty(dashboard.AllComplaints);
    }

    [ChromiumFact]
    public async Task Nothing_runs_off_the_side_of_a_phone()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new MovingFigures());
        await using DashboardPage dashboard = await browser.OpenAsync(host);
        await dashboard.Page.SetViewportSizeAsync(390, 844);
        await dashboard.LiveAsync();
        await Expect(dashboard.CampaignNames.First).ToBeVisibleAsync();

        Assert.True(await dashboard.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"));
    }

    /// <summary>Mean of the red, green and blue of the page's ground, 0 to 255.</summary>
    private static Task<double> LightnessAsync(DashboardPage dashboard) => dashboard.Page.EvaluateAsync<double>(
        """
        () => {
          const ground = getComputedStyle(document.documentElement).backgroundColor;
          return ground.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3;
        }
        """);
}
