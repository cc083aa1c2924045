using RecallCluster.Cli.Infrastructure;

namespace RecallCluster.Cli.Workflows.Cluster;

/// <summary>
/// The silo's executable. It is of the cluster edition, which this program knows nothing of: it lies beside this one in the build's output,
/// or it was left out because its packages could not be restored.
/// </summary>
internal sealed record SiloProgram(string Library)
{
    private const string Name = "RecallCluster.Silo", MissingFile = "missing-packages.txt";

    /// <summary>The silo that was built with this program.</summary>
    /// <exception cref="ExitException">There is none; the message says which packages are missing.</exception>
    public static SiloProgram Find() => Find(new DirectoryInfo(AppContext.BaseDirectory));

    /// <summary>The silo beside a program that was built to <c>artifacts/bin/PROJECT/CONFIGURATION</c>.</summary>
    /// <exception cref="ExitException">There is none; the message says which packages are missing.</exception>
    internal static SiloProgram Find(DirectoryInfo own)
    {
        string configuration = own.Name;
        if (own.Parent?.Parent is { } binaries)
        {
            string library = Path.Combine(binaries.FullName, Name, configuration, $"{Name}.dll");
            if (File.Exists(library))
                return new SiloProgram(library);
            if (binaries.Parent is { } artifacts && MissingIn(Path.Combine(artifacts.FullName, MissingFile)) is { Length: > 0 } missing)
            {
                throw new ExitException(
                    ExitCodes.LeftOut,
                    $"the cluster edition was left out of this build: no package source has {string.Join(", ", missing)}.");
            }
            throw new ExitException(ExitCodes.LeftOut, $"the silo was not built: there is no {library}; ./recall builds it.");
        }
        throw new ExitException(ExitCodes.LeftOut, $"the silo was not built: {own.FullName} is no folder of a build.");
    }

    /// <summary>The packages that the build beside a program could not have; none outside of a build's output.</summary>
    internal static IReadOnlyList<string> MissingPackages(string own) =>
        new DirectoryInfo(own).Parent?.Parent?.Parent is { } artifacts ? MissingIn(Path.Combine(artifacts.FullName, MissingFile)) : [];

    /// <summary>Starts a silo.</summary>
    /// <param name="name">The name before its lines.</param>
    /// <param name="settings">What it is told.</param>
    /// <param name="line">Told of each line that it writes.</param>
    /// <exception cref="InvalidOperationException">It could not be started.</exception>
    public ChildProcess Start(string name, IEnumerable<string> settings, Action<string> line) =>
        ChildProcess.Start(name, Processes.DotnetHost, ["exec", Library, .. settings], line);

    // Written by ./recall, a package a line, when it builds without them.
    private static string[] MissingIn(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];
}
