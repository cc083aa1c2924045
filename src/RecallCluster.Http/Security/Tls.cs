using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace RecallCluster.Http.Security;

/// <summary>Sets up TLS, and mTLS where authorities are given.</summary>
internal static class Tls
{
    // RFC 5280: what a certificate is for.
    private const string ServerUse = "1.3.6.1.5.5.7.3.1", ClientUse = "1.3.6.1.5.5.7.3.2";

    /// <exception cref="System.Security.Cryptography.CryptographicException">A file is no certificate or key.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static void Use(KestrelServerOptions kestrel, TlsOptions tls)
    {
        var authorities = new X509Certificate2Collection();
        if (tls.ClientAuthorityPath is { } path)
            authorities.ImportFromPemFile(path);
        X509Certificate2 own = X509Certificate2.CreateFromPemFile(tls.CertificatePath, tls.KeyPath);
        kestrel.ConfigureHttpsDefaults(https =>
        {
            https.ServerCertificate = own;
            https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
            if (authorities.Count == 0)
                return;
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.ClientCertificateValidation = (certificate, _, errors) =>
                (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == 0 && IsFrom(authorities, certificate, ClientUse);
        });
    }

    /// <summary>How a client proves servers, and itself.</summary>
    /// <param name="authorityPath">Authorities (PEM) that servers' certificates must come from; null for the system's.</param>
    /// <param name="own">The client's own certificate; null for none.</param>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A file is no certificate or key.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static SslClientAuthenticationOptions ForClients(string? authorityPath, TlsOptions? own)
    {
        var options = new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 };
        if (own is not null)
            options.ClientCertificates = [X509Certificate2.CreateFromPemFile(own.CertificatePath, own.KeyPath)];
        if (authorityPath is null)
            return options;
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(authorityPath);
        // Names must fit all the same: one process of the authority's must not stand in for another.
        options.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
            (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == 0 && certificate is X509Certificate2 server
            && IsFrom(authorities, server, ServerUse);
        return options;
    }

    private static bool IsFrom(X509Certificate2Collection authorities, X509Certificate2 certificate, string use)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid(use));
        return chain.Build(certificate);
    }
}
