using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace RecallCluster.Http.Security;

/// <summary>Sets up TLS, and mTLS where authorities are given.</summary>
internal static class Tls
{
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
                (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == 0 && IsFrom(authorities, certificate);
        });
    }

    private static bool IsFrom(X509Certificate2Collection authorities, X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid("1.3.6.1.5.5.7.3.2"));
        return chain.Build(certificate);
    }
}
