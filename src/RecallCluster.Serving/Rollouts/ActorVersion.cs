using System.Globalization;
using System.Text;
using RecallCluster.Numerics;

namespace RecallCluster.Serving.Rollouts;

/// <summary>A version of the actors of bid controllers, with all of its files: whoever has it needs no folder.</summary>
/// <param name="Title">The name that people know it by.</param>
/// <param name="Name">The name that ticks carry: a fingerprint of the files and the number of the roll-out.</param>
/// <param name="Files">Contents by file name, such as "uscb-click-cpc.json"; none for what the host itself has.</param>
internal sealed record ActorVersion(string Title, string Name, IReadOnlyDictionary<string, byte[]> Files) : IRolledVersion
{
    /// <summary>Most bytes that the files of a version may have together: those that are shipped have 200 kB.</summary>
    public const int MostBytes = 8 << 20;

    /// <summary>What the host itself has; in use until a version was rolled out.</summary>
    public static ActorVersion Own { get; } = new("host", "0", new Dictionary<string, byte[]>());

    RolledVersion IRolledVersion.Rolled => new(Title, Name);

    /// <summary>The name that ticks carry; null for what the host itself has.</summary>
    public string? TickName() => Files.Count == 0 ? null : Name;

    /// <summary>A version.</summary>
    /// <param name="title">The name that people know it by.</param>
    /// <param name="files">Contents by file name.</param>
    /// <param name="number">Number of the roll-out.</param>
    public static ActorVersion Of(string title, IReadOnlyDictionary<string, byte[]> files, int number)
    {
        uint state = Crc32C.Start;
        foreach ((string name, byte[] content) in files.OrderBy(file => file.Key, StringComparer.Ordinal))
            state = Crc32C.Update(Crc32C.Update(state, Encoding.UTF8.GetBytes(name)), content);
        return new ActorVersion(title, string.Create(CultureInfo.InvariantCulture, $"{Crc32C.Finish(state):x8}.{number}"), files);
    }
}
