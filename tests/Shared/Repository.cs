namespace RecallCluster.Testing;

/// <summary>The checkout that the tests were built in: the folder of the solution.</summary>
internal static class Repository
{
    /// <summary>The folder, or null where the tests run outside of one.</summary>
    public static DirectoryInfo? TryFind()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "RecallCluster.sln")))
            folder = folder.Parent;
        return folder;
    }

    /// <summary>A file of <c>tests/golden/FOLDER</c>, made by the script beside it.</summary>
    public static string Golden(string folder, string name) =>
        TryFind() is { } repository
            ? Path.Combine(repository.FullName, "tests", "golden", folder, name)
            : throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} is the repository.");
}
