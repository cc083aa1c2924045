using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace RecallCluster.Browser.Tests;

/// <summary>
/// Pictures of the dashboard, for eyes to judge; kept where RECALL_SCREENSHOTS says, otherwise only checked to be pictures. They are of
/// the server that RECALL_DASHBOARD names, as for the README of <c>recall demo --quick --serve</c>, otherwise of made-up figures.
/// </summary>
public class ScreenshotTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private static readonly byte[] PngSignature = [0x89, (byte)'P', (byte)'N', (byte)'G'];

    [ChromiumFact]
    public async Task The_page_can_be_pictured_light_dark_and_with_a_campaign_open()
    {
        await using DashboardHost host = await DashboardHost.StartAsync(new MovingFigures());
        Uri address = Environment.GetEnvironmentVariable("RECALL_DASHBOARD") is { Length: > 0 } real ? new Uri(real) : host.Address;
        foreach (ColorScheme scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await using DashboardPage dashboard = await browser.OpenAsync(address, scheme);
            await dashboard.LiveAsync();
            await dashboard.Page.Locator("#rate details").EvaluateAsync("one => { one.open = true; }");
            await Expect(dashboard.Page.Locator("#rate details tbody tr")).ToHaveCountAsync(30);
            await dashboard.Page.Locator("#rate details").EvaluateAsync("one => { one.open = false; }");
            await KeepAsync(dashboard, $"dashboard-{scheme.ToString().ToLowerInvariant()}.png");
            await dashboard.CampaignNames.Nth(3).ClickAsync();
            await Expect(dashboard.Detail.Locator("canvas").First).ToBeVisibleAsync();
            await KeepAsync(dashboard, $"campaign-{scheme.ToString().ToLowerInvariant()}.png");
        }
    }

    private static async Task KeepAsync(DashboardPage dashboard, string name)
    {
        byte[] picture = await dashboard.Page.ScreenshotAsync();
        Assert.Equal(PngSignature, picture[..4]);
        if (Environment.GetEnvironmentVariable("RECALL_SCREENSHOTS") is { Length: > 0 } directory)
            await File.WriteAllBytesAsync(Path.Combine(Directory.CreateDirectory(directory).FullName, name), picture);
    }
}
