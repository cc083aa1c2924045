using static Microsoft.Playwright.Assertions;

namespace RecallCluster.Browser.Tests;

/// <summary>What the page gets from the front door beside its stream.</summary>
public class FrontDoorTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    [ChromiumFact]
    public async Task A_campaigns_history_is_fetched_when_it_is_opened()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new MovingFigures());
        await using DashboardPage dashboard = await browser.OpenAsync(host);
        await dashboard.LiveAsync();

        await dashboard.CampaignNames.GetByText("Fjord Outdoor").ClickAsync();
        await Expect(dashboard.Page.Locator("#campaign-title")).ToHaveTextAsync("Fjord Outdoor");
        await Expect(dashboard.Detail.Locator("canvas").First).ToBeVisibleAsync();

        Assert.DoesNotContain("NaN", await dashboard.Detail.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(dashboard.AllComplaints);
    }

    [ChromiumFact]
    public async Task A_shared_link_to_a_campaign_shows_its_whole_day()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new MovingFigures());
        await using DashboardPage dashboard = await browser.OpenAsync(host, fragment: "#campaign=103");
        await Expect(dashboard.Detail.Locator("canvas").First).ToBeVisibleAsync();

        Assert.All(await dashboard.DrawingsAsync("dialog"), drawing => Assert.True(drawing.Coloured > 100, drawing.Label));
    }
}
