using System.Text;
using RecallCluster.Numerics;

namespace RecallCluster.Http.Security;

/// <summary>Small text files that nobody but their owner may read.</summary>
public static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Creates or replaces a file whole; it is closed to others before there is anything in it.</summary>
    /// <exception cref="IOException">It could not be written completely and is as before.</exception>
    public static void Write(string path, IEnumerable<string> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        byte[] contents = Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")));
        AtomicFile.Write(path, stream =>
        {
            if (stream is FileStream file && !OperatingSystem.IsWindows())
                File.SetUnixFileMode(file.SafeFileHandle, OwnerOnly);
            stream.Write(contents);
        });
    }

    /// <summary>The lines that say something, each with its number from 1; empty lines and those that begin with # do not.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IEnumerable<(int Number, string Text)> ReadLines(string path)
    {
        int number = 0;
        foreach (string line in File.ReadAllLines(path))
        {
            number++;
            if (line.AsSpan().Trim() is { Length: > 0 } text && text[0] != '#')
                yield return (number, text.ToString());
        }
    }
}
