using Microsoft.Extensions.Configuration;
using RecallCluster.Http.Tokens;
using RecallCluster.Silo.Configuration;
using RecallCluster.Silo.Storage;
using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;
using StackExchange.Redis;

namespace RecallCluster.Silo.Tests;

public sealed class SharedTokenKeysTests
{
    [RedisFact]
    public async Task All_doors_of_a_service_have_the_keys_that_the_first_one_made()
    {
        await using RedisServer server = await RedisServer.StartedAsync();
        await using ConnectionMultiplexer redis = await server.ConnectAsync();
        SiloSettings settings = Settings();
        TokenKeyRing[] rings = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => SharedTokenKeys.OpenAsync(settings, redis)));
        Assert.Single(rings.Select(ring => ring.Format()).Distinct());
        TokenKeyRing other = await SharedTokenKeys.OpenAsync(Settings(("cluster:service", "other")), redis);
        Assert.NotEqual(rings[0].Format(), other.Format());
    }

    [Fact]
    public async Task A_file_goes_before_Redis()
    {
        using var folder = new Scratch();
        var ring = TokenKeyRing.CreateEphemeral();
        ring.Save(folder["tokens"]);
        TokenKeyRing read = await SharedTokenKeys.OpenAsync(Settings(("http:tokenKeys", folder["tokens"])), redis: null);
        Assert.Equal(ring.Format(), read.Format());
    }

    [Fact]
    public void What_is_no_key_is_named_by_its_line()
    {
        string good = TokenKeyRing.CreateEphemeral().Format();
        InvalidDataException broken = Assert.Throws<InvalidDataException>(() => TokenKeyRing.Parse($"{good}\nnonsense", "here"));
        Assert.StartsWith("here, line 2:", broken.Message, StringComparison.Ordinal);
    }

    private static SiloSettings Settings(params (string Key, string Value)[] settings) => SettingsReader.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => (string?)s.Value)).Build());
}
