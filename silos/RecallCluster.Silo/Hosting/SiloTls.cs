using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;
using RecallCluster.Silo.Configuration;

namespace RecallCluster.Silo.Hosting;

/// <summary>Mutual TLS between silos and doors: each shows a certificate of the cluster's name from an authority that all know.</summary>
internal static class SiloTls
{
    /// <summary>For a silo: towards other silos, and towards doors.</summary>
    /// <exception cref="SettingsException">A file holds no certificate or key.</exception>
    public static void Use(ISiloBuilder silo, TlsSettings settings) => silo.UseTls(Setup(settings));

    /// <summary>For a door, towards silos.</summary>
    /// <exception cref="SettingsException">A file holds no certificate or key.</exception>
    public static void Use(IClientBuilder door, TlsSettings settings) => door.UseTls(Setup(settings));

    private static Action<TlsOptions> Setup(TlsSettings settings)
    {
        X509Certificate2 own = Load("tls:certificate", () => X509Certificate2.CreateFromPemFile(settings.Certificate, settings.Key));
        X509Certificate2Collection authorities = Load("tls:authority", () =>
        {
            var found = new X509Certificate2Collection();
            found.ImportFromPemFile(settings.Authority);
            return found.Count > 0 ? found : throw new CryptographicException("it holds no certificate");
        });
        return tls =>
        {
            tls.LocalCertificate = own;
            tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
            tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
            tls.RemoteCertificateValidation = (certificate, _, _) => IsOurs(certificate, authorities, settings.Name);
            tls.OnAuthenticateAsClient = (_, client) => client.TargetHost = settings.Name;
        };
    }

    /// <summary>Whether a certificate is of the cluster: from one of its authorities, in time, and of its name.</summary>
    internal static bool IsOurs(X509Certificate2 certificate, X509Certificate2Collection authorities, string name)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return certificate.MatchesHostname(name) && chain.Build(certificate);
    }

    private static T Load<T>(string key, Func<T> load)
    {
        try
        {
            return load();
        }
        catch (Exception e) when (e is CryptographicException or IOException)
        {
            throw new SettingsException(key, $"could not be read: {e.Message}");
        }
    }
}
