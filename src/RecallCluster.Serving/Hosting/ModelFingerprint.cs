using System.Security.Cryptography;
using RecallCluster.Data.Storage;
using RecallCluster.Learning.Models;

namespace RecallCluster.Serving.Hosting;

/// <summary>
/// Tells models apart by their content: indexes carry the fingerprint of the model that they were built from, so that an index is never
/// walked with another model.
/// </summary>
public static class ModelFingerprint
{
    /// <summary>The first 16 hexadecimal digits of the SHA-256 of configuration, weights and, where there are some, labels.</summary>
    /// <param name="folder">A model directory (<see cref="ModelDirectory"/>).</param>
    /// <exception cref="IOException">A file of the model cannot be read.</exception>
    public static string Of(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        foreach (string name in new[] { ModelDirectory.ConfigFile, ModelDirectory.WeightsFile, LabelFile.FileName })
        {
            string path = Path.Combine(folder, name);
            if (name == LabelFile.FileName && !File.Exists(path))
                break;
            using FileStream file = File.OpenRead(path);
            for (int read = file.Read(buffer); read > 0; read = file.Read(buffer))
                hash.AppendData(buffer, 0, read);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}
