using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using RecallCluster.Http.Security;
using RecallCluster.Http.Shards;
using RecallCluster.Serving;
using RecallCluster.Serving.Replicas;

namespace RecallCluster.Http.Tests;

public sealed class TlsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tls").FullName;
    private readonly X509Certificate2 _authority;
    private readonly X509Certificate2 _stranger;

    public TlsTests()
    {
        _authority = Authority("CN=test authority");
        _stranger = Authority("CN=another authority");
        File.WriteAllText(PathOf("authority.pem"), _authority.ExportCertificatePem());
        using RSA key = RSA.Create(2048);
        using X509Certificate2 server = Issue(_authority, key, "CN=localhost", "1.3.6.1.5.5.7.3.1");
        File.WriteAllText(PathOf("server.pem"), server.ExportCertificatePem());
        File.WriteAllText(PathOf("server.key"), key.ExportPkcs8PrivateKeyPem());
    }

    [Fact]
    public async Task Only_clients_that_the_authority_vouches_for_are_let_in()
    {
        var tls = new TlsOptions
        {
            CertificatePath = PathOf("server.pem"), KeyPath = PathOf("server.key"), ClientAuthorityPath = PathOf("authority.pem"),
        };
        await using WebApplication app = FrontDoor.Create(
            new FrontDoorParts(), new FrontDoorOptions { Urls = ["https://127.0.0.1:0"], Tls = tls });
        await app.StartAsync();

        Assert.Equal(200, await AskAsync(app, _authority));
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(app, _stranger));
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(app, null));
    }

    [Fact]
    public async Task Without_an_authority_any_client_may_connect()
    {
        var tls = new TlsOptions { CertificatePath = PathOf("server.pem"), KeyPath = PathOf("server.key") };
        await using WebApplication app = FrontDoor.Create(
            new FrontDoorParts(), new FrontDoorOptions { Urls = ["https://127.0.0.1:0"], Tls = tls });
        await app.StartAsync();

        Assert.Equal(200, await AskAsync(app, null));
    }

    [Fact]
    public async Task A_shard_and_its_gateway_prove_themselves_to_one_another()
    {
        var identity = new ShardIdentity("model", "index", 0, 1, 5);
        using RSA key = RSA.Create(2048);
        WritePair("shard", _authority, key, "1.3.6.1.5.5.7.3.1", named: true);
        WritePair("gateway", _authority, key, "1.3.6.1.5.5.7.3.2", named: false);
        WritePair("other", _stranger, key, "1.3.6.1.5.5.7.3.2", named: false);
        File.WriteAllText(PathOf("stranger.pem"), _stranger.ExportCertificatePem());
        await using WebApplication app = ShardServer.Create(
            new ServedShard(identity, () => new Shard(TimeProvider.System), 1),
            new ShardServerOptions
            {
                Url = "https://127.0.0.1:0",
                Tls = new TlsOptions { CertificatePath = PathOf("shard.pem"), ClientAuthorityPath = PathOf("authority.pem") },
            });
        await app.StartAsync();

        // The empty shard answers that it holds nothing: whoever hears that was let in, and believed it.
        await Assert.ThrowsAsync<InvalidOperationException>(() => SearchAsync("authority.pem", "gateway.pem"));
        foreach ((string authority, string? own) in new[]
            { ("stranger.pem", "gateway.pem"), ("authority.pem", "other.pem"), ("authority.pem", null) })
            await Assert.ThrowsAsync<IOException>(() => SearchAsync(authority, own));

        async Task SearchAsync(string authority, string? own)
        {
            using var remote = new RemoteShard(
                FrontDoor.AddressesOf(app)[0], identity, new RemoteShardOptions
                {
                    AuthorityPath = PathOf(authority),
                    Certificate = own is null ? null : new TlsOptions { CertificatePath = PathOf(own) },
                    ConnectLimit = TimeSpan.FromMinutes(1),
                    CallLimit = TimeSpan.FromMinutes(1),
                },
                TimeProvider.System);
            await remote.SearchAsync(new ShardQuery(identity.ToString(), new float[4], 1), default);
        }
    }

    public void Dispose()
    {
        _authority.Dispose();
        _stranger.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<int> AskAsync(WebApplication app, X509Certificate2? issuer)
    {
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
            (errors & SslPolicyErrors.RemoteCertificateNotAvailable) == 0 && certificate!.Issuer == _authority.Subject;
        using RSA key = RSA.Create(2048);
        using X509Certificate2? own = issuer is null ? null : Issue(issuer, key, "CN=client", "1.3.6.1.5.5.7.3.2").CopyWithPrivateKey(key);
        if (own is not null)
            handler.SslOptions.ClientCertificates = [own];
        using var client = new HttpClient(handler);
        using HttpResponseMessage response = await client.GetAsync(new Uri(FrontDoor.AddressesOf(app)[0], "/healthz"));
        return (int)response.StatusCode;
    }

    private void WritePair(string name, X509Certificate2 issuer, RSA key, string purpose, bool named)
    {
        using X509Certificate2 issued = Issue(issuer, key, $"CN={name}", purpose, named);
        File.WriteAllText(PathOf($"{name}.pem"), issued.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
    }

    private string PathOf(string file) => Path.Combine(_directory, file);

    private static X509Certificate2 Authority(string name)
    {
        RSA key = RSA.Create(2048);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
    }

    private static X509Certificate2 Issue(X509Certificate2 issuer, RSA key, string name, string purpose, bool named = false)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], true));
        if (named)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(System.Net.IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
        }
        return request.Create(
            issuer, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1), RandomNumberGenerator.GetBytes(8));
    }
}
