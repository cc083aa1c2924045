using Microsoft.Playwright;

namespace RecallCluster.Browser.Tests;

/// <summary>Where there is a browser on this machine.</summary>
internal static class Chromium
{
    private static readonly string[] Usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    /// <summary>A browser of the system's; null for Playwright's own.</summary>
    public static string? Path { get; } =
        Environment.GetEnvironmentVariable("RECALL_CHROMIUM") is { Length: > 0 } named ? named : Array.Find(Usual, File.Exists);

    public static bool IsThere => Path is not null ? File.Exists(Path) : HasPlaywrightsOwn();

    private static bool HasPlaywrightsOwn()
    {
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string cache = Environment.GetEnvironmentVariable("PLAYWRIGHT_BROWSERS_PATH") is { Length: > 0 } path ? path
            : OperatingSystem.IsWindows() ? System.IO.Path.Combine(home, "AppData", "Local", "ms-playwright")
            : OperatingSystem.IsMacOS() ? System.IO.Path.Combine(home, "Library", "Caches", "ms-playwright")
            : System.IO.Path.Combine(home, ".cache", "ms-playwright");
        return Directory.Exists(cache) && Directory.EnumerateDirectories(cache, "chromium*").Any();
    }
}

/// <summary>A test that needs a browser.</summary>
public sealed class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute()
    {
        if (!Chromium.IsThere)
        {
            Skip = "There is no Chromium: not where systems put it, not at RECALL_CHROMIUM, and none of Playwright's own "
                + "(playwright.ps1 install chromium).";
        }
    }
}

/// <summary>One browser for all tests; each opens pages of its own.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    // A machine that runs other tests beside these may take long to start a browser.
    private const float PatienceMs = 120_000;

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        if (!Chromium.IsThere)
            return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions { ExecutablePath = Chromium.Path, Timeout = PatienceMs });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>Opens the dashboard of a host.</summary>
    internal Task<DashboardPage> OpenAsync(DashboardHost host, ColorScheme scheme = ColorScheme.Light, string fragment = "") =>
        OpenAsync(new Uri(host.Address, fragment), scheme);

    /// <summary>Opens the dashboard at an address.</summary>
    internal async Task<DashboardPage> OpenAsync(Uri address, ColorScheme scheme = ColorScheme.Light)
    {
        IBrowserContext context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = 1280, Height = 800 },
            ColorScheme = scheme,
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(PatienceMs);
        return await DashboardPage.OpenAsync(context, address);
    }
}
