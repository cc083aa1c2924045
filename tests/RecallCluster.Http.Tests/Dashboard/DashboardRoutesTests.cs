using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using RecallCluster.Http.Dashboard;

namespace RecallCluster.Http.Tests.Dashboard;

public sealed partial class DashboardRoutesTests : IAsyncLifetime
{
    private WebApplication? _app;

    private HttpClient Client => _app!.GetTestClient();

    public async Task InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        _app = builder.Build();
        _app.MapDashboard();
        await _app.StartAsync();
    }

    public async Task DisposeAsync() => await _app!.DisposeAsync();

    [Fact]
    public async Task The_page_and_all_that_it_names_are_there_and_nothing_is_inline()
    {
        string page = await Client.GetStringAsync(new Uri("/", UriKind.Relative));

        string[] named = [.. Named().Matches(page).Select(m => m.Groups[1].Value)];
        Assert.True(named.Length >= 6);
        foreach (string path in named)
        {
            using HttpResponseMessage response = await Client.GetAsync(new Uri("/" + path, UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
        Assert.DoesNotMatch("<script(?![^>]* src=)", page);
        Assert.DoesNotMatch("<style| style=| on[a-z]+=", page);
    }

    [Fact]
    public async Task Every_module_that_a_module_imports_is_there()
    {
        foreach (DashboardAsset script in DashboardAsset.ReadAll().Where(a => a.Path.StartsWith("dashboard/js/", StringComparison.Ordinal)))
        {
            foreach (Match import in Import().Matches(System.Text.Encoding.UTF8.GetString(script.Content)))
            {
                var module = new Uri("/dashboard/js/" + import.Groups[1].Value, UriKind.Relative);
                using HttpResponseMessage response = await Client.GetAsync(module);
                Assert.Equal("text/javascript", response.Content.Headers.ContentType?.MediaType);
            }
        }
    }

    [Fact]
    public async Task A_file_that_the_browser_has_is_not_sent_again()
    {
        using HttpResponseMessage first = await Client.GetAsync(new Uri("/dashboard/js/main.js", UriKind.Relative));
        EntityTagHeaderValue tag = Assert.IsType<EntityTagHeaderValue>(first.Headers.ETag);
        using var again = new HttpRequestMessage(HttpMethod.Get, "/dashboard/js/main.js");
        again.Headers.IfNoneMatch.Add(tag);

        using HttpResponseMessage second = await Client.SendAsync(again);

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/dashboard/js/main.js")]
    public async Task Answers_forbid_what_the_page_does_not_need(string path)
    {
        using HttpResponseMessage response = await Client.GetAsync(new Uri(path, UriKind.Relative));

        string policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy);
        Assert.DoesNotContain("unsafe", policy);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
    }

    [Fact]
    public async Task The_charts_licence_is_served_with_them()
    {
        string licence = await Client.GetStringAsync(new Uri("/dashboard/vendor/uplot/LICENSE", UriKind.Relative));

        Assert.Contains("MIT License", licence);
    }

    [GeneratedRegex("(?:href|src)=\"(dashboard/[^\"]+)\"")]
    private static partial Regex Named();

    [GeneratedRegex("from \"\\./([^\"]+)\"")]
    private static partial Regex Import();
}
