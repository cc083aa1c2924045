namespace RecallCluster.Silo.Configuration;

/// <summary>The configuration makes no sense.</summary>
/// <param name="key">The key that is wrong.</param>
/// <param name="problem">Why.</param>
internal sealed class SettingsException(string key, string problem) : Exception($"{key}: {problem}")
{
    /// <summary>The key.</summary>
    public string Key => key;
}
