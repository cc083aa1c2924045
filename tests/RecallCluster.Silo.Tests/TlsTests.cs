using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RecallCluster.Silo.Hosting;
using RecallCluster.Silo.Tests.Support;
using RecallCluster.Testing;

namespace RecallCluster.Silo.Tests;

public sealed class TlsTests
{
    private const string Name = "recall-silo";

    [Fact]
    public void A_certificate_is_ours_by_its_authority_and_its_name()
    {
        using X509Certificate2 authority = Authority("ours"), stranger = Authority("somebody");
        X509Certificate2Collection ours = [authority];
        using X509Certificate2 good = Issue(authority, Name), otherName = Issue(authority, "other"), otherAuthority = Issue(stranger, Name);
        Assert.True(SiloTls.IsOurs(good, ours, Name));
        Assert.False(SiloTls.IsOurs(otherName, ours, Name));
        Assert.False(SiloTls.IsOurs(otherAuthority, ours, Name));
    }

    [RedisFact]
    public async Task Silos_form_a_cluster_over_TLS_and_a_stranger_does_not_join()
    {
        await using RedisServer redis = await RedisServer.StartedAsync();
        using var folder = new Scratch();
        using X509Certificate2 authority = Authority("ours"), stranger = Authority("somebody");
        string[] ours = Settings(folder, "ours", authority, authority), theirs = Settings(folder, "theirs", stranger, authority);
        await using RunningSilo first = RunningSilo.Start(SiloSeat.Of("one", redis.Address), ours);
        await using RunningSilo second = RunningSilo.Start(SiloSeat.Of("two", redis.Address), ours);
        await Task.WhenAll(first.UntilReadyAsync(2), second.UntilReadyAsync(2));
        await using RunningSilo third = RunningSilo.Start(SiloSeat.Of("three", redis.Address), theirs);
        await third.UntilSaysAsync("Failed to get ping responses");
        Assert.NotEqual("ready", (await third.ReadAsync())?.GetProperty("status").GetString());
        await first.UntilReadyAsync(2);
    }

    [RedisFact]
    public async Task A_front_door_of_its_own_joins_them_over_TLS_and_answers_and_a_stranger_reaches_nobody()
    {
        await using RedisServer redis = await RedisServer.StartedAsync();
        using var folder = new Scratch();
        using var market = new ServedMarket();
        using DoorCaller door = new(), other = new();
        using X509Certificate2 authority = Authority("ours"), stranger = Authority("somebody");
        string[] ours = Settings(folder, "ours", authority, authority), theirs = Settings(folder, "theirs", stranger, authority);
        await using RunningSilo first = RunningSilo.Start(
            SiloSeat.Of("one", redis.Address, "gateway,retrieval"), [.. market.Settings, .. ours, .. ServedMarket.Patient]);
        await using RunningSilo second = RunningSilo.Start(
            SiloSeat.Of("two", redis.Address, "control"), [.. market.Clock, .. ours, .. ServedMarket.Patient]);
        // The stranger has had more time than ours when that answers.
        await using RunningSilo outside = RunningSilo.Start(
            SiloSeat.Of("outside", redis.Address, "door"), [.. market.MarketSettings, .. other.Settings, .. theirs]);
        await using RunningSilo alone = RunningSilo.Start(
            SiloSeat.Of("door", redis.Address, "door"), [.. market.MarketSettings, .. door.Settings, .. ours, .. ServedMarket.Patient]);
        await Task.WhenAll(first.UntilReadyAsync(2), second.UntilReadyAsync(2), alone.UntilReadyAsync(2));

        string[] tokens = await door.WinAsync(10);
        await door.TellAsync(tokens, "applied");

        Assert.Equal((10, 10), await door.CountsAsync());
        await outside.UntilAsync(
            async () => await outside.ReadAsync() is { } told && told.GetProperty("silos").GetInt32() == 0
                && told.GetProperty("missing").GetProperty("membership").GetString()!.StartsWith(
                    "no silo can be reached", StringComparison.Ordinal),
            "saying that it reaches no silo");
    }

    private static string[] Settings(Scratch folder, string name, X509Certificate2 issuer, X509Certificate2 trusted)
    {
        using X509Certificate2 own = Issue(issuer, Name);
        return
        [
            $"--tls:certificate={folder.Write($"{name}.pem", own.ExportCertificatePem())}",
            $"--tls:key={folder.Write($"{name}.key", own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem())}",
            $"--tls:authority={folder.Write($"{name}.ca", trusted.ExportCertificatePem())}",
        ];
    }

    private static X509Certificate2 Authority(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 signed = request.Create(
            authority, authority.NotBefore.AddMinutes(1), authority.NotAfter.AddMinutes(-1), RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }
}
