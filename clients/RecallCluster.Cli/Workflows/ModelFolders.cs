namespace RecallCluster.Cli.Workflows;

/// <summary>The models that <c>train</c> makes side by side, each in a folder of its own.</summary>
internal static class ModelFolders
{
    public const string Deep = "deep";
    public const string TwoTower = "two-tower";
    public const string NoSideInformation = "no-side-information";
    public const string NoSideInformationTwoTower = "no-side-information-two-tower";

    /// <summary>The folder of the deep model in <paramref name="directory"/>, which may be that folder itself.</summary>
    public static string DeepIn(string directory)
    {
        string inside = Path.Combine(directory, Deep);
        return Directory.Exists(inside) ? inside : directory;
    }

    /// <summary>The folder of a further model, or null where it was not trained.</summary>
    public static string? FindBeside(string directory, string name)
    {
        string inside = Path.Combine(directory, name);
        return Directory.Exists(inside) ? inside : null;
    }
}
