using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using RecallCluster.Http.Security;

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

    private string PathOf(string file) => Path.Combine(_directory, file);

    private static X509Certificate2 Authority(string name)
    {
        RSA key = RSA.Create(2048);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
    }

    private static X509Certificate2 Issue(X509Certificate2 issuer, RSA key, string name, string purpose)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], true));
        return request.Create(issuer, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1), RandomNumberGenerator.GetBytes(8));
    }
}
