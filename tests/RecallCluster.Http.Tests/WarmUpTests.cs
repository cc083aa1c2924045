using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using RecallCluster.Http.Security;
using RecallCluster.Serving;

namespace RecallCluster.Http.Tests;

public class WarmUpTests
{
    [Fact]
    public async Task A_door_tries_its_own_routes_also_where_it_wants_keys_and_sells_nothing()
    {
        var asked = new ConcurrentQueue<AdRequest>();
        FakeGateway? gateway = null;
        gateway = new FakeGateway(_ => FakeCatalogue.AdOf("ad1"))
        {
            Before = () =>
            {
                asked.Enqueue(gateway!.Asked!);
                return Task.CompletedTask;
            },
        };
        var locked = new AccessOptions { Keys = new ApiKeyFile([]), AnonymousOnLoopback = ApiRoles.None };
        await using WebApplication app = FrontDoor.Create(
            new FrontDoorParts { Gateway = gateway }, new FrontDoorOptions { Urls = ["http://127.0.0.1:0"], Access = locked });
        await app.StartAsync();

        await FrontDoor.WarmUpAsync(app, CancellationToken.None);

        Assert.Equal([SaleKind.SecondPrice, SaleKind.BidOnly], asked.Select(request => request.Sale).Distinct());
        Assert.All(asked, request => Assert.True(request.IsTest));
        await app.StopAsync();
    }

    [Fact]
    public async Task A_door_that_settles_tries_its_routes_again_and_again_and_comes_to_an_end()
    {
        int asked = 0;
        var gateway = new FakeGateway(_ => FakeCatalogue.AdOf("ad1"))
        {
            Before = () =>
            {
                Interlocked.Increment(ref asked);
                return Task.CompletedTask;
            },
        };
        await using WebApplication app = FrontDoor.Create(
            new FrontDoorParts { Gateway = gateway }, new FrontDoorOptions { Urls = ["http://127.0.0.1:0"] });
        await app.StartAsync();

        await FrontDoor.WarmUpAsync(app, TimeSpan.FromMinutes(5), CancellationToken.None);
        int settled = asked;
        await FrontDoor.WarmUpAsync(app, TimeSpan.Zero, CancellationToken.None);

        // Enough calls for the runtime to compile anew what is called often.
        Assert.True(settled > 60, $"only {settled} trials");
        Assert.Equal(settled, asked);
        await app.StopAsync();
    }

    [Fact]
    public async Task What_goes_wrong_in_a_trial_is_left_for_callers_to_be_told()
    {
        int asked = 0;
        var gateway = new FakeGateway(_ => FakeCatalogue.AdOf("ad1"))
        {
            Before = () =>
            {
                Interlocked.Increment(ref asked);
                throw new InvalidOperationException("Something is not as it should be.");
            },
        };
        await using WebApplication app = FrontDoor.Create(
            new FrontDoorParts { Gateway = gateway }, new FrontDoorOptions { Urls = ["http://127.0.0.1:0"] });
        await app.StartAsync();

        await FrontDoor.WarmUpAsync(app, CancellationToken.None);

        Assert.True(asked > 1);
        using var client = new HttpClient { BaseAddress = FrontDoor.AddressesOf(app)[0] };
        using var body = new StringContent("""{"slots":[{"id":"1"}]}""", System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await client.PostAsync(new Uri("v1/ads", UriKind.Relative), body);
        Assert.Equal(System.Net.HttpStatusCode.InternalServerError, answer.StatusCode);
        await app.StopAsync();
    }

    [Fact]
    public async Task A_door_without_parts_is_not_upset()
    {
        await using WebApplication app = FrontDoor.Create(new FrontDoorParts(), new FrontDoorOptions { Urls = ["http://127.0.0.1:0"] });
        await app.StartAsync();

        await FrontDoor.WarmUpAsync(app, CancellationToken.None);

        await app.StopAsync();
    }
}
